/** Layer, RMS and batch normalization. */

import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { contribute } from './gradients.ts'
import { checkList, mismatch, prepare } from './prepare.ts'
import { record } from './tape.ts'

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /** Factor of the normalized input, with shape normalizedShape. Default: none. */
  readonly weight?: Tensor | null
  /** Added to the normalized input, with shape normalizedShape. Default: none. */
  readonly bias?: Tensor | null
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
}

function normalized(by: string, x: Tensor, shape: Shape, weight: Tensor | null, bias: Tensor | null, eps: number, centered: 0 | 1): Tensor {
  const { arena, kernels } = prepare(by, x, weight, bias)
  checkList(by, 'normalizedShape', shape)
  const n = sizeOf(shape)
  const fits = shape.length > 0 && sameShape(x.shape.slice(-shape.length), shape)
  check(fits, 'shape-mismatch', () => `${by}: the shape of the input must end in ${showShape(shape)}, got ${showShape(x.shape)}`)
  checkRange(typeof eps === 'number' && eps >= 0, by, 'eps', 'a number in [0, ∞)', eps)
  for (const tensor of [weight, bias])
    if (tensor && !sameShape(tensor.shape, shape)) throw mismatch(by, x, tensor, `weight and bias must be ${showShape(shape)}`)
  const rows = n ? x.size / n : 0
  const y = arena.temporary(x.shape, x.dtype, by)
  const stats = arena.temporary([2 * rows], 'float64', by).address
  kernels.layerNorm(rows, n, y.address, stats, x.address, weight?.address ?? 0, bias?.address ?? 0, eps, centered)
  const inputs = [x, weight, bias].filter((tensor) => tensor !== null)
  return record(y, inputs, (dy) => {
    contribute(x, (dx) => kernels.layerNormBackward(rows, n, dx, stats, x.address, weight?.address ?? 0, dy, centered))
    contribute(weight, (dw) => {
      const products = arena.temporary(x.shape, x.dtype, by).address
      kernels.normalizedProduct(rows, n, products, stats, x.address, dy)
      kernels.sumAxis(1, rows, n, n, dw, products, 1)
    })
    contribute(bias, (db) => kernels.sumAxis(1, rows, n, n, db, dy, 1))
  })
}

/**
 * (x − mean)/√(variance + eps)·weight + bias over the last axes (Ba, Kiros and Hinton, arXiv 1607.06450).
 *
 * @param normalizedShape sizes of these axes
 * @throws `shape-mismatch`
 */
export function layerNorm(x: Tensor, normalizedShape: Shape, options: LayerNormOptions = {}): Tensor {
  checkNames('layerNorm', ['weight', 'bias', 'eps'], options)
  const { weight = null, bias = null, eps = 1e-5 } = options
  return normalized('layerNorm', x, normalizedShape, weight, bias, eps, 1)
}

/** x/√(mean of x² + eps)·weight over the last axes (Zhang and Sennrich, arXiv 1910.07467). Default eps: the dtype's machine epsilon. */
export function rmsNorm(
  x: Tensor,
  normalizedShape: Shape,
  options: { readonly weight?: Tensor | null; readonly eps?: number | null } = {},
): Tensor {
  checkNames('rmsNorm', ['weight', 'eps'], options)
  const { weight = null, eps = null } = options
  return normalized('rmsNorm', x, normalizedShape, weight, null, eps ?? (x.dtype === 'float32' ? 2 ** -23 : 2 ** -52), 0)
}

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends LayerNormOptions {
  /** Whether to use the batch's mean and variance and update the running ones. Default false. */
  readonly training?: boolean
  /** Weight of the batch in the running mean and variance. Default 0.1. */
  readonly momentum?: number
}

