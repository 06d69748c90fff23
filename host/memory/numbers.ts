/** Checks of numbers, shapes and dtypes that a caller passes in. */
import { check, checkRange, type ErrorCode, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { bytesPerElement, type DType, type View } from './dtype.ts'
import { checkedShape, type Shape, showShape, sizeOf } from './shape.ts'

/** Numbers in any array. */
export type Numbers = ArrayLike<number>

/** Options of a tensor. */
export interface TensorOptions<T extends DType> {
  readonly dtype?: T
  readonly data?: Numbers
}

/** Checked options of a tensor, with its shape. */
export interface CheckedTensor<T extends DType = DType> {
  readonly shape: Shape
  readonly dtype: T
  readonly data: Numbers | undefined
}

/** Checks the shape and options of a tensor. */
export function checkedTensor<T extends DType>(by: string, shape: Shape, options: TensorOptions<T>): CheckedTensor<T> {
  checkNames(by, ['dtype', 'data'], options)
  const { dtype = 'float32' as T, data } = options
  checkDtype(by, dtype)
  const own = checkedShape(by, shape)
  if (data !== undefined) checkNumbers(by, 'data', own, data)
  return { shape: own, dtype, data }
}

/** Throws `dtype-mismatch` unless `dtype` is an element type. */
export function checkDtype(by: string, dtype: unknown): asserts dtype is DType {
  const isKnown = typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype)
  checkRange(isKnown, by, 'dtype', "'float32', 'float64' or 'int32'", dtype, 'dtype-mismatch')
}

/**
 * Throws unless `data` is an array with as many numbers as the shape has: `shape-mismatch` or `dtype-mismatch`, or the `code` given. `by` and
 * `name` are the function and the argument in the error.
 */
export function checkNumbers(by: string, name: string, shape: Shape, data: unknown, code?: ErrorCode): asserts data is Numbers {
  const isTyped = ArrayBuffer.isView(data) && !/^(Data|Big)/.test((data as View)[Symbol.toStringTag])
  const isArray = isTyped || Array.isArray(data)
  check(isArray, code ?? 'dtype-mismatch', () => {
    const hint = ArrayBuffer.isView((data as { data?: unknown } | null)?.data) ? '; pass its data' : ''
    return `${by}: ${name} must be an array of numbers, got ${shown(data)}${hint}`
  })
  const { length } = data as Numbers
  const size = sizeOf(shape)
  if (length !== size) checkRange(false, by, name, `of length ${size} for shape ${showShape(shape)}`, length, code ?? 'shape-mismatch')
  if (isTyped) return
  const at = (data as unknown[]).findIndex((value) => typeof value !== 'number')
  checkRange(at < 0, by, `${name}[${at}]`, 'a number', (data as unknown[])[at], code ?? 'dtype-mismatch')
}
