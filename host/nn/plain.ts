/** Modules without weights. */
import * as activations from '../autograd/activations.ts'
import type { Sizes } from '../autograd/convolution.ts'
import { dropout } from '../autograd/dropout.ts'
import { avgPool2d, maxPool2d, type PoolOptions } from '../autograd/pooling.ts'
import { flatten } from '../autograd/shaping.ts'
import { logSoftmax, softmax } from '../autograd/softmax.ts'
import type { Tensor } from '../memory/tensor.ts'
import type { Generator } from '../numerics/random.ts'
import { checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { Module } from './module.ts'

/** max(0, x), elementwise. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return activations.relu(x)
  }
}

/** x if x > 0, else negativeSlope·x. */
export class LeakyReLU extends Module {
  constructor(readonly negativeSlope = 0.01) {
    super()
  }

  forward(x: Tensor): Tensor {
    return activations.leakyRelu(x, this.negativeSlope)
  }
}

/** x·Φ(x), or its tanh approximation. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor(options: activations.GeluOptions = {}) {
    super()
    checkNames('GELU', ['approximate'], options)
    this.approximate = options.approximate ?? 'none'
  }

  forward(x: Tensor): Tensor {
    return activations.gelu(x, { approximate: this.approximate })
  }
}

/** x·σ(x), elementwise. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return activations.silu(x)
  }
}

/** tanh x, elementwise. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return activations.tanh(x)
  }
}

/** 1/(1 + e^−x), elementwise. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return activations.sigmoid(x)
  }
}

/** e^x divided by its sum along an axis. Default: the last axis. */
export class Softmax extends Module {
  constructor(readonly dim = -1) {
    super()
  }

  forward(x: Tensor): Tensor {
    return softmax(x, this.dim)
  }
}

/** ln softmax along an axis. Default: the last axis. */
export class LogSoftmax extends Module {
  constructor(readonly dim = -1) {
    super()
  }

  forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim)
  }
}

/** Merges the axes from startDim to endDim. Default: all but the first. */
export class Flatten extends Module {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super()
  }

  forward(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim)
  }
}

/** In training, sets elements to 0 with probability p and divides the others by 1 − p. */
export class Dropout extends Module {
  readonly p: number
  readonly generator: Generator | undefined

  constructor(p = 0.5, options: { readonly generator?: Generator } = {}) {
    super()
    checkNames('Dropout', ['generator'], options)
    checkRange(typeof p === 'number' && p >= 0 && p <= 1, 'Dropout', 'p', 'a number in [0, 1]', p)
    this.p = p
    this.generator = options.generator
  }

  forward(x: Tensor): Tensor {
    const { p, training, generator } = this
    return dropout(x, generator ? { p, training, generator } : { p, training })
  }
}

/** Maximum of each window over the last two axes. */
export class MaxPool2d extends Module {
  constructor(
    readonly kernelSize: Sizes,
    readonly options: PoolOptions & { readonly dilation?: Sizes } = {},
  ) {
    super()
    checkNames('MaxPool2d', ['stride', 'padding', 'ceilMode', 'dilation'], options)
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options)
  }
}

/** Mean of each window over the last two axes. */
export class AvgPool2d extends Module {
  constructor(
    readonly kernelSize: Sizes,
    readonly options: PoolOptions & { readonly countIncludePad?: boolean } = {},
  ) {
    super()
    checkNames('AvgPool2d', ['stride', 'padding', 'ceilMode', 'countIncludePad'], options)
  }

  forward(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options)
  }
}
