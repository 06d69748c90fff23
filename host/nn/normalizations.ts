import { batchNorm, layerNorm, rmsNorm } from '../autograd/normalization.ts'
import type { Arena } from '../memory/arena.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import type { Buffer, Parameter, Tensor } from '../memory/tensor.ts'
import { checkRange } from '../validation/errors.ts'
import { checkLayer, checkSize, type LayerOptions } from './layers.ts'
import { Module } from './module.ts'

/** Options of {@link LayerNorm} and {@link RMSNorm}. */
export interface NormOptions extends Pick<LayerOptions, 'dtype'> {
  /** Added under the root. Default 1e-5; for RMSNorm the machine epsilon of the input's dtype. */
  readonly eps?: number | null
  /** Whether to have a weight, and in LayerNorm a bias. Default true. */
  readonly elementwiseAffine?: boolean
  /** Whether to have a bias (LayerNorm). Default true. */
  readonly bias?: boolean
}

function ones(arena: Arena, shape: Shape, dtype: 'float32' | 'float64'): Parameter {
  const parameter = arena.parameter(shape, { dtype })
  parameter.data.fill(1)
  return parameter
}

function shapeOf(by: string, normalizedShape: number | Shape): Shape {
  const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
  checkRange(Array.isArray(shape) && shape.length > 0, by, 'normalizedShape', 'a size, or several', normalizedShape)
  for (const size of shape) checkSize(by, `normalizedShape ${showShape(shape)}`, size)
  return shape
}

/** Normalizes over the last axes, whose sizes are normalizedShape. weight starts as 1, bias as 0. */
export class LayerNorm extends Module {
  readonly weight: Parameter | null
  readonly bias: Parameter | null
  readonly normalizedShape: Shape
  readonly eps: number

  constructor(arena: Arena, normalizedShape: number | Shape, options: NormOptions = {}) {
    super()
    const { dtype } = checkLayer('LayerNorm', { arena, sizes: { normalizedShape }, options, names: ['eps', 'elementwiseAffine', 'bias'] })
    const { eps, elementwiseAffine = true, bias = true } = options
    this.normalizedShape = shapeOf('LayerNorm', normalizedShape)
    this.eps = eps ?? 1e-5
    this.weight = elementwiseAffine ? ones(arena, this.normalizedShape, dtype) : null
    this.bias = elementwiseAffine && bias ? arena.parameter(this.normalizedShape, { dtype }) : null
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, { weight: this.weight, bias: this.bias, eps: this.eps })
  }
}

/** Divides by the root mean square over the last axes. weight starts as 1. */
export class RMSNorm extends Module {
  readonly weight: Parameter | null
  readonly normalizedShape: Shape
  readonly eps: number | null

  constructor(arena: Arena, normalizedShape: number | Shape, options: Omit<NormOptions, 'bias'> = {}) {
    super()
    const { dtype } = checkLayer('RMSNorm', { arena, sizes: { normalizedShape }, options, names: ['eps', 'elementwiseAffine'] })
    const { eps = null, elementwiseAffine = true } = options
    this.normalizedShape = shapeOf('RMSNorm', normalizedShape)
    this.eps = eps
    this.weight = elementwiseAffine ? ones(arena, this.normalizedShape, dtype) : null
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, { weight: this.weight, eps: this.eps })
  }
}

/** Options of {@link BatchNorm1d} and {@link BatchNorm2d}. */
export interface BatchNormLayerOptions extends Pick<LayerOptions, 'dtype'> {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
  /** Weight of a batch in the running statistics; null for their mean over all batches. Default 0.1. */
  readonly momentum?: number | null
  /** Whether to have a weight and a bias. Default true. */
  readonly affine?: boolean
  /** Whether to keep running statistics, for use outside training. Default true. */
  readonly trackRunningStats?: boolean
}

/** Base class of batch normalizations: see {@link BatchNorm2d}. */
export abstract class BatchNorm extends Module {
  readonly weight: Parameter | null
  readonly bias: Parameter | null
  readonly runningMean: Buffer | null
  readonly runningVar: Buffer | null
  /** Number of batches in the running statistics: an int32, which torch's files store as int64. */
  readonly numBatchesTracked: Buffer | null
  /** Weight of a batch in the running statistics; null for their mean over all batches. */
  momentum: number | null
  readonly eps: number

  /** @internal */
  constructor(by: string, arena: Arena, numFeatures: number, options: BatchNormLayerOptions) {
    super()
    const names = ['eps', 'momentum', 'affine', 'trackRunningStats']
    const { dtype } = checkLayer(by, { arena, sizes: { numFeatures }, options, names })
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? ones(arena, [numFeatures], dtype) : null
    this.bias = affine ? arena.parameter([numFeatures], { dtype }) : null
    this.runningMean = trackRunningStats ? arena.buffer([numFeatures], { dtype }) : null
    this.runningVar = trackRunningStats ? arena.buffer([numFeatures], { dtype }) : null
    this.runningVar?.data.fill(1)
    this.numBatchesTracked = trackRunningStats ? arena.buffer([], { dtype: 'int32' }) : null
  }

  /** @internal Throws unless the input has the right axes. */
  protected abstract checkInput(x: Tensor): void

  /** Resets the running statistics. */
  resetRunningStats(): void {
    this.runningMean?.data.fill(0)
    this.runningVar?.data.fill(1)
    this.numBatchesTracked?.data.fill(0)
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps, runningMean, runningVar, numBatchesTracked } = this
    this.checkInput(x)
    const training = this.training || runningMean === null
    let momentum = this.momentum ?? 0
    if (this.training && numBatchesTracked) {
      // Counted after the checks, so that a refused batch does not count.
      const count = numBatchesTracked.data[0]! + 1
      if (this.momentum === null) momentum = 1 / count
      const y = batchNorm(x, runningMean, runningVar, { weight, bias, eps, training, momentum })
      numBatchesTracked.data[0] = count
      return y
    }
    return batchNorm(x, runningMean, runningVar, { weight, bias, eps, training, momentum })
  }
}

/** Normalizes each channel of [rows, numFeatures] or [rows, numFeatures, length] over the batch; see {@link BatchNorm2d}. */
export class BatchNorm1d extends BatchNorm {
  constructor(arena: Arena, numFeatures: number, options: BatchNormLayerOptions = {}) {
    super('BatchNorm1d', arena, numFeatures, options)
  }

  protected override checkInput({ shape }: Tensor): void {
    const fits = shape.length === 2 || shape.length === 3
    checkRange(fits, 'BatchNorm1d', 'the shape of the input', '[rows, channels] or [rows, channels, length]', shape, 'shape-mismatch')
  }
}

/**
 * Normalizes each channel of [rows, numFeatures, height, width]: in training over the batch, which also updates the running statistics,
 * otherwise with the running statistics. weight starts as 1, bias as 0.
 */
export class BatchNorm2d extends BatchNorm {
  constructor(arena: Arena, numFeatures: number, options: BatchNormLayerOptions = {}) {
    super('BatchNorm2d', arena, numFeatures, options)
  }

  protected override checkInput({ shape }: Tensor): void {
    checkRange(shape.length === 4, 'BatchNorm2d', 'the shape of the input', '[rows, channels, height, width]', shape, 'shape-mismatch')
  }
}
