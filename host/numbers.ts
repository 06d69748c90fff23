/** Arrays of numbers that are handed over. */
import { check, type ErrorCode, shown } from './errors.ts'
import { type Shape, showShape, sizeOf } from './shape.ts'
import type { View } from './tensor.ts'

/** Numbers from anywhere. */
export type Numbers = ArrayLike<number>

/**
 * Throws unless `data` is an array of as many numbers as the shape has: `shape-mismatch` or `dtype-mismatch`, or the `code` given. `what` names
 * it.
 */
export function checkNumbers(what: string, shape: Shape, data: unknown, code?: ErrorCode): asserts data is Numbers {
  const size = sizeOf(shape)
  const isTyped = ArrayBuffer.isView(data) && !/^(Data|Big)/.test((data as View)[Symbol.toStringTag])
  check(isTyped || Array.isArray(data), code ?? 'dtype-mismatch', () => `${what} takes an array of numbers, not ${shown(data)}`)
  const { length } = data as Numbers
  check(length === size, code ?? 'shape-mismatch', () => `${what}: ${showShape(shape)} has ${size} numbers, not ${length}`)
  if (isTyped) return
  const at = (data as unknown[]).findIndex((value) => typeof value !== 'number')
  check(at < 0, code ?? 'dtype-mismatch', () => `${what}: number ${at} is ${shown((data as unknown[])[at])}`)
}
