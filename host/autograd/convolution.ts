/** Convolutions, with im2col and gemm. */

import { scratchOf } from '../memory/scratch.ts'
import { sameShape, showShape } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { contribute, startGrad } from './gradients.ts'
import { mismatch, prepare } from './prepare.ts'
import { reshape } from './shaping.ts'
import { record } from './tape.ts'

/** A number for all axes, or one per axis. */
export type Sizes = number | readonly number[]

/** Options of {@link conv1d} and {@link conv2d}. */
export interface ConvOptions {
  /** Default 1. */
  readonly stride?: Sizes
  /** Zeros added on both sides. Default 0. */
  readonly padding?: Sizes
  /** Spacing of the kernel's elements. Default 1. */
  readonly dilation?: Sizes
  /** Number of channel groups. Default 1. */
  readonly groups?: number
}

/** Returns one integer per axis. */
export function sizesOf(by: string, name: string, value: Sizes, axes: number, least: number): number[] {
  const list = typeof value === 'number' ? new Array<number>(axes).fill(value) : value
  const fits = Array.isArray(list) && list.length === axes && list.every((size) => Number.isInteger(size) && size >= least)
  checkRange(fits, by, name, `an integer ≥ ${least}, or ${axes} of them`, value)
  return [...list]
}

/**
 * Convolution over one axis.
 *
 * @param x [rows, in, length] or [in, length]
 * @param weight [out, in/groups, kernel]
 * @param bias [out], or null
 * @returns [rows, out, outLength]
 * @throws `shape-mismatch`, `option-range`
 */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor {
  checkNames('conv1d', ['stride', 'padding', 'dilation', 'groups'], options)
  prepare('conv1d', x, weight, bias)
  if (weight.shape.length !== 3 || x.shape.length < 2 || x.shape.length > 3)
    throw mismatch('conv1d', x, weight, 'they must be [rows, in, length] and [out, in/groups, kernel]')
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options
  const flat = (name: string, value: Sizes, rest: number, least: number) => [rest, ...sizesOf('conv1d', name, value, 1, least)]
  const input = reshape(x, [...x.shape.slice(0, -1), 1, x.shape.at(-1)!])
  const kernel = reshape(weight, [weight.shape[0]!, weight.shape[1]!, 1, weight.shape[2]!])
  const y = conv2d(input, kernel, bias, {
    stride: flat('stride', stride, 1, 1),
    padding: flat('padding', padding, 0, 0),
    dilation: flat('dilation', dilation, 1, 1),
    groups,
  })
  return reshape(y, [...y.shape.slice(0, -2), y.shape.at(-1)!])
}

/**
 * Convolution over two axes.
 *
 * @param x [rows, in, height, width] or [in, height, width]
 * @param weight [out, in/groups, kernelHeight, kernelWidth]
 * @param bias [out], or null
 * @returns [rows, out, outHeight, outWidth]
 * @throws `shape-mismatch`, `option-range`
 * @example
 * const x = arena.parameter([1, 1, 2, 2], { data: [1, 2, 3, 4] })
 * const weight = arena.parameter([1, 1, 2, 2], { data: [1, 0, 0, 1] })
 * arena.frame(() => Array.from(nn.functional.conv2d(x, weight, null, { padding: 1 }).data)) // [1,2,0,3,5,2,0,3,4]
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor {
  checkNames('conv2d', ['stride', 'padding', 'dilation', 'groups'], options)
  const { arena, kernels, dtype } = prepare('conv2d', x, weight, bias)
  if (x.shape.length === 3) {
    const y = conv2d(reshape(x, [1, ...x.shape]), weight, bias, options)
    return reshape(y, y.shape.slice(1))
  }
  const { groups = 1 } = options
  const [rows, channels, height, width] = x.shape as [number, number, number, number]
  const [outputs, inputs, kernelHeight, kernelWidth] = weight.shape as [number, number, number, number]
  const isWhole = Number.isInteger(groups) && groups > 0 && outputs % groups === 0
  checkRange(isWhole, 'conv2d', 'groups', `a divisor of the ${outputs} output channels`, groups)
  const fits = x.shape.length === 4 && weight.shape.length === 4 && channels === inputs * groups
  if (!fits) throw mismatch('conv2d', x, weight, 'they must be [rows, in, height, width] and [out, in/groups, kernelHeight, kernelWidth]')
  if (bias && !sameShape(bias.shape, [outputs])) throw mismatch('conv2d', weight, bias, 'bias must be [out]')
  const { stride = 1, padding = 0, dilation = 1 } = options
  const [strideY, strideX] = sizesOf('conv2d', 'stride', stride, 2, 1) as [number, number]
  const [padY, padX] = sizesOf('conv2d', 'padding', padding, 2, 0) as [number, number]
  const [dilationY, dilationX] = sizesOf('conv2d', 'dilation', dilation, 2, 1) as [number, number]
  const outHeight = Math.floor((height + 2 * padY - dilationY * (kernelHeight - 1) - 1) / strideY) + 1
  const outWidth = Math.floor((width + 2 * padX - dilationX * (kernelWidth - 1) - 1) / strideX) + 1
  check(
    outHeight > 0 && outWidth > 0,
    'shape-mismatch',
    () => `conv2d: the kernel ${showShape(weight.shape)} must fit into the padded input, got ${showShape(x.shape)}`,
  )
  const y = arena.temporary([rows, outputs, outHeight, outWidth], dtype, 'conv2d')
  // The kernel's table (assembly/nn/convolution.ts).
  const window = [kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilationY, dilationX, outHeight, outWidth]
  const fields = [inputs, height, width, ...window, groups, outputs / groups]
  const table = arena.frames.allocate(4 * fields.length, 'conv2d')
  arena.u32.set(fields, table / 4)
  const work = arena.frames.allocate(kernels.convolutionWork(table), 'conv2d')
  const scratch = scratchOf(arena)
  kernels.convolution(table, rows, y.address, x.address, weight.address, bias?.address ?? 0, work, scratch)
  return record(y, bias ? [x, weight, bias] : [x, weight], (dy) => {
    if (weight.requiresGrad)
      kernels.convolutionWeight(table, rows, outputs / groups, inputs, startGrad(weight), x.address, dy, work, scratch)
    if (x.requiresGrad) kernels.convolutionInput(table, rows, startGrad(x), weight.address, dy, work, scratch)
    contribute(bias, (db) => {
      const sums = arena.temporary([rows, outputs], dtype, 'conv2d').address
      kernels.sumAxis(rows * outputs, outHeight * outWidth, 1, 1, sums, dy, 1)
      kernels.sumAxis(1, rows, outputs, outputs, db, sums, 1)
    })
  })
}
