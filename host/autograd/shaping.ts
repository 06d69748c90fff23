/** Changes of shape. */

import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange, shown } from '../validation/errors.ts'
import { accumulate } from './gradients.ts'
import { alias, axisOf, checkList, mismatch, prepare } from './prepare.ts'
import { contributeAt, stridedCopy, stridesOf } from './strides.ts'
import { record } from './tape.ts'

/**
 * Returns the same memory with another shape. One size may be −1, which is then inferred.
 *
 * @throws `shape-mismatch` if the sizes do not match
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  prepare('reshape', x)
  checkList('reshape', 'shape', shape)
  const known = shape.filter((size) => size !== -1)
  const isWhole = shape.every((size) => Number.isInteger(size) && size >= -1) && shape.length - known.length <= 1
  check(isWhole, 'shape-mismatch', () => `reshape: shape must be integers ≥ 0 with at most one −1, got ${showShape(shape)}`)
  const rest = known.length === shape.length ? 1 : x.size / sizeOf(known)
  const to = shape.map((size) => (size === -1 ? rest : size))
  check(
    Number.isInteger(rest) && sizeOf(to) === x.size,
    'shape-mismatch',
    () => `reshape: shape must have the size of ${showShape(x.shape)}, got ${showShape(shape)}`,
  )
  const y = alias(x, to, 'reshape')
  return record(y, [x], (dy) => contributeAt(x, dy))
}

/** Merges the axes from `startDim` to `endDim`. */
export function flatten(x: Tensor, startDim = 0, endDim = -1): Tensor {
  prepare('flatten', x)
  const [from, to] = [axisOf('flatten', x.shape.length, startDim), axisOf('flatten', x.shape.length, endDim)]
  check(from <= to, 'shape-mismatch', () => `flatten: startDim must not exceed endDim ${endDim}, got ${startDim}`)
  return reshape(x, [...x.shape.slice(0, from), sizeOf(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)])
}

/**
 * Reorders the axes.
 *
 * @param dims axes of x, in the order of the result
 */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const { arena, dtype } = prepare('permute', x)
  checkList('permute', 'dims', dims)
  const axes = dims.map((dim) => axisOf('permute', x.shape.length, dim))
  const isOrder = axes.length === x.shape.length && new Set(axes).size === axes.length
  check(isOrder, 'shape-mismatch', () => `permute: dims must be a permutation of the axes of ${showShape(x.shape)}, got ${shown(dims)}`)
  const own = stridesOf(x.shape)
  const shape = axes.map((axis) => x.shape[axis]!)
  const y = arena.temporary(shape, dtype, 'permute')
  const strides = axes.map((axis) => own[axis]!)
  stridedCopy(arena, dtype, shape, y.address, stridesOf(shape), x.address, strides)
  return record(y, [x], (dy) => accumulate(x, (dx, more) => stridedCopy(arena, dtype, shape, dx, strides, dy, stridesOf(shape), more)))
}

/** Exchanges two axes. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  prepare('transpose', x)
  const rank = x.shape.length
  const [a, b] = [axisOf('transpose', rank, dim0), axisOf('transpose', rank, dim1)]
  return permute(
    x,
    x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  )
}

/**
 * Returns `length` indices of an axis from `start` on. Negative starts count from the end.
 *
 * @throws `shape-mismatch` if they exceed the axis
 */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const { arena, dtype } = prepare('narrow', x)
  const axis = axisOf('narrow', x.shape.length, dim)
  const size = x.shape[axis] ?? 1
  const from = start < 0 ? start + size : start
  const fits = Number.isInteger(from) && Number.isInteger(length) && from >= 0 && length >= 0 && from + length <= size
  check(fits, 'shape-mismatch', () => `narrow: start ${start} and length ${length} must be within axis ${dim} of ${showShape(x.shape)}`)
  const shape = x.shape.map((own, i) => (i === axis ? length : own))
  const strides = stridesOf(x.shape)
  const offset = from * strides[axis]! * (x.dtype === 'float32' ? 4 : 8)
  const y = arena.temporary(shape, dtype, 'narrow')
  stridedCopy(arena, dtype, shape, y.address, stridesOf(shape), x.address + offset, strides)
  return record(y, [x], (dy) =>
    accumulate(x, (dx, more) => {
      if (!more) arena.kernels[dtype].fill(x.bytes, dx, 0)
      stridedCopy(arena, dtype, shape, dx + offset, strides, dy, stridesOf(shape), 1)
    }),
  )
}

/**
 * Concatenates tensors along an axis. Their other sizes must be equal.
 *
 * @throws `shape-mismatch`
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const isList: boolean = Array.isArray(tensors)
  checkRange(isList, 'cat', 'tensors', 'an array of tensors', tensors, 'params-invalid')
  const { arena, dtype } = prepare('cat', ...tensors)
  const first = tensors[0]!
  const axis = axisOf('cat', first.shape.length, dim)
  const without = (shape: Shape) => shape.filter((_, i) => i !== axis)
  for (const tensor of tensors) {
    const fits = tensor.shape.length === first.shape.length && sameShape(without(tensor.shape), without(first.shape))
    if (!fits) throw mismatch('cat', first, tensor, `they may differ along axis ${axis} only`)
  }
  const shape = first.shape.map((size, i) => (i === axis ? tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0) : size))
  const strides = stridesOf(shape)
  const y = arena.temporary(shape, dtype, 'cat')
  let index = 0
  const offsets = tensors.map((tensor) => {
    const offset = index * strides[axis]! * (dtype === 'float32' ? 4 : 8)
    index += tensor.shape[axis]!
    stridedCopy(arena, dtype, tensor.shape, y.address + offset, strides, tensor.address, stridesOf(tensor.shape))
    return offset
  })
  return record(y, tensors, (dy) => {
    for (const [i, tensor] of tensors.entries()) {
      accumulate(tensor, (dx, more) =>
        stridedCopy(arena, dtype, tensor.shape, dx, stridesOf(tensor.shape), dy + offsets[i]!, strides, more),
      )
    }
  })
}
