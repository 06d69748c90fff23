/** Splits rows into training, validation and test rows. */
import { Generator } from '../numerics/random.ts'
import { type Column, fail, isEmpty } from './column.ts'

/** Row indices of the parts. Validation rows choose options, test rows measure the result. */
export interface Split {
  readonly train: Uint32Array
  readonly validation: Uint32Array
  readonly test: Uint32Array
  readonly seed: number
}

/** Fractions of the rows for training and for validation. */
const TRAIN = 0.7
const VALIDATION = 0.15

/** The parts of a split, in order, and the fraction of the rows at which each ends. */
const PARTS = [
  ['train', TRAIN],
  ['validation', TRAIN + VALIDATION],
  ['test', 1],
] as const

/**
 * Splits rows at random, stratified by class: the rows of each class are spread evenly over an order, whose first 70 % are for training.
 *
 * @param classes the class of each row; use one class for all rows to split without stratification
 */
export function stratified(classes: ArrayLike<number>, seed: number): Split {
  const rows = classes.length
  const order = new Generator(seed).permutation(rows)
  const counts = new Map<number, number>()
  for (const row of order) counts.set(classes[row]!, (counts.get(classes[row]!) ?? 0) + 1)
  const seen = new Map<number, number>()
  const position = new Float64Array(rows)
  for (const row of order) {
    const of = classes[row]!
    const before = seen.get(of) ?? 0
    seen.set(of, before + 1)
    position[row] = (before + 0.5) / counts.get(of)!
  }
  // A stable sort: rows at equal positions keep their random order.
  const spread = Uint32Array.from(Array.from(order).sort((a, b) => position[a]! - position[b]!))
  const train = Math.round(rows * TRAIN)
  const validation = train + Math.round(rows * VALIDATION)
  return { train: spread.slice(0, train), validation: spread.slice(train, validation), test: spread.slice(validation), seed }
}

/** Splits rows without dividing a group. Each group goes to the part that contains its middle. */
function whole(groups: readonly (readonly number[])[], seed: number, name: string, what: string): Split {
  const rows = groups.reduce((sum, group) => sum + group.length, 0)
  const parts: Record<(typeof PARTS)[number][0], number[]> = { train: [], validation: [], test: [] }
  let before = 0
  for (const group of groups) {
    const middle = (before + group.length / 2) / rows
    const [part] = PARTS.find(([, end]) => middle < end) ?? PARTS[2]
    parts[part].push(...group)
    before += group.length
  }
  const empty = PARTS.find(([part]) => !parts[part].length)
  if (empty) fail(`the column ${name} has too few ${what} (${groups.length}) to fill training, validation and test rows`)
  const { train, validation, test } = parts
  return { train: Uint32Array.from(train), validation: Uint32Array.from(validation), test: Uint32Array.from(test), seed }
}

/** Groups rows by the value of a column. A row without a value is a separate group. */
function groupsOf(column: Column, rows: number): Map<number | string, number[]> {
  const groups = new Map<number | string, number[]>()
  for (let row = 0; row < rows; row++) {
    const value = column.kind === 'text' ? column.codes[row]! : column.values[row]!
    const key = isEmpty(column, row) ? `row ${row}` : value
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return groups
}

/** Splits groups of rows at random: rows with the same value in a column are in the same part. */
export function grouped(column: Column, rows: number, seed: number): Split {
  const groups = [...groupsOf(column, rows).values()]
  const order = new Generator(seed).permutation(groups.length)
  const shuffled = Array.from(order, (i) => groups[i]!)
  return whole(shuffled, seed, column.name, 'groups')
}

/** Splits by time: the earliest rows are for training, the latest for testing. Rows with the same time are in the same part. */
export function byTime(column: Column, rows: number, seed: number): Split {
  if (column.kind === 'text') return fail(`the column ${column.name} must hold dates or numbers to split by time`)
  const groups = [...groupsOf(column, rows)].sort(([a], [b]) => (a as number) - (b as number)).map(([, group]) => group)
  return whole(groups, seed, column.name, 'times')
}
