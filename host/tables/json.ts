/** Reads the cells of JSON: an array of objects, an object of columns, or one object per line. */
import { DownhillError, shown } from '../validation/errors.ts'
import { type Cell, fail } from './column.ts'
import { type Cells, checkCells } from './delimited.ts'

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell)
}

/** Reads JSON text. Missing values become empty cells, nested values JSON strings. */
export function readJson(text: string): Cells {
  checkCells(text, ',')
  const { records, lines } = recordsOf(text)
  const wrong = records.findIndex((record) => !isRecord(record))
  if (wrong >= 0) fail(`row ${wrong + 1} must be an object with a value for each column, got ${shown(records[wrong])}`)
  if (!records.length) fail('the table has no rows')
  const names = [...new Set((records as Record<string, unknown>[]).flatMap((record) => Object.keys(record)))]
  const rows = (records as Record<string, unknown>[]).map((record) =>
    names.map((name) => (Object.hasOwn(record, name) ? cellOf(record[name]) : null)),
  )
  return { names, rows, lines, decimal: '.', notes: [] }
}

/** Parses JSON. Python also writes NaN and Infinity, which become null. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!/\b(?:NaN|Infinity)\b/.test(text)) throw error
    const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) => (token.startsWith('"') ? token : 'null'))
    return JSON.parse(strict)
  }
}

/** Returns the columns of an object of arrays, or of objects with the same keys, as pandas writes them; undefined for another value. */
function columnsOf(whole: unknown): [string, unknown[]][] | undefined {
  const columns = isRecord(whole) ? Object.entries(whole) : []
  if (!columns.length) return undefined
  if (columns.every(([, values]) => Array.isArray(values))) return columns as [string, unknown[]][]
  if (!columns.every(([, values]) => isRecord(values))) return undefined
  const keys = String(Object.keys(columns[0]![1] as object))
  if (columns.some(([, values]) => String(Object.keys(values as object)) !== keys)) return undefined
  return columns.map(([name, values]) => [name, Object.values(values as object)])
}

function recordsOf(text: string): { records: unknown[]; lines: number[] } {
  try {
    const whole = parseJson(text)
    const columns = columnsOf(whole)
    const records = Array.isArray(whole) ? whole : columns ? transposed(columns) : [whole]
    return { records, lines: records.map((_, i) => i + 1) }
  } catch (error) {
    if (error instanceof DownhillError) throw error
    if (/^\s*\[/.test(text)) fail(`the JSON cannot be parsed: ${(error as Error).message}`)
  }
  const filled = text.split('\n').flatMap((content, i) => (content.trim() === '' ? [] : [{ content, line: i + 1 }]))
  const records = filled.map(({ content, line }) => {
    try {
      return parseJson(content)
    } catch {
      return fail(`line ${line} must be a JSON object, got ${shown(content)}`)
    }
  })
  return { records, lines: filled.map(({ line }) => line) }
}

function transposed(columns: readonly (readonly [string, readonly unknown[]])[]): Record<string, unknown>[] {
  const [[first, { length }]] = columns as [[string, unknown[]]]
  const other = columns.find(([, values]) => values.length !== length)
  if (other) fail(`the column ${other[0]} must have ${length} values like ${first}, got ${other[1].length}`)
  return Array.from({ length }, (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])))
}
