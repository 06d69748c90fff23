/** Cells and tables of docs/performance.md. */
import { isShort } from './rows.mjs'

export const digits = (x) => (x >= 100 ? Math.round(x).toLocaleString('en') : x.toPrecision(3))

/** Formats a goal with at most two decimals. */
const goalOf = ({ goal }) => `${Math.round(100 * goal) / 100}`

/** Formats a ratio, with its goal if it is below. */
export const ratio = (row) => (row ? `${digits(row.ratio)}×${isShort(row) ? ` (goal ${goalOf(row)})` : ''}` : '')

/** Formats a ratio to a limit as a percentage, with its goal if it is below. */
export const share = (row) => (row ? `${Math.round(100 * row.ratio)} %${isShort(row) ? ` (goal ${100 * row.goal} %)` : ''}` : '')

export function table(head, body) {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => [...cells[column]].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell + ' '.repeat(widths[i] - [...cell].length)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}
