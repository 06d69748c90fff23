import type { Arena } from '../memory/arena.ts'
import type { Shape } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { Generator } from '../numerics/random.ts'
import { checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { contribute } from './gradients.ts'
import { prepare } from './prepare.ts'
import { record } from './tape.ts'

/** Options of {@link dropout}. */
export interface DropoutOptions {
  /** Probability that an element becomes 0. Default 0.5. */
  readonly p?: number
  /** Whether to drop; false returns the input unchanged. Default true. */
  readonly training?: boolean
  /** Generator of the random numbers. Default: the arena's. */
  readonly generator?: Generator
}

/** Sets elements to 0 with probability p and divides the others by 1 − p (Srivastava et al., JMLR 2014). */
export function dropout(x: Tensor, options: DropoutOptions = {}): Tensor {
  checkNames('dropout', ['p', 'training', 'generator'], options)
  const { arena, kernels } = prepare('dropout', x)
  const { p = 0.5, training = true, generator = arena.generator } = options
  checkRange(typeof p === 'number' && p >= 0 && p <= 1, 'dropout', 'p', 'a number in [0, 1]', p)
  checkRange(generator instanceof Generator, 'dropout', 'generator', 'a Generator', generator)
  if (!training || p === 0) return x
  const factors = dropoutFactors(arena, x.shape, x.dtype as FloatType, p, generator)
  const y = arena.temporary(x.shape, x.dtype, 'dropout')
  kernels.mul(x.bytes, y.address, x.address, factors.address)
  return record(y, [x], (dy) => contribute(x, (dx) => kernels.mul(x.bytes, dx, dy, factors.address)))
}

/** @internal Returns random factors: 0 with probability p, else 1/(1 − p). */
export function dropoutFactors(arena: Arena, shape: Shape, dtype: FloatType, p: number, generator = arena.generator): Tensor {
  const factors = arena.temporary(shape, dtype, 'dropout')
  generator.fillUniform(factors, 0, 1)
  arena.kernels[dtype].dropoutMask(factors.bytes, factors.address, factors.address, p, p === 1 ? 0 : 1 / (1 - p))
  return factors
}
