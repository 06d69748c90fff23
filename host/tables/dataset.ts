/** Data sets: rows of numeric features, a target, and the split into training, validation and test rows. */
import { shown } from '../validation/errors.ts'
import { type ColumnCoding, encode, featureNames, fitColumn, moments, type Scale } from './coding.ts'
import { type Column, countedCells, fail, isEmpty, rowsOf } from './column.ts'
import type { Notation } from './notation.ts'
import { byTime, grouped, type Split, stratified } from './split.ts'
import { columnCalled, type Table } from './table.ts'

/** Task of a table: predict a class or a value. */
export type Task = 'classification' | 'regression'

/** The target of a table: classes, or values with their shift, scale and notation. */
export type TargetCoding =
  | { readonly name: string; readonly classes: readonly string[] }
  | ({ readonly name: string; readonly notation: Notation } & Scale)

/** Coding of a table's rows as numbers, and of predictions as values. */
export interface TableCoding {
  readonly columns: readonly ColumnCoding[]
  readonly target: TargetCoding
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
  /** Class index or value of each row. Values are standardized over the training rows. */
  readonly targets: Float32Array
  /** Names of the classes, for classification. */
  readonly classes?: readonly string[]
  readonly split: Split
  /** Notes on dropped columns and filled cells, one sentence each. */
  readonly notes: readonly string[]
  /** Coding of a table's columns, for predictions. */
  readonly coding?: TableCoding
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
  /** Column to group by: rows with the same value stay in the same part of the split. It is not a feature. */
  readonly group?: string
  /** Column of dates or numbers to split by: the earliest rows are for training, the latest for testing. */
  readonly time?: string
}

const FEWEST_ROWS = 20
/** An integer target with at most this many distinct values is treated as classes. */
const MOST_CLASSES = 20
/** Classes with fewer rows are listed in a note, because their results are uncertain. */
const RARE = 10

/** Returns the classes of a target for a task; undefined for regression. */
function classesOf(column: Column, task: Task | undefined, rows: number): readonly string[] | undefined {
  const { name } = column
  if (column.kind === 'date') return fail(`the target ${name} must hold classes or numbers, got dates`)
  if (task === 'regression') {
    return column.kind === 'number'
      ? undefined
      : fail(`the target ${name} must hold numbers for regression, got ${shown(column.categories[0])}`)
  }
  const distinct = column.kind === 'text' ? [] : [...new Set(column.values)].sort((a, b) => a - b)
  const few = distinct.length <= MOST_CLASSES && distinct.every(Number.isInteger)
  if (column.kind === 'number' && !few && task !== 'classification') return undefined
  const classes = column.kind === 'text' ? column.categories : distinct.map(String)
  if (classes.length < 2) fail(`the target ${name} must have at least two classes, got only ${classes[0]}`)
  if (classes.length > rows / 2) {
    const what = column.kind === 'text' ? 'categories' : 'numbers'
    const hint = column.kind === 'text' ? `; for regression its values must be plain numbers, got ${shown(classes[0])}` : ''
    fail(
      `the target ${name} must have at most ${Math.floor(rows / 2)} classes in ${rows} rows, got ${classes.length} distinct ${what}${hint}`,
    )
  }
  return classes
}

/** Returns the table without the rows in which a column is empty. */
function withColumn(table: Table, name: string, role: string, notes: string[]): Table {
  const column = columnCalled(table, name)
  const missing = countedCells('empty cell', table.lines, (row) => isEmpty(column, row))
  if (!missing) return table
  notes.push(`${name}, the ${role}: ${missing}; those rows are dropped`)
  const kept = [...table.lines.keys()].filter((row) => !isEmpty(column, row))
  const columns = table.columns.map((one) => rowsOf(one, kept))
  return { columns, rows: kept.length, lines: kept.map((row) => table.lines[row]!), notes: table.notes }
}

function targetsOf(target: Column, classes: readonly string[] | undefined): Float64Array {
  if (target.kind === 'text') return Float64Array.from(target.codes)
  return classes ? Float64Array.from(target.values, (value) => classes.indexOf(String(value))) : target.values
}

function splitOf(table: Table, classIndices: ArrayLike<number>, { splitSeed = 0, group, time }: DatasetOptions): Split {
  if (group !== undefined && time !== undefined) fail('rows cannot be split by group and by time at once')
  if (group !== undefined) return grouped(columnCalled(table, group), table.rows, splitSeed)
  if (time !== undefined) return byTime(columnCalled(table, time), table.rows, splitSeed)
  return stratified(classIndices, splitSeed)
}

/** Notes classes without training rows, as a split by group or time can leave them. */
function unseenClasses(targets: Float64Array, { train }: Split, classes: readonly string[], name: string): string[] {
  const seen = new Set(Array.from(train, (row) => targets[row]!))
  const unseen = classes.filter((_, c) => !seen.has(c))
  if (!unseen.length) return []
  const listed = unseen.slice(0, 5).map(shown).join(', ') + (unseen.length > 5 ? ', …' : '')
  return [`${name}, the target: no training row has ${listed}; the model cannot learn to predict ${unseen.length > 1 ? 'them' : 'it'}`]
}

