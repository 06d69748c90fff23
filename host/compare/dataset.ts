/** Data sets: rows of numeric features, a target, and the split into training, validation and test rows. */

import { Generator } from '../numerics/random.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { type Column, columnCalled, type Table } from './table.ts'

/** Kind of target in a table: a class or a value. */
export type Task = 'classification' | 'regression'

/** Row indices for training, for choosing options, and for the result. */
export interface Split {
  readonly train: Uint32Array
  readonly validation: Uint32Array
  readonly test: Uint32Array
  readonly seed: number
}

/** A data set. */
export interface Dataset {
  readonly name: string
  /** For text: the task is to predict the next character. */
  readonly task: Task | 'language'
  readonly rows: number
  /** [rows, featureNames.length], row-major. */
  readonly features: Float32Array
  readonly featureNames: readonly string[]
  /** A class index or a value per row; values are scaled to mean 0 and standard deviation 1 over the training rows. */
  readonly targets: Float32Array
  /** Names of the classes, for classification. */
  readonly classes?: readonly string[]
  readonly split: Split
  /** Notes on dropped columns and filled cells, one sentence each. */
  readonly notes: readonly string[]
}

/** Options for converting a table to a {@link Dataset}. */
export interface DatasetOptions {
  readonly name: string
  readonly target: string
  /** Default: classification if the target is text or has at most 20 distinct integers, else regression. */
  readonly task?: Task
  /** Divides every feature by this value instead of standardizing it, and keeps constant features. */
  readonly divisor?: number
  /** Seed of the split. Default 0. */
  readonly splitSeed?: number
}

const TRAIN = 0.7
const VALIDATION = 0.15
const FEWEST_ROWS = 20
/** An integer column with at most this many distinct values holds classes. */
const MOST_CLASSES = 20
/** A text column with more distinct values is dropped: it identifies rows rather than describing them. */
const MOST_CATEGORIES = 50

function split(rows: number, seed: number): Split {
  const order = new Generator(seed).permutation(rows)
  const train = Math.round(rows * TRAIN)
  const validation = train + Math.round(rows * VALIDATION)
  return { train: order.slice(0, train), validation: order.slice(train, validation), test: order.slice(validation), seed }
}

/** Returns mean and standard deviation of the given rows that have a value. */
function moments(values: ArrayLike<number>, rows: Uint32Array): { mean: number; deviation: number } {
  let sum = 0
  let count = 0
  for (const row of rows) {
    if (Number.isNaN(values[row]!)) continue
    sum += values[row]!
    count++
  }
  const mean = count ? sum / count : 0
  let squares = 0
  for (const row of rows) if (!Number.isNaN(values[row]!)) squares += (values[row]! - mean) * (values[row]! - mean)
  return { mean, deviation: Math.sqrt(count ? squares / count : 0) }
}

/** A column with at least this fraction of zeros is sparse. */
const MOSTLY_ZERO = 0.9

/** Returns the shift and scale of a column. A sparse column is only divided by its largest magnitude, so that it stays sparse. */
function scaleOf(values: ArrayLike<number>, rows: Uint32Array): { mean: number; deviation: number } {
  const zeros = rows.reduce((count, row) => count + (values[row] === 0 ? 1 : 0), 0)
  if (zeros < MOSTLY_ZERO * rows.length) return moments(values, rows)
  return { mean: 0, deviation: rows.reduce((most, row) => Math.max(most, Math.abs(values[row]! || 0)), 0) }
}

/** Returns text such as '3 empty cells (lines 4, 17, 20)'. */
function missingCells(column: Column, lines: readonly number[]): string | undefined {
  const empty = (i: number) => (column.kind === 'number' ? Number.isNaN(column.values[i]!) : column.codes[i] === -1)
  const at = lines.filter((_, i) => empty(i))
  if (!at.length) return undefined
  const shownLines = at.slice(0, 5).join(', ') + (at.length > 5 ? ', …' : '')
  return `${at.length} empty cell${at.length > 1 ? 's' : ''} (line${at.length > 1 ? 's' : ''} ${shownLines})`
}

function fail(why: string): never {
  throw new DownhillError('data-invalid', why)
}

/** Returns the classes of a target for a task; undefined for regression. */
function classesOf(column: Column, task: Task | undefined, rows: number): readonly string[] | undefined {
  const { name } = column
  if (task === 'regression') {
    return column.kind === 'number'
      ? undefined
      : fail(`the target ${name} must hold numbers for regression, got ${shown(column.categories[0])}`)
  }
  const distinct = column.kind === 'text' ? [] : [...new Set(column.values)].sort((a, b) => a - b)
  const few = distinct.length <= MOST_CLASSES && distinct.every(Number.isInteger)
  if (column.kind === 'number' && !few && task !== 'classification') return undefined
  const classes = column.kind === 'text' ? column.categories : distinct.map(String)
  if (classes.length < 2) fail(`the target ${name} is always ${classes[0]}`)
  if (classes.length > rows / 2) {
    const what = column.kind === 'text' ? 'texts' : 'numbers'
    const hint = column.kind === 'text' ? `; for regression its values must be plain numbers, got ${shown(classes[0])}` : ''
    fail(`the target ${name} has ${classes.length} distinct ${what} in ${rows} rows, too many for classification${hint}`)
  }
  return classes
}

