/** Reads tables of cells from CSV or TSV, with a type for each column. */
import Papa from 'papaparse'
import { check, DownhillError, nearest, shown } from '../validation/errors.ts'

/** A numeric column; NaN where a cell is empty. */
export interface NumberColumn {
  readonly name: string
  readonly kind: 'number'
  readonly values: Float64Array
}

/** A text column: for each row the index of its text in `categories`, −1 where the cell is empty. */
export interface TextColumn {
  readonly name: string
  readonly kind: 'text'
  readonly codes: Int32Array
  readonly categories: readonly string[]
}

/** A column of either kind. */
export type Column = NumberColumn | TextColumn

/** A table, column by column. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: number
  /** The line of the file on which each row starts. */
  readonly lines: readonly number[]
}

const MISSING = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?'])

/** A column is numeric if at least this fraction of its cells are numbers; any other cell is then an error. */
const MOSTLY = 0.8

/** Larger numbers overflow when squared, and the moments of a table are made of squares. */
const LARGEST = 1e150

function isMissing(cell: string): boolean {
  return MISSING.has(cell.trim().toLowerCase())
}

function fail(message: string): never {
  throw new DownhillError('data-invalid', message)
}

/** Returns the most frequent delimiter of the header, outside quotes. */
function delimiterOf(text: string): string {
  const header = text
    .trimStart()
    .replace(/"[^"]*"/g, '')
    .split('\n', 1)[0]!
  const counts = [',', '\t', ';', '|'].map((delimiter) => ({ delimiter, count: header.split(delimiter).length }))
  return counts.reduce((a, b) => (b.count > a.count ? b : a)).delimiter
}

/**
 * Reads a table with a header line. Delimiter and line ends are detected; cells may be quoted.
 *
 * @throws `data-invalid` with the line: no rows, a row of another length, text in a numeric column, an unclosed quote
 */
export function readTable(source: string): Table {
  const text = source.replace(/\r\n?/g, '\n')
  if (text.trim() === '') fail('the table is empty')
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: delimiterOf(text), newline: '\n' })
  const lines: number[] = []
  let line = 1
  for (const row of data) {
    lines.push(line)
    for (const cell of row) line += cell.split('\n').length - 1
    line++
  }
  const broken = errors.find(({ type }) => type === 'Quotes')
  if (broken) fail(`line ${lines[broken.row ?? 0]}: ${broken.message.toLowerCase()}`)
  const filled = data.map((cells, i) => ({ cells, line: lines[i]! })).filter(({ cells }) => cells.length > 1 || cells[0] !== '')
  const [header, ...rows] = filled
  const names = header!.cells.map((name) => name.trim())
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) fail(`line ${header!.line}: two columns have the name ${shown(twice)}`)
  for (const { cells, line } of rows) {
    if (cells.length !== names.length) fail(`line ${line} must have ${names.length} cells like the header, got ${cells.length}`)
  }
  if (!rows.length) fail('the table has no rows below its header')
  const starts = rows.map((row) => row.line)
  const columns = names.map((name, c) =>
    readColumn(
      name,
      rows.map(({ cells }) => cells[c]!),
      starts,
    ),
  )
  return { columns, rows: rows.length, lines: starts }
}

function readColumn(name: string, cells: readonly string[], lines: readonly number[]): Column {
  const values = Float64Array.from(cells, (cell) => (isMissing(cell) ? Number.NaN : Number(cell)))
  const beyond = values.findIndex((value) => Math.abs(value) > LARGEST)
  if (beyond >= 0) fail(`line ${lines[beyond]}: ${shown(cells[beyond])} in the column ${name} is beyond ±${LARGEST}`)
  const given = cells.filter((cell) => !isMissing(cell)).length
  const numbers = values.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0)
  if (numbers === given) return { name, kind: 'number', values }
  if (numbers >= MOSTLY * given) {
    const at = cells.findIndex((cell, i) => Number.isNaN(values[i]!) && !isMissing(cell))
    fail(`line ${lines[at]}: ${shown(cells[at])} in the column ${name} must be a number like its other values`)
  }
  const categories = [...new Set(cells.filter((cell) => !isMissing(cell)).map((cell) => cell.trim()))].sort()
  const codeOf = new Map(categories.map((category, code) => [category, code]))
  return { name, kind: 'text', codes: Int32Array.from(cells, (cell) => codeOf.get(cell.trim()) ?? -1), categories }
}

/** Returns the column with a name. Throws `data-invalid` with the nearest name. */
export function columnCalled(table: Table, name: string): Column {
  const names = table.columns.map((column) => column.name)
  const found = table.columns.find((column) => column.name === name)
  const meant = nearest(name, names)
  const hint = meant ? `did you mean ${shown(meant)}?` : `the columns are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
  check(found !== undefined, 'data-invalid', () => `the table has no column ${shown(name)}; ${hint}`)
  return found
}
