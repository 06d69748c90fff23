/** Sparse gradients: values for some rows only. */
import { check, checkRange, isObject } from '../validation/errors.ts'
import type { View } from './dtype.ts'
import { checkNumbers, type Numbers } from './numbers.ts'
import { type Shape, sizeOf } from './shape.ts'

/** values[i] is the gradient of row indices[i] of the parameter's first axis; repeated rows are summed. */
export interface SparseGradient {
  readonly indices: Numbers
  /** One row of the trailing axes per index, concatenated. */
  readonly values: Numbers
}

/** A sparse gradient without repeated rows, in ascending order. */
export interface SparseRows {
  readonly indices: Int32Array
  readonly values: View
  /** Elements of a row. */
  readonly width: number
}

export function isSparse(value: unknown): value is SparseGradient {
  return isObject(value) && 'indices' in value && 'values' in value
}

/**
 * Sums repeated rows, in their order and in the parameter's precision.
 *
 * @throws `shape-mismatch` if an index is not a row, or if there is not one row of values per index
 */
export function coalesced(shape: Shape, Rows: new (size: number) => View, { indices, values }: SparseGradient): SparseRows {
  const [rows] = shape
  check(rows !== undefined, 'shape-mismatch', 'Parameter.grad: a scalar takes no sparse gradient')
  const width = sizeOf(shape.slice(1))
  checkNumbers('Parameter.grad', 'indices', [indices?.length], indices)
  checkNumbers('Parameter.grad', 'values', [indices.length, width], values)
  const places = new Map<number, number>()
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!
    const fits = Number.isInteger(row) && row >= 0 && row < rows
    if (!fits) checkRange(false, 'Parameter.grad', `indices[${i}]`, `a row in [0, ${rows})`, row, 'shape-mismatch')
    places.set(row, 0)
  }
  const order = Int32Array.from(places.keys()).sort()
  for (const [place, row] of order.entries()) places.set(row, place)
  const summed = new Rows(order.length * width)
  for (let i = 0; i < indices.length; i++) {
    const place = places.get(indices[i]!)! * width
    for (let k = 0; k < width; k++) summed[place + k]! += values[i * width + k]!
  }
  return { indices: order, values: summed, width }
}

/** Copies the rows into the array of all rows. */
export function scatter({ indices, values, width }: SparseRows, all: View): void {
  for (let i = 0; i < indices.length; i++) all.set(values.subarray(i * width, (i + 1) * width), indices[i]! * width)
}

/** Copies the rows out of the array of all rows. */
export function gather({ indices, width }: SparseRows, all: View, out: View): void {
  for (let i = 0; i < indices.length; i++) out.set(all.subarray(indices[i]! * width, (indices[i]! + 1) * width), i * width)
}

/** Adds the rows, times a factor, to the array of all rows. */
export function scatterAdd({ indices, values, width }: SparseRows, all: View, factor: number): void {
  for (let i = 0; i < values.length; i++) all[indices[Math.floor(i / width)]! * width + (i % width)]! += factor * values[i]!
}
