import { type ConvOptions, conv1d, conv2d, type Sizes, sizesOf } from '../autograd/convolution.ts'
import type { Arena } from '../memory/arena.ts'
import type { Parameter, Tensor } from '../memory/tensor.ts'
import { checkRange } from '../validation/errors.ts'
import { type BiasOptions, checkLayer, fillUniform } from './layers.ts'
import { Module } from './module.ts'

/** Options of {@link Conv1d} and {@link Conv2d}. */
export interface ConvLayerOptions extends BiasOptions, ConvOptions {}

abstract class Convolution extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null
  protected readonly options: ConvOptions

  constructor(
    by: string,
    axes: number,
    arena: Arena,
    inChannels: number,
    outChannels: number,
    kernelSize: Sizes,
    options: ConvLayerOptions,
  ) {
    super()
    const sizes = { inChannels, outChannels, kernelSize }
    const { dtype, generator } = checkLayer(by, { arena, sizes, options, names: ['bias', 'stride', 'padding', 'dilation', 'groups'] })
    const { bias = true, stride = 1, padding = 0, dilation = 1, groups = 1 } = options
    const kernel = sizesOf(by, 'kernelSize', kernelSize, axes, 1)
    const fits = Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0
    checkRange(fits, by, 'groups', `a divisor of ${inChannels} and ${outChannels} channels`, groups)
    this.options = {
      stride: sizesOf(by, 'stride', stride, axes, 1),
      padding: sizesOf(by, 'padding', padding, axes, 0),
      dilation: sizesOf(by, 'dilation', dilation, axes, 1),
      groups,
    }
    this.weight = arena.parameter([outChannels, inChannels / groups, ...kernel], { dtype })
    this.bias = bias ? arena.parameter([outChannels], { dtype }) : null
    fillUniform(this.parameters(), 1 / Math.sqrt(this.weight.size / outChannels), generator)
  }
}

/** Convolution over [rows, inChannels, length]. Weight and bias start uniform within ±1/√(inChannels/groups·kernelSize). */
export class Conv1d extends Convolution {
  constructor(arena: Arena, inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvLayerOptions = {}) {
    super('Conv1d', 1, arena, inChannels, outChannels, kernelSize, options)
  }

  /** Returns [rows, outChannels, outLength]. */
  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, this.options)
  }
}

/**
 * Convolution over [rows, inChannels, height, width]. Weight and bias start uniform within ±1/√(inChannels/groups·kernel elements).
 *
 * @example
 * const layer = new nn.Conv2d(arena, 1, 8, 3, { padding: 1 })
 * arena.frame(() => layer.forward(arena.tensor(new Float32Array(64), [1, 1, 8, 8])).shape) // [1, 8, 8, 8]
 */
export class Conv2d extends Convolution {
  constructor(arena: Arena, inChannels: number, outChannels: number, kernelSize: Sizes, options: ConvLayerOptions = {}) {
    super('Conv2d', 2, arena, inChannels, outChannels, kernelSize, options)
  }

  /** Returns [rows, outChannels, outHeight, outWidth]. */
  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.options)
  }
}
