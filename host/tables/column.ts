/** Columns of a table: numbers or dates in one notation, or text. */
import { DownhillError, shown } from '../validation/errors.ts'
import { type DateOrder, dateReadingOf, daysOf, shownDate } from './dates.ts'
import { type Decimal, type Notation, numberOf, PLAIN, readingOf } from './notation.ts'

/** A cell as in the file; null if it is empty. */
export type Cell = string | number | boolean | null

/** A numeric column; NaN where a cell is empty or infinite. */
export interface NumberColumn {
  readonly name: string
  readonly kind: 'number'
  readonly values: Float64Array
  readonly notation: Notation
}

/** A column of dates, as days since 1970-01-01; NaN where a cell is empty. */
export interface DateColumn {
  readonly name: string
  readonly kind: 'date'
  readonly values: Float64Array
  readonly order: DateOrder
}

/** A text column: the index in `categories` for each row; −1 where the cell is empty. */
export interface TextColumn {
  readonly name: string
  readonly kind: 'text'
  readonly codes: Int32Array
  readonly categories: readonly string[]
}

/** A column of any kind. */
export type Column = NumberColumn | DateColumn | TextColumn

/** Strings that mean an empty cell, in lowercase. */
const MISSING = new Set([
  ...['', 'na', 'n/a', '#n/a', '<na>', 'nan', 'nat', 'null', 'none', 'nil'],
  ...['?', '-', '--', '.', '#div/0!', '#value!', '#ref!', '#num!'],
  // C and C++ print these.
  ...['-nan', 'nan(ind)', '-nan(ind)', '1.#qnan', '-1.#ind'],
])

const LONGEST_MISSING = Math.max(...Array.from(MISSING, ({ length }) => length))

/** A column is numeric if at least this fraction of its cells are numbers; any other cell is then an error. The same holds for dates. */
const MOSTLY = 0.8

/** Largest magnitude of a cell. Larger numbers would overflow in the variance. */
const LARGEST = 1e150

export function fail(message: string): never {
  throw new DownhillError('data-invalid', message)
}

/** The text of each cell of a column, trimmed; undefined where the cell is empty. */
export type Texts = readonly (string | undefined)[]

/** Returns the trimmed text of a cell; undefined if it is empty. */
export function textOf(cell: Cell): string | undefined {
  if (cell === null) return undefined
  const text = typeof cell === 'string' ? cell.trim() : String(cell)
  return text.length <= LONGEST_MISSING && MISSING.has(text.toLowerCase()) ? undefined : text
}

/** Returns the text of the cells that are not empty. */
export function present(texts: Texts): string[] {
  return texts.filter((text) => text !== undefined)
}

/** Returns text such as '3 empty cells (lines 4, 17, 20)'; undefined if no row fulfills the condition. */
export function countedCells(what: string, lines: readonly number[], holds: (row: number) => boolean): string | undefined {
  const at = lines.filter((_, row) => holds(row))
  if (!at.length) return undefined
  const listed = at.slice(0, 5).join(', ') + (at.length > 5 ? ', …' : '')
  return `${at.length} ${what}${at.length > 1 ? 's' : ''} (line${at.length > 1 ? 's' : ''} ${listed})`
}

/** A column, with notes on how its cells were read. */
export interface ReadColumn {
  readonly column: Column
  readonly notes: readonly string[]
}

/**
 * Reads a column as numbers or dates, if at least 80 % of its cells are in one notation, otherwise as categories.
 *
 * @param decimal the decimal separator if the cells allow both: 1,234
 * @throws `data-invalid` with the line of the first cell that does not fit the notation
 */
export function readColumn(name: string, texts: Texts, lines: readonly number[], decimal: Decimal): ReadColumn {
  const given = present(texts)
  if (!given.length)
    return { column: { name, kind: 'number', values: new Float64Array(texts.length).fill(Number.NaN), notation: PLAIN }, notes: [] }
  const { notation, count, isAmbiguous } = readingOf(given, decimal)
  if (count >= MOSTLY * given.length) {
    const what = notation.unit ? `a number with ${notation.unit}` : 'a number'
    const values = parsed(name, texts, lines, what, (text) => numberOf(text, notation))
    return numbers(name, texts, values, lines, notation, isAmbiguous)
  }
  const dates = dateReadingOf(given)
  if (dates.count >= MOSTLY * given.length) {
    const { order, isAmbiguous } = dates
    const values = parsed(name, texts, lines, 'a date', (text) => daysOf(text, order))
    return { column: { name, kind: 'date', values, order }, notes: dateNotes(name, given[0]!, order, isAmbiguous) }
  }
  const categories = [...new Set(given)].sort()
  const codeOf = new Map(categories.map((category, code) => [category, code]))
  const codes = Int32Array.from(texts, (text) => (text === undefined ? -1 : codeOf.get(text)!))
  return { column: { name, kind: 'text', codes, categories }, notes: [] }
}

