/** Elementwise activations. */

import type { Tensor } from '../memory/tensor.ts'
import { choiceOf } from '../validation/options.ts'
import { elementwise } from './arithmetic.ts'

/** max(x, 0). Its gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return elementwise(
    'relu',
    x,
    (k, bytes, y, from) => k.relu(bytes, y, from),
    (k, bytes, dx, _x, y, dy) => k.reluBackward(bytes, dx, y, dy),
  )
}

/** x if x > 0, else negativeSlope·x. At 0 the gradient is negativeSlope. */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  return elementwise(
    'leakyRelu',
    x,
    (k, bytes, y, from) => k.leakyRelu(bytes, y, from, negativeSlope),
    (k, bytes, dx, from, _y, dy) => k.leakyReluBackward(bytes, dx, from, dy, negativeSlope),
  )
}

/** Options of {@link gelu}. */
export interface GeluOptions {
  /** 'none' for x·Φ(x), 'tanh' for its approximation. Default 'none'. */
  readonly approximate?: 'none' | 'tanh'
}

/** x·Φ(x), with Φ of the normal distribution (Hendrycks and Gimpel, arXiv 1606.08415). */
export function gelu(x: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  if (choiceOf('gelu', 'approximate', approximate, ['none', 'tanh']) === 'none') {
    return elementwise(
      'gelu',
      x,
      (k, bytes, y, from) => k.gelu(bytes, y, from),
      (k, bytes, dx, from, _y, dy) => k.geluBackward(bytes, dx, from, dy),
    )
  }
  return elementwise(
    'gelu',
    x,
    (k, bytes, y, from) => k.geluTanh(bytes, y, from),
    (k, bytes, dx, from, _y, dy) => k.geluTanhBackward(bytes, dx, from, dy),
  )
}

/** x·σ(x) */
export function silu(x: Tensor): Tensor {
  return elementwise(
    'silu',
    x,
    (k, bytes, y, from) => k.silu(bytes, y, from),
    (k, bytes, dx, from, _y, dy) => k.siluBackward(bytes, dx, from, dy),
  )
}

/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return elementwise(
    'tanh',
    x,
    (k, bytes, y, from) => k.tanh(bytes, y, from),
    (k, bytes, dx, _x, y, dy) => k.tanhBackward(bytes, dx, y, dy),
  )
}

/** σ(x) = 1/(1 + e^−x) */
export function sigmoid(x: Tensor): Tensor {
  return elementwise(
    'sigmoid',
    x,
    (k, bytes, y, from) => k.sigmoid(bytes, y, from),
    (k, bytes, dx, _x, y, dy) => k.sigmoidBackward(bytes, dx, y, dy),
  )
}

/** ln(1 + e^x) */
export function softplus(x: Tensor): Tensor {
  return elementwise(
    'softplus',
    x,
    (k, bytes, y, from) => k.softplus(bytes, y, from, 1, 20),
    (k, bytes, dx, from, _y, dy) => k.softplusBackward(bytes, dx, from, dy, 1, 20),
  )
}
