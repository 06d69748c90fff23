/** Reads tables: cells first, then the type and notation of each column. */
import { check, nearest, shown } from '../validation/errors.ts'
import { type Column, fail, present, readColumn, textOf } from './column.ts'
import { type Cells, readDelimited } from './delimited.ts'
import { readJson } from './json.ts'
import { decimalOf } from './notation.ts'

/** A table, column by column. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: number
  /** The line of the file on which each row starts. */
  readonly lines: readonly number[]
  /** Notes on how the cells were read, one sentence each. */
  readonly notes: readonly string[]
}

/** Options for reading a table. */
export interface ReadOptions {
  /** Whether the first line of delimited text holds the names of the columns. If false, they are `column 1`, `column 2` … Default true. */
  readonly header?: boolean
}

/** Reads the cells of delimited text, a JSON array, or JSON lines. */
export function readCells(source: string, { header = true }: ReadOptions = {}): Cells {
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  if (text.trim() === '') fail('the table is empty')
  return /^\s*(\{|\[\s*[{[\]])/.test(text) ? readJson(text) : readDelimited(text, header)
}

/**
 * Reads a table: delimited text with a header line, a JSON array of objects, a JSON object of columns, or one JSON object per line. Delimiter
 * and line ends are detected. Each column is read as numbers or dates in one notation, or as text; the table's notes list every guess.
 *
 * @throws `data-invalid` with the line: no rows, a row of another length, text in a numeric column, an unclosed quote
 */
export function readTable(source: string, options: ReadOptions = {}): Table {
  const { names, rows, lines, decimal, notes } = readCells(source, options)
  const texts = names.map((_, c) => rows.map((row) => textOf(row[c]!)))
  // A column of numbers such as 1,234 follows the other columns of its file; numbers of JSON are what they are.
  const found = decimalOf(texts.map(present), decimal)
  const columns = names.map((name, c) => {
    const isProven = found.isProven && !rows.some((row) => typeof row[c] === 'number')
    return readColumn(name, texts[c]!, lines, { ...found, isProven })
  })
  return {
    columns: columns.map(({ column }) => column),
    rows: rows.length,
    lines,
    notes: [...notes, ...columns.flatMap((one) => one.notes)],
  }
}

/** Returns a column by name. Throws `data-invalid` and suggests the nearest name. */
export function columnCalled(table: Pick<Table, 'columns'>, name: string): Column {
  const names = table.columns.map((column) => column.name)
  const found = table.columns.find((column) => column.name === name)
  const meant = nearest(name, names)
  const hint = meant ? `did you mean ${shown(meant)}?` : `the columns are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
  check(found !== undefined, 'data-invalid', () => `the table has no column ${shown(name)}; ${hint}`)
  return found
}