/** Returns a note on how dates are read, unless the year is first. */
export function dateNotes(name: string, example: string, order: DateOrder, isAmbiguous: boolean): string[] {
  if (order === 'ymd') return []
  const unsure = isAmbiguous ? '; day and month could also be swapped' : ''
  return [`${name}: dates such as ${shown(example)} are read as ${shownDate(daysOf(example, order))}${unsure}`]
}

/** Reads every cell that is not empty. */
function parsed(name: string, texts: Texts, lines: readonly number[], what: string, read: (text: string) => number): Float64Array {
  const values = new Float64Array(texts.length)
  for (const [row, text] of texts.entries()) {
    values[row] = text === undefined ? Number.NaN : read(text)
    if (text !== undefined && Number.isNaN(values[row]))
      fail(`line ${lines[row]}: ${shown(text)} in the column ${name} must be ${what} like its other values`)
  }
  return values
}

function numbers(
  name: string,
  texts: Texts,
  values: Float64Array,
  lines: readonly number[],
  notation: Notation,
  isAmbiguous: boolean,
): ReadColumn {
  const isInfinite = (row: number) => Math.abs(values[row]!) === Number.POSITIVE_INFINITY
  const infinite = countedCells('infinite value', lines, isInfinite)
  for (const [row, value] of values.entries()) {
    if (isInfinite(row)) values[row] = Number.NaN
    else if (Math.abs(value) > LARGEST) fail(`line ${lines[row]}: ${shown(texts[row])} in the column ${name} must be within ±${LARGEST}`)
  }
  const notes = infinite ? [`${name}: ${infinite}, treated as empty`] : []
  notes.push(...notationNotes(name, texts, values, notation, isAmbiguous))
  return { column: { name, kind: 'number', values, notation }, notes }
}

/** Returns a note on how numbers are read, unless they are written as programs write them. */
export function notationNotes(name: string, texts: Texts, values: Float64Array, notation: Notation, isAmbiguous: boolean): string[] {
  const example = exampleOf(texts, values, notation)
  if (example < 0) return []
  const text = texts[example]!
  const [mark, role] = text.includes(notation.decimal) ? [notation.decimal, 'thousands'] : [notation.group, 'decimal']
  const unsure = isAmbiguous ? `; the ${mark === ',' ? 'comma' : 'point'} could also be a ${role} separator` : ''
  return [`${name}: numbers such as ${shown(text)} are read as ${values[example]}${unsure}`]
}

/** Returns a row whose number is not written as programs write it, if possible with separators; -1 without one. */
function exampleOf(texts: Texts, values: Float64Array, { decimal, group }: Notation): number {
  const isOther = (text: string | undefined, row: number) =>
    text !== undefined && !Number.isNaN(values[row]) && Number(text) !== values[row]
  const others = [...texts.keys()].filter((row) => isOther(texts[row], row))
  const found = [[group || decimal, decimal], [group || decimal], ['']].map((marks) =>
    others.find((row) => marks.every((mark) => texts[row]!.includes(mark))),
  )
  return found.find((row) => row !== undefined) ?? -1
}

/** Returns the given rows of a column. */
export function rowsOf(column: Column, rows: readonly number[]): Column {
  return column.kind === 'text'
    ? { ...column, codes: Int32Array.from(rows, (row) => column.codes[row]!) }
    : { ...column, values: Float64Array.from(rows, (row) => column.values[row]!) }
}

/** Returns the number of rows of a column. */
export function rowCount(column: Column): number {
  return column.kind === 'text' ? column.codes.length : column.values.length
}

/** Whether a row's cell is empty. */
export function isEmpty(column: Column, row: number): boolean {
  return column.kind === 'text' ? column.codes[row] === -1 : Number.isNaN(column.values[row]!)
}
