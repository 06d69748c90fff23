/** Sums, means and maxima over axes. Sums accumulate in f64, in the order of the axes. */

import { type Shape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { accumulate, contribute } from './gradients.ts'
import { axisOf, checkList, prepare } from './prepare.ts'
import { broadcastStrides, overAxes, stridedCopy, stridesOf } from './strides.ts'
import { record } from './tape.ts'

/** Options of reductions. */
export interface AxisOptions {
  /** An axis, or several. Default: all. */
  readonly dim?: number | readonly number[]
  /** Whether to keep the reduced axes, with size 1. Default false. */
  readonly keepdim?: boolean
}

interface Axes {
  readonly isReduced: readonly boolean[]
  /** The shape of the result, and the same with the reduced axes kept. */
  readonly shape: Shape
  readonly kept: Shape
  readonly count: number
}

function axesOf(by: string, x: Tensor, options: AxisOptions): Axes {
  prepare(by, x)
  checkNames(by, ['dim', 'keepdim'], options)
  const { dim, keepdim = false } = options
  const { shape } = x
  if (dim !== undefined && typeof dim !== 'number') checkList(by, 'dim', dim)
  const dims = dim === undefined ? [] : typeof dim === 'number' ? [dim] : dim
  const axes = new Set(dims.length ? dims.map((one) => axisOf(by, shape.length, one)) : shape.map((_, axis) => axis))
  check(!dims.length || axes.size === dims.length, 'shape-mismatch', `${by}: dim must not repeat an axis`)
  const isReduced = shape.map((_, axis) => axes.has(axis))
  const kept = shape.map((size, axis) => (isReduced[axis] ? 1 : size))
  const count = sizeOf(shape.filter((_, axis) => isReduced[axis]))
  return { isReduced, shape: keepdim ? kept : shape.filter((_, axis) => !isReduced[axis]), kept, count }
}

function scaledSum(by: string, x: Tensor, axes: Axes, factor: number): Tensor {
  const { arena, kernels, dtype } = prepare(by, x)
  const at = overAxes({ arena, dtype }, x.shape, axes.isReduced, x.address, by, (outer, n, inner, out, from, isLast) =>
    kernels.sumAxis(outer, n, inner, inner, out, from, isLast ? factor : 1),
  )
  const y = arena.temporary(axes.shape, dtype, by)
  kernels.scale(y.bytes, y.address, at, 1)
  return record(y, [x], (dy) => {
    const scaled = arena.temporary(axes.shape, dtype, by).address
    kernels.scale(y.bytes, scaled, dy, factor)
    accumulate(x, (dx, more) =>
      stridedCopy(arena, dtype, x.shape, dx, stridesOf(x.shape), scaled, broadcastStrides(axes.kept, x.shape), more),
    )
  })
}

/**
 * Sum over axes.
 *
 * @example
 * const x = arena.parameter([2, 3], { data: [1, 2, 3, 4, 5, 6] })
 * arena.frame(() => Array.from(nn.functional.sum(x, { dim: 1 }).data)) // [6,15]
 */
export function sum(x: Tensor, options: AxisOptions = {}): Tensor {
  return scaledSum('sum', x, axesOf('sum', x, options), 1)
}

/** Mean over axes. */
export function mean(x: Tensor, options: AxisOptions = {}): Tensor {
  const axes = axesOf('mean', x, options)
  return scaledSum('mean', x, axes, 1 / axes.count)
}

/** Maximum over axes. The gradient is divided equally among equal maxima. */
export function amax(x: Tensor, options: AxisOptions = {}): Tensor {
  const { arena, kernels, dtype } = prepare('amax', x)
  const axes = axesOf('amax', x, options)
  check(axes.count > 0, 'shape-mismatch', 'amax: the reduced axes must not be empty')
  const at = overAxes({ arena, dtype }, x.shape, axes.isReduced, x.address, 'amax', (outer, n, inner, out, from) =>
    kernels.maxAxis(outer, n, inner, inner, out, from),
  )
  const y = arena.temporary(axes.shape, dtype, 'amax')
  kernels.scale(y.bytes, y.address, at, 1)
  const repeated = (from: number) => {
    const out = arena.temporary(x.shape, dtype, 'amax').address
    stridedCopy(arena, dtype, x.shape, out, stridesOf(x.shape), from, broadcastStrides(axes.kept, x.shape))
    return out
  }
  return record(y, [x], (dy) => {
    const isGreatest = arena.temporary(x.shape, dtype, 'amax').address
    kernels.equal(x.bytes, isGreatest, x.address, repeated(y.address))
    const counts = overAxes({ arena, dtype }, x.shape, axes.isReduced, isGreatest, 'amax', (outer, n, inner, out, from) =>
      kernels.sumAxis(outer, n, inner, inner, out, from, 1),
    )
    const share = arena.temporary(axes.shape, dtype, 'amax').address
    kernels.div(y.bytes, share, dy, counts)
    const shares = repeated(share)
    contribute(x, (dx) => kernels.mul(x.bytes, dx, isGreatest, shares))
  })
}
