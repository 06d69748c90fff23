/** Encodes the columns of a table as features. The coding is fitted to training rows, stored with a model, and applied to other rows. */
import { type Column, type DateColumn, isEmpty, type NumberColumn, type TextColumn } from './column.ts'
import { DATE_PARTS, type DateOrder, datePartsOf } from './dates.ts'
import type { Notation } from './notation.ts'

/** Shift and scale of a feature. */
export interface Scale {
  readonly mean: number
  readonly deviation: number
}

/** Coding of numbers. Empty cells become the mean. */
export interface NumberCoding extends Scale {
  readonly name: string
  readonly kind: 'number'
  readonly notation: Notation
}

/** Coding of dates as days and cycles. Parts that are constant over the training rows have no scale and no feature. */
export interface DateCoding {
  readonly name: string
  readonly kind: 'date'
  readonly order: DateOrder
  readonly scales: readonly (Scale | null)[]
}

/** Coding of two strings such as no and yes. Empty cells become the mean. */
export interface BooleanCoding extends Scale {
  readonly name: string
  readonly kind: 'boolean'
  /** The strings for 0 and 1, in lowercase. */
  readonly no: string
  readonly yes: string
}

/** One-hot coding of categories. Unknown ones set the feature `other` if it exists, else no feature. */
export interface TextCoding {
  readonly name: string
  readonly kind: 'text'
  readonly categories: readonly string[]
  readonly hasOther: boolean
}

/** The coding of a column. */
export type ColumnCoding = NumberCoding | DateCoding | BooleanCoding | TextCoding

/** A column with more categories keeps only the frequent ones. */
const MOST_CATEGORIES = 50

/** Such a column keeps categories that occur in at least this many rows … */
const FEWEST_PER_CATEGORY = 5

/** … if together they cover this fraction of the rows. Otherwise the column is dropped, because it identifies rows. */
const LEAST_COVERED = 0.5

/** Returns mean and standard deviation of the given rows that have a value. The deviation of equal values is exactly 0. */
export function moments(values: ArrayLike<number>, rows: Uint32Array): Scale {
  let sum = 0
  let count = 0
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const row of rows) {
    const value = values[row]!
    if (Number.isNaN(value)) continue
    sum += value
    count++
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  // The mean of many 0.1 is not exactly 0.1.
  if (least === most) return { mean: least, deviation: 0 }
  const mean = count ? sum / count : 0
  let squares = 0
  for (const row of rows) if (!Number.isNaN(values[row]!)) squares += (values[row]! - mean) * (values[row]! - mean)
  return { mean, deviation: Math.sqrt(count ? squares / count : 0) }
}

/** A column with at least this fraction of zeros is sparse. */
const MOSTLY_ZERO = 0.9

/** Returns the shift and scale of a column. A sparse column is only divided by its largest magnitude, so that it stays sparse. */
function scaleOf(values: ArrayLike<number>, rows: Uint32Array): Scale {
  const zeros = rows.reduce((count, row) => count + (values[row] === 0 ? 1 : 0), 0)
  if (zeros < MOSTLY_ZERO * rows.length) return moments(values, rows)
  return { mean: 0, deviation: rows.reduce((most, row) => Math.max(most, Math.abs(values[row]! || 0)), 0) }
}

/** A coding, or the reason why the column is dropped. */
export type Fitted = { readonly coding: ColumnCoding; readonly note?: string } | { readonly dropped: string }

/** Fits a column's coding to the training rows. A `divisor` replaces the shift and scale of numbers. */
export function fitColumn(column: Column, train: Uint32Array, divisor?: number): Fitted {
  if (column.kind === 'number') return fitNumber(column, train, divisor)
  return column.kind === 'date' ? fitDate(column, train) : fitText(column, train)
}

function fitNumber({ name, values, notation }: NumberColumn, train: Uint32Array, divisor?: number): Fitted {
  if (values.every(Number.isNaN)) return { dropped: 'empty in every row' }
  const scale = divisor ? { mean: 0, deviation: divisor } : scaleOf(values, train)
  return scale.deviation === 0 ? { dropped: 'constant over the training rows' } : { coding: { name, kind: 'number', notation, ...scale } }
}

function fitDate({ name, values, order }: DateColumn, train: Uint32Array): Fitted {
  const parts = Array.from(values, datePartsOf)
  const scales = DATE_PARTS.map((_, p) => {
    const scale = moments(
      parts.map((part) => part[p]!),
      train,
    )
    // Cycles of a constant date differ only by rounding errors.
    return scale.deviation > 1e-9 ? scale : null
  })
  return scales.every((scale) => scale === null)
    ? { dropped: 'constant over the training rows' }
    : { coding: { name, kind: 'date', order, scales } }
}

/** Strings that mean no and yes, in lowercase. */
const BOOLEANS: readonly (readonly [no: string, yes: string])[] = [
  ['false', 'true'],
  ['no', 'yes'],
  ['n', 'y'],
  ['f', 't'],
  ['off', 'on'],
]

