/** Reads the cells of JSON: an array of objects, an object of columns, or one object per line. */
import { DownhillError, shown } from '../validation/errors.ts'
import { type Cell, fail } from './column.ts'
import type { Cells } from './delimited.ts'

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell)
}

/** Reads JSON text. Missing values become empty cells, nested values JSON strings. */
export function readJson(text: string): Cells {
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

function recordsOf(text: string): { records: unknown[]; lines: number[] } {
  try {
    const whole: unknown = JSON.parse(text)
    const columns = isRecord(whole) ? Object.entries(whole) : []
    const isColumnar = columns.length > 0 && columns.every(([, values]) => Array.isArray(values))
    const records = Array.isArray(whole) ? whole : isColumnar ? transposed(columns as [string, unknown[]][]) : [whole]
    return { records, lines: records.map((_, i) => i + 1) }
  } catch (error) {
    if (error instanceof DownhillError) throw error
    if (/^\s*\[/.test(text)) fail(`the JSON cannot be parsed: ${(error as Error).message}`)
  }
  const filled = text.split('\n').flatMap((content, i) => (content.trim() === '' ? [] : [{ content, line: i + 1 }]))
  const records = filled.map(({ content, line }) => {
    try {
      return JSON.parse(content) as unknown
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
