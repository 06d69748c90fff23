/** Pieces of HTML. Everything from a receipt is escaped. */

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** Returns a number as rounded text, with the exact value and the path in the receipt. */
export function exact(value: number | null | undefined, text: string, path?: string): string {
  if (value === null || value === undefined) return '–'
  return `<data value="${value}"${path ? ` data-path="${escapeHtml(path)}"` : ''}>${escapeHtml(text)}</data>`
}

/** Returns the lower and upper end of an interval at a path of the receipt. */
export function exactInterval(interval: readonly [number, number] | null, path: string, show: (value: number) => string): string {
  if (!interval) return '–'
  return `${exact(interval[0], show(interval[0]), `${path}.0`)} to ${exact(interval[1], show(interval[1]), `${path}.1`)}`
}

/** Returns the value of an option, with exact numbers. */
export function exactOption(value: unknown, path: string, show: (value: number) => string): string {
  if (typeof value === 'number') return exact(value, show(value), path)
  if (Array.isArray(value)) return `(${value.map((entry, i) => exactOption(entry, `${path}.${i}`, show)).join(', ')})`
  return escapeHtml(typeof value === 'object' && value !== null ? JSON.stringify(value) : value)
}

/** A column of a table. Its cells are HTML. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Whether to align to the left, for words. Numbers align to the right. */
  readonly words?: boolean
}

interface TableParts<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  /** Groups of rows, each in a separate `<tbody>`. */
  readonly groups: readonly (readonly Row[])[]
  /** Index of the column that names the row. */
  readonly head?: number
  readonly kind?: string
}

/** Returns a table that scrolls if it is too wide. */
export function table<Row>({ caption, columns, groups, head = 0, kind = '' }: TableParts<Row>): string {
  const side = ({ words }: Column<Row>) => (words ? ' class="words"' : '')
  const cells = (row: Row) =>
    columns.map((column, i) =>
      i === head ? `<th scope="row"${side(column)}>${column.cell(row)}</th>` : `<td${side(column)}>${column.cell(row)}</td>`,
    )
  const bodies = groups.map((rows) => `<tbody>${rows.map((row) => `<tr>${cells(row).join('')}</tr>`).join('\n')}</tbody>`)
  const heads = columns.map((column) => `<th scope="col"${side(column)}>${escapeHtml(column.title)}</th>`)
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(caption)}"><table${kind && ` class="${kind}"`}>
<caption>${escapeHtml(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
${bodies.join('\n')}
</table></div>`
}

/** Returns content that opens on request. */
export function details(summary: string, body: string): string {
  return `<details><summary>${escapeHtml(summary)}</summary>${body}</details>`
}

export function section(title: string, note: string, ...body: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>${note && `<p class="note">${note}</p>`}\n${body.join('\n')}</section>`
}
