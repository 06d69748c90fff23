/** Predicts the rows of a table, and scores the predictions if the table has the target. */
import Papa from 'papaparse'
import type { Cell } from './column.ts'
import type { TableModel } from './model.ts'
import { classScores, type Scores, valueScores } from './scores.ts'
import { type ReadOptions, readCells } from './table.ts'

/** Scores of the rows that have a target. */
export interface RowScores {
  readonly scores: Scores
  /** Number of rows with a target. */
  readonly known: number
  /** Number of rows whose class the model does not know. */
  readonly unknown: number
}

/** Predictions of a table, in the order of its rows. */
export interface Predictions {
  /** The cells of the model's columns. */
  readonly columns: readonly (readonly Cell[])[]
  readonly outputs: Float32Array
  /** Names of classes, or values in the unit of the target. */
  readonly values: readonly (string | number)[]
  /** Notes on how the cells were read, one sentence each. */
  readonly notes: readonly string[]
  /** undefined if no row has a target. */
  readonly scored: RowScores | undefined
}

/**
 * Predicts the rows of a table. Columns are found by name; additional ones are ignored.
 *
 * @throws `data-invalid` with the column or the line
 */
export function predictTable(model: TableModel, text: string, options: ReadOptions = {}): Predictions {
  const { names, rows, lines, decimal, notes } = readCells(text, options)
  model.checkColumns(names)
  const place = (row: number) => `line ${lines[row]}`
  const columnOf = (name: string): readonly Cell[] => {
    const c = names.indexOf(name)
    return rows.map((row) => row[c]!)
  }
  const columns = model.columns.map(columnOf)
  const target = names.includes(model.target) ? columnOf(model.target) : undefined
  const read = model.read({ columns, target, decimal, place })
  const outputs = model.outputs(read.columns, place)
  const values = model.decode(outputs)
  const targets = target ? (read.target ?? model.classIndices(target)) : new Float64Array(0)
  return { columns, outputs, values, notes: [...notes, ...read.notes], scored: scoresOf(model, outputs, values, targets) }
}

/** Scores the rows whose target is not NaN. */
function scoresOf(
  { classes }: TableModel,
  outputs: Float32Array,
  values: readonly (string | number)[],
  targets: Float64Array,
): RowScores | undefined {
  const rows = [...targets.keys()].filter((row) => !Number.isNaN(targets[row]!))
  const known = rows.length
  if (!known) return undefined
  const actual = rows.map((row) => targets[row]!)
  if (!classes) {
    const predicted = rows.map((row) => values[row] as number)
    return { scores: valueScores(predicted, actual), known, unknown: 0 }
  }
  const count = classes.length
  const chosen = new Float32Array(known * count)
  for (const [i, row] of rows.entries()) chosen.set(outputs.subarray(row * count, (row + 1) * count), i * count)
  return { scores: classScores(chosen, actual, count), known, unknown: actual.filter((target) => target < 0).length }
}

/** Returns predictions as CSV: a column `prediction`, and on request a column per class with its probability. */
export function predictionsCsv(model: TableModel, { outputs, values }: Predictions, withProbabilities = false): string {
  const probabilities = withProbabilities ? model.distribution(outputs) : undefined
  const fields = ['prediction', ...(probabilities ? model.classes!.map((name) => `probability ${name}`) : [])]
  const data = values.map((value, row) => [value, ...(probabilities?.[row] ?? [])])
  return `${Papa.unparse({ fields, data }, { newline: '\n' })}\n`
}