/**
 * (x − mean)/√(variance + eps)·weight + bias per channel, axis 1 (Ioffe and Szegedy, arXiv 1502.03167). It normalizes by the biased variance
 * and adds the unbiased variance to runningVar.
 *
 * @param runningMean [channels], updated in training; null for none
 * @param runningVar [channels], updated in training; null for none
 * @throws `shape-mismatch`; `option-range` outside training without running statistics, or in training with one number per channel
 */
export function batchNorm(x: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, options: BatchNormOptions = {}): Tensor {
  checkNames('batchNorm', ['weight', 'bias', 'eps', 'training', 'momentum'], options)
  const { weight = null, bias = null, eps = 1e-5, training = false, momentum = 0.1 } = options
  const { arena, kernels } = prepare('batchNorm', x, runningMean, runningVar, weight, bias)
  check(x.shape.length >= 2, 'shape-mismatch', () => `batchNorm: the input must be [rows, channels, ...], got ${showShape(x.shape)}`)
  const [rows, channels, ...rest] = x.shape as [number, number, ...number[]]
  for (const tensor of [runningMean, runningVar, weight, bias]) {
    if (tensor && !sameShape(tensor.shape, [channels]))
      throw mismatch('batchNorm', x, tensor, 'statistics, weight and bias must be [channels]')
  }
  const length = sizeOf(rest)
  const count = rows * length
  check(
    training || (runningMean !== null && runningVar !== null),
    'option-range',
    'batchNorm: running statistics must be given outside training',
  )
  check(
    !training || count > 1,
    'option-range',
    () => `batchNorm: the input must have more than one number per channel in training, got ${showShape(x.shape)}`,
  )
  const y = arena.temporary(x.shape, x.dtype, 'batchNorm')
  const stats = arena.temporary([2 * channels], 'float64', 'batchNorm').address
  const table = arena.temporary([4 * channels], 'float64', 'batchNorm').address
  if (training) kernels.channelMoments(rows, channels, channels, length, stats, x.address)
  const { f64 } = arena
  for (let c = 0; c < channels; c++) {
    const at = stats / 8 + 2 * c
    const [mean, variance] = training ? [f64[at]!, f64[at + 1]!] : [runningMean!.data[c]!, runningVar!.data[c]!]
    if (training && runningMean) runningMean.data[c] = (1 - momentum) * runningMean.data[c]! + momentum * mean
    if (training && runningVar) runningVar.data[c] = (1 - momentum) * runningVar.data[c]! + momentum * variance * (count / (count - 1))
    const rstd = 1 / Math.sqrt(variance + eps)
    f64.set([mean, rstd], at)
    f64.set([mean, rstd * (weight?.data[c] ?? 1), bias?.data[c] ?? 0], table / 8 + 3 * c)
  }
  kernels.channelAffine(rows, channels, length, y.address, x.address, table)
  const inputs = [x, weight, bias].filter((tensor) => tensor !== null)
  return record(y, inputs, (dy) => {
    const sums = arena.temporary([2 * channels], 'float64', 'batchNorm').address
    kernels.channelSums(rows, channels, channels, length, sums, stats, x.address, dy)
    const numbers = arena.f64
    for (let c = 0; c < channels; c++) {
      const [mean, rstd] = [numbers[stats / 8 + 2 * c]!, numbers[stats / 8 + 2 * c + 1]!]
      const [sum, product] = training ? [numbers[sums / 8 + 2 * c]!, numbers[sums / 8 + 2 * c + 1]!] : [0, 0]
      const scale = rstd * (weight?.data[c] ?? 1)
      numbers.set([mean, (-scale * rstd * product) / count, (-scale * sum) / count, scale], table / 8 + 4 * c)
    }
    contribute(x, (dx) => kernels.channelCombine(rows, channels, length, dx, x.address, dy, table, 1))
    const column = (offset: 0 | 1) => (to: number) => {
      const view = arena.view(x.dtype, to, channels)
      for (let c = 0; c < channels; c++) view[c] = arena.f64[sums / 8 + 2 * c + offset]!
    }
    contribute(bias, column(0))
    contribute(weight, column(1))
  })
}