/** Notes classes with few rows, the rarest first. */
function rareClasses(targets: Float64Array, classes: readonly string[], name: string): string[] {
  const counts = new Int32Array(classes.length)
  for (const target of targets) counts[target]!++
  const rare = [...classes.keys()].filter((c) => counts[c]! < RARE).sort((a, b) => counts[a]! - counts[b]!)
  if (!rare.length) return []
  const listed = rare.slice(0, 5).map((c) => `${shown(classes[c])} has ${counts[c]} of ${targets.length} rows`)
  const others = rare.length > 5 ? `, and ${rare.length - 5} more classes have fewer than ${RARE}` : ''
  return [`${name}, the target: ${listed.join(', ')}${others}; their results are uncertain`]
}

/** A column and its coding. */
interface FittedColumn {
  readonly column: Column
  readonly coding: ColumnCoding
}

/** Fits the codings of the feature columns, and notes dropped columns and filled cells. */
function fitColumns(table: Table, target: Column, { train }: Split, { group, divisor }: DatasetOptions, notes: string[]): FittedColumn[] {
  return table.columns.flatMap((column) => {
    if (column === target) return []
    if (column.name === group) {
      notes.push(`${group}: used to group the rows, not as a feature`)
      return []
    }
    const found = fitColumn(column, train, divisor)
    if ('dropped' in found) {
      notes.push(`${column.name}: ${found.dropped}, dropped`)
      return []
    }
    const missing = countedCells('empty cell', table.lines, (row) => isEmpty(column, row))
    const isCategory = found.coding.kind === 'text'
    if (missing) notes.push(`${column.name}: ${missing}, ${isCategory ? 'encoded as zeros' : 'filled with the mean'}`)
    if (found.note) notes.push(`${column.name}: ${found.note}`)
    return [{ column, coding: found.coding }]
  })
}

/** Encodes columns side by side. */
function featuresOf(rows: number, fitted: readonly FittedColumn[]): Pick<Dataset, 'features' | 'featureNames'> {
  const names = fitted.map(({ coding }) => featureNames(coding))
  const width = names.reduce((sum, { length }) => sum + length, 0)
  const features = new Float32Array(rows * width)
  let offset = 0
  for (const [c, { column, coding }] of fitted.entries()) {
    encode(coding, column, { data: features, width }, offset)
    offset += names[c]!.length
  }
  return { features, featureNames: names.flat() }
}

/**
 * Converts a table to a data set. Numbers are standardized, categories are one-hot encoded, pairs such as no and yes become 0 and 1, and dates
 * become days and cycles of weekday and year. Missing numbers become the mean (0 in a sparse column), missing categories all zeros. The
 * split is stratified by class.
 *
 * @throws `data-invalid` if the target is missing, constant or unsuitable for the task, if rows are too few, or if no feature remains
 */
export function makeDataset(given: Table, options: DatasetOptions): Dataset {
  const { name, task, group, time } = options
  const notes: string[] = [...given.notes]
  const known = withColumn(given, options.target, 'target', notes)
  const table = time === undefined ? known : withColumn(known, time, 'time', notes)
  const target = columnCalled(table, options.target)
  for (const role of [group, time]) if (role === target.name) fail(`rows cannot be split by the column ${role}, which is the target`)
  if (table.rows < FEWEST_ROWS) fail(`the table must have at least ${FEWEST_ROWS} rows with a target, got ${table.rows}`)
  const classes = classesOf(target, task, table.rows)
  if (classes && target.kind === 'number' && task === undefined && classes.length > 2)
    notes.push(`${target.name}, the target: ${classes.length} distinct integers, treated as classes; for regression set the task`)
  const targets = targetsOf(target, classes)
  if (classes) notes.push(...rareClasses(targets, classes, target.name))
  const split = splitOf(table, classes ? targets : new Uint8Array(table.rows), options)
  if (classes) notes.push(...unseenClasses(targets, split, classes, target.name))
  const fitted = fitColumns(table, target, split, options, notes)
  if (!fitted.length) fail(`the table must have at least one feature column besides the target ${target.name}`)
  const columns = fitted.map(({ coding }) => coding)
  const about = { name, rows: table.rows, ...featuresOf(table.rows, fitted), split, notes }
  if (classes) {
    const coding = { columns, target: { name: target.name, classes } }
    return { ...about, task: 'classification', targets: Float32Array.from(targets), classes, coding }
  }
  const scale = scaleOfTarget(target.name, targets, split)
  const { notation } = target as { notation: Notation }
  const scaled = Float32Array.from(targets, (value) => (value - scale.mean) / scale.deviation)
  return { ...about, task: 'regression', targets: scaled, coding: { columns, target: { name: target.name, notation, ...scale } } }
}

/** Returns the target's shift and scale over the training rows. */
function scaleOfTarget(name: string, targets: Float64Array, split: Split): Scale {
  for (const part of ['train', 'validation', 'test'] as const) {
    const { mean, deviation } = moments(targets, split[part])
    if (deviation === 0) fail(`the target ${name} is ${mean} in all ${part} rows, so predictions cannot be scored`)
  }
  return moments(targets, split.train)
}
