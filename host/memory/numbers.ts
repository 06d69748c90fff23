/** Checks of numbers, shapes and dtypes that a caller passes in. */
import { check, type ErrorCode, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { bytesPerElement, type DType, type View } from './dtype.ts'
import { checkedShape, type Shape, showShape, sizeOf } from './shape.ts'

/** Numbers in any array. */
export type Numbers = ArrayLike<number>

/** What a tensor is created with. */
export interface TensorOptions<T extends DType> {
  readonly dtype?: T
  readonly data?: Numbers
}

/** The same, checked, with its shape. */
export interface CheckedTensor<T extends DType = DType> {
  readonly shape: Shape
  readonly dtype: T
  readonly data?: Numbers
}

/** Checks what a tensor is created with. */
export function checkedTensor<T extends DType>(by: string, shape: Shape, options: TensorOptions<T>): CheckedTensor<T> {
  checkNames(by, ['dtype', 'data'], options)
  const { dtype = 'float32' as T, data } = options
  checkDtype(by, dtype)
  const own = checkedShape(by, shape)
  if (data === undefined) return { shape: own, dtype }
  checkNumbers(by, own, data)
  return { shape: own, dtype, data }
}

/** Throws `dtype-mismatch` unless `dtype` is an element type. */
export function checkDtype(by: string, dtype: unknown): asserts dtype is DType {
  const isKnown = typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype)
  check(isKnown, 'dtype-mismatch', () => `${by}: dtype must be 'float32', 'float64' or 'int32', got ${shown(dtype)}`)
}

/**
 * Throws unless `data` is an array with as many numbers as the shape has: `shape-mismatch` or `dtype-mismatch`, or the `code` given. `what`
 * is the name in the error.
 */
export function checkNumbers(what: string, shape: Shape, data: unknown, code?: ErrorCode): asserts data is Numbers {
  const size = sizeOf(shape)
  const isTyped = ArrayBuffer.isView(data) && !/^(Data|Big)/.test((data as View)[Symbol.toStringTag])
  check(
    isTyped || Array.isArray(data),
    code ?? 'dtype-mismatch',
    () => `${what}: must be an array of numbers, got ${shown(data)}${meant(data)}`,
  )
  const { length } = data as Numbers
  check(length === size, code ?? 'shape-mismatch', () => `${what}: must have ${size} numbers for shape ${showShape(shape)}, got ${length}`)
  if (isTyped) return
  const at = (data as unknown[]).findIndex((value) => typeof value !== 'number')
  check(at < 0, code ?? 'dtype-mismatch', () => `${what}: entry ${at} must be a number, got ${shown((data as unknown[])[at])}`)
}

/** What to pass instead of a tensor. */
function meant(data: unknown): string {
  return ArrayBuffer.isView((data as { data?: unknown } | null)?.data) ? '; pass its data' : ''
}
