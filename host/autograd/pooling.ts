/** Pooling over the last two axes. */

import { showShape } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { type Sizes, sizesOf } from './convolution.ts'
import { accumulate } from './gradients.ts'
import { prepare } from './prepare.ts'
import { record } from './tape.ts'

/** Options of {@link maxPool2d} and {@link avgPool2d}. */
export interface PoolOptions {
  /** Default: kernelSize. */
  readonly stride?: Sizes
  /** Padding on both sides, at most half of the window. Default 0. */
  readonly padding?: Sizes
  /** Whether to include windows that extend past the end; those that start past it are dropped. Default false. */
  readonly ceilMode?: boolean
}

interface Windows {
  readonly planes: number
  /** Height, width, kernel, stride and padding, in the kernels' order. */
  readonly sizes: readonly number[]
  readonly dilation: readonly number[]
  readonly out: readonly [number, number]
  readonly shape: readonly number[]
}

function windows(by: string, x: Tensor, kernelSize: Sizes, options: PoolOptions, dilation: Sizes): Windows {
  check(
    x.shape.length === 3 || x.shape.length === 4,
    'shape-mismatch',
    () => `${by}: the input must be [rows, channels, height, width], got ${showShape(x.shape)}`,
  )
  const kernel = sizesOf(by, 'kernelSize', kernelSize, 2, 1)
  const stride = sizesOf(by, 'stride', options.stride ?? kernelSize, 2, 1)
  const padding = sizesOf(by, 'padding', options.padding ?? 0, 2, 0)
  const dilations = sizesOf(by, 'dilation', dilation, 2, 1)
  const { ceilMode = false } = options
  checkRange(typeof ceilMode === 'boolean', by, 'ceilMode', 'true or false', ceilMode)
  const size = x.shape.slice(-2)
  const out = size.map((own, axis) => {
    const [pad, step] = [padding[axis]!, stride[axis]!]
    checkRange(2 * pad <= kernel[axis]!, by, 'padding', `at most half of the window, ${kernel[axis]}`, pad)
    const room = own + 2 * pad - dilations[axis]! * (kernel[axis]! - 1) - 1
    const count = (ceilMode ? Math.ceil(room / step) : Math.floor(room / step)) + 1
    return ceilMode && (count - 1) * step >= own + pad ? count - 1 : count
  }) as [number, number]
  check(
    out[0] > 0 && out[1] > 0,
    'shape-mismatch',
    () => `${by}: the window ${shown(kernel)} must fit into the input, got ${showShape(x.shape)}`,
  )
  const planes = x.shape.slice(0, -2).reduce((product, one) => product * one, 1)
  return { planes, sizes: [...size, ...kernel, ...stride, ...padding], dilation: dilations, out, shape: [...x.shape.slice(0, -2), ...out] }
}

type Eight = [number, number, number, number, number, number, number, number]

/**
 * Maximum of each window. The gradient goes to the first of equal maxima in row-major order.
 *
 * @param x [rows, channels, height, width]
 * @throws `shape-mismatch`, `option-range`
 */
export function maxPool2d(x: Tensor, kernelSize: Sizes, options: PoolOptions & { readonly dilation?: Sizes } = {}): Tensor {
  checkNames('maxPool2d', ['stride', 'padding', 'ceilMode', 'dilation'], options)
  const { arena, kernels } = prepare('maxPool2d', x)
  const { planes, sizes, dilation, out, shape } = windows('maxPool2d', x, kernelSize, options, options.dilation ?? 1)
  const y = arena.temporary(shape, x.dtype, 'maxPool2d')
  const indices = arena.temporary(shape, 'int32', 'maxPool2d').address
  kernels.maxPool(planes, ...(sizes as Eight), dilation[0]!, dilation[1]!, ...out, y.address, indices, x.address)
  const size = sizes[0]! * sizes[1]!
  return record(y, [x], (dy) =>
    accumulate(x, (dx, more) => {
      if (!more) kernels.fill(x.bytes, dx, 0)
      kernels.maxPoolBackward(planes, size, out[0] * out[1], dx, indices, dy)
    }),
  )
}

/**
 * Mean of each window.
 *
 * @param x [rows, channels, height, width]
 * @throws `shape-mismatch`, `option-range`
 */
export function avgPool2d(x: Tensor, kernelSize: Sizes, options: PoolOptions & { readonly countIncludePad?: boolean } = {}): Tensor {
  checkNames('avgPool2d', ['stride', 'padding', 'ceilMode', 'countIncludePad'], options)
  const { arena, kernels } = prepare('avgPool2d', x)
  const { planes, sizes, out, shape } = windows('avgPool2d', x, kernelSize, options, 1)
  const includePad = options.countIncludePad === false ? 0 : 1
  const y = arena.temporary(shape, x.dtype, 'avgPool2d')
  kernels.avgPool(planes, ...(sizes as Eight), ...out, includePad, y.address, x.address)
  return record(y, [x], (dy) =>
    accumulate(x, (dx, more) => {
      if (!more) kernels.fill(x.bytes, dx, 0)
      kernels.avgPoolBackward(planes, ...(sizes as Eight), ...out, includePad, dx, dy)
    }),
  )
}