function fitText(column: TextColumn, train: Uint32Array): Fitted {
  const { name, codes, categories } = column
  const hasEmpty = codes.includes(-1)
  const pair = BOOLEANS.find((pair) => categories.length > 1 && categories.every((category) => pair.includes(category.toLowerCase())))
  if (pair) {
    const isYes = categories.map((category) => category.toLowerCase() === pair[1])
    const scale = moments(
      Array.from(codes, (code) => (code < 0 ? Number.NaN : Number(isYes[code]))),
      train,
    )
    if (scale.deviation === 0) return { dropped: 'constant over the training rows' }
    return { coding: { name, kind: 'boolean', no: pair[0], yes: pair[1], ...scale } }
  }
  if (categories.length < 2 && !hasEmpty) return { dropped: 'constant' }
  const counts = new Int32Array(categories.length)
  for (const row of train) if (codes[row]! >= 0) counts[codes[row]!]!++
  if (categories.length <= MOST_CATEGORIES) {
    // A feature that is 0 in every training row would keep its initial weights.
    const seen = categories.filter((_, code) => counts[code]! > 0)
    const unseen = categories.length - seen.length
    if (!seen.length) return { dropped: 'empty in every training row' }
    if (counts.includes(train.length)) return { dropped: 'constant over the training rows' }
    const coding = { name, kind: 'text', categories: seen, hasOther: false } as const
    return unseen ? { coding, note: `${unseen} of ${categories.length} texts are in no training row, encoded as no category` } : { coding }
  }
  const frequent = Array.from(counts.keys())
    .filter((code) => counts[code]! >= FEWEST_PER_CATEGORY)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, MOST_CATEGORIES - 1)
  const covered = frequent.reduce((sum, code) => sum + counts[code]!, 0)
  if (covered < LEAST_COVERED * train.length) return { dropped: `${categories.length} distinct categories` }
  const kept = frequent.map((code) => categories[code]!).sort()
  const share = Math.floor((100 * covered) / train.length)
  const note = `${categories.length} distinct categories; the ${kept.length} most frequent ones (${share} % of the rows) are kept, the rest is "other"`
  return { coding: { name, kind: 'text', categories: kept, hasOther: true }, note }
}

/** Returns the names of a coding's features. */
export function featureNames(coding: ColumnCoding): string[] {
  const { name, kind } = coding
  if (kind === 'date') return DATE_PARTS.filter((_, p) => coding.scales[p]).map((part) => `${name} ${part}`)
  if (kind !== 'text') return [name]
  return [...coding.categories.map((category) => `${name}=${category}`), ...(coding.hasOther ? [`${name}=other`] : [])]
}

/** A matrix of features, row-major. */
export interface Matrix {
  readonly data: Float32Array
  readonly width: number
}

/** Writes a column's features into a matrix, starting at the given column. */
export function encode(coding: ColumnCoding, column: Column, { data, width }: Matrix, offset: number): void {
  const rows = data.length / width
  const put = (row: number, feature: number, value: number) => {
    data[row * width + offset + feature] = value
  }
  const scaled = (value: number, { mean, deviation }: Scale) => (Number.isNaN(value) ? 0 : (value - mean) / deviation)
  if (coding.kind === 'number' && column.kind !== 'text') {
    for (let row = 0; row < rows; row++) put(row, 0, scaled(column.values[row]!, coding))
  } else if (coding.kind === 'date' && column.kind !== 'text') {
    const scales = coding.scales.flatMap((scale, p) => (scale ? [{ scale, p }] : []))
    for (let row = 0; row < rows; row++) {
      const parts = isEmpty(column, row) ? undefined : datePartsOf(column.values[row]!)
      for (const [feature, { scale, p }] of scales.entries()) put(row, feature, parts ? scaled(parts[p]!, scale) : 0)
    }
  } else if (coding.kind === 'boolean' && column.kind === 'text') {
    const values = column.categories.map((category) => booleanOf(category, coding))
    for (let row = 0; row < rows; row++) put(row, 0, isEmpty(column, row) ? 0 : scaled(values[column.codes[row]!]!, coding))
  } else if (coding.kind === 'text' && column.kind === 'text') {
    const features = new Map(coding.categories.map((category, feature) => [category, feature]))
    const other = coding.hasOther ? coding.categories.length : undefined
    const featureOf = column.categories.map((category) => features.get(category) ?? other)
    for (let row = 0; row < rows; row++) {
      const feature = featureOf[column.codes[row]!]
      if (feature !== undefined) put(row, feature, 1)
    }
  }
}

/** Returns 0 or 1; NaN for other strings. */
function booleanOf(text: string, { no, yes }: BooleanCoding): number {
  const lower = text.toLowerCase()
  if (lower === yes) return 1
  return lower === no ? 0 : Number.NaN
}