/** Returns the table without the rows whose target is empty. */
function withTarget(table: Table, target: Column, notes: string[]): Table {
  const missing = missingCells(target, table.lines)
  if (!missing) return table
  notes.push(`${target.name}, the target: ${missing}; those rows are dropped`)
  const kept = table.lines
    .map((_, i) => i)
    .filter((i) => (target.kind === 'number' ? !Number.isNaN(target.values[i]!) : target.codes[i]! >= 0))
  const columns = table.columns.map((column) =>
    column.kind === 'number'
      ? { ...column, values: Float64Array.from(kept, (i) => column.values[i]!) }
      : { ...column, codes: Int32Array.from(kept, (i) => column.codes[i]!) },
  )
  return { columns, rows: kept.length, lines: kept.map((i) => table.lines[i]!) }
}

/**
 * Converts a table to a data set. Numbers are standardized, texts are one-hot encoded. Missing numbers become the mean (0 in a sparse
 * column), missing texts no category.
 *
 * @throws `data-invalid` if the target is missing, constant or unsuitable for the task, or without enough rows or any features
 */
export function makeDataset(whole: Table, options: DatasetOptions): Dataset {
  const { name, divisor, task, splitSeed = 0 } = options
  const notes: string[] = []
  const table = withTarget(whole, columnCalled(whole, options.target), notes)
  const target = columnCalled(table, options.target)
  if (table.rows < FEWEST_ROWS) fail(`the table must have at least ${FEWEST_ROWS} rows with a target, got ${table.rows}`)
  const classes = classesOf(target, task, table.rows)
  if (classes && target.kind === 'number' && task === undefined && classes.length > 2)
    notes.push(`${target.name}, the target: ${classes.length} distinct integers, treated as classes; for regression set the task`)
  const rows = split(table.rows, splitSeed)
  const features: { name: string; values: Float32Array }[] = []
  for (const column of table.columns) {
    if (column === target) continue
    const missing = missingCells(column, table.lines)
    if (column.kind === 'number' && column.values.every(Number.isNaN)) {
      notes.push(`${column.name}: empty in every row, dropped`)
    } else if (column.kind === 'number') {
      const { mean, deviation } = divisor ? { mean: 0, deviation: divisor } : scaleOf(column.values, rows.train)
      if (deviation === 0) {
        notes.push(`${column.name}: constant over the training rows, dropped`)
        continue
      }
      if (missing) notes.push(`${column.name}: ${missing}, filled with the mean`)
      const scaled = (value: number) => (Number.isNaN(value) ? 0 : (value - mean) / deviation)
      features.push({ name: column.name, values: Float32Array.from(column.values, scaled) })
    } else if (column.categories.length > MOST_CATEGORIES) {
      notes.push(`${column.name}: ${column.categories.length} distinct texts, dropped`)
    } else if (column.categories.length < 2 && !missing) {
      notes.push(`${column.name}: constant, dropped`)
    } else {
      if (missing) notes.push(`${column.name}: ${missing}, encoded as no category`)
      for (const [code, category] of column.categories.entries()) {
        features.push({ name: `${column.name}=${category}`, values: Float32Array.from(column.codes, (c) => (c === code ? 1 : 0)) })
      }
    }
  }
  if (!features.length) fail(`no feature column is left besides the target ${target.name}`)
  const matrix = new Float32Array(table.rows * features.length)
  for (const [f, { values }] of features.entries()) {
    for (let row = 0; row < table.rows; row++) matrix[row * features.length + f] = values[row]!
  }
  return {
    name,
    task: classes ? 'classification' : 'regression',
    rows: table.rows,
    features: matrix,
    featureNames: features.map((feature) => feature.name),
    targets: targetsOf(target, classes, rows),
    ...(classes && { classes }),
    split: rows,
    notes,
  }
}

function targetsOf(target: Column, classes: readonly string[] | undefined, rows: Split): Float32Array {
  if (target.kind === 'text') return Float32Array.from(target.codes)
  if (classes) return Float32Array.from(target.values, (value) => classes.indexOf(String(value)))
  for (const part of ['train', 'validation', 'test'] as const) {
    const { mean, deviation } = moments(target.values, rows[part])
    if (deviation === 0) fail(`the target ${target.name} is ${mean} in all ${part} rows, so predictions cannot be judged`)
  }
  const { mean, deviation } = moments(target.values, rows.train)
  return Float32Array.from(target.values, (value) => (value - mean) / deviation)
}
