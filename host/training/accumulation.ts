/** Gradient accumulation: several small batches act as one large batch. */

import { dispose } from '../memory/dispose.ts'
import { type SparseRows, scatterAdd } from '../memory/sparse.ts'
import { type Buffer, kernelsOf, type Parameter } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { type Parameters, parametersOf } from './clip.ts'

/** A parameter's share: the mean of its dense gradients over `samples`, and its sparse gradients. */
interface Part {
  readonly parameter: Parameter
  mean: Buffer | undefined
  samples: number
  rows: { readonly grad: SparseRows; readonly samples: number }[]
}

/**
 * Collects the gradients of several backward passes, each a mean over its own samples, and returns their mean over all samples. Smaller last
 * batches are weighted by their size. Uses as much memory as the gradients.
 *
 * @example
 * const w = arena.parameter([1])
 * const optimizer = new downhill.SGD([w], { lr: 1 })
 * const accumulation = new downhill.GradientAccumulation([w])
 * for (const [gradient, samples] of [[3, 32], [6, 16]]) {
 *   w.grad = [gradient]
 *   accumulation.add(samples)
 * }
 * if (accumulation.average()) optimizer.step()
 * w.data[0] // -4
 */
export class GradientAccumulation {
  readonly #parts: readonly Part[]
  #samples = 0

  /** @throws `params-invalid` */
  constructor(params: Parameters) {
    const list = parametersOf(params, 'GradientAccumulation')
    check(new Set(list).size === list.length, 'params-invalid', 'GradientAccumulation: a parameter appears twice')
    this.#parts = list.map((parameter) => ({ parameter, mean: undefined, samples: 0, rows: [] }))
  }

  /** Samples since the last average. */
  get samples(): number {
    return this.#samples
  }

  /**
   * Adds the current gradients, which are a mean over `samples`, and removes them from the parameters.
   *
   * @throws `option-range` if samples is not a number > 0; `out-of-memory` at the first call
   */
  add(samples = 1): void {
    checkRange(Number.isFinite(samples) && samples > 0, 'GradientAccumulation.add', 'samples', 'a number > 0', samples)
    for (const part of this.#parts) {
      const { parameter } = part
      parameter.assertAlive('GradientAccumulation')
      if (parameter.grad) part.mean ??= parameter.arena.buffer(parameter.shape, { dtype: parameter.dtype })
    }
    for (const part of this.#parts) {
      const { parameter } = part
      if (!parameter.hasGrad) continue
      if (parameter.sparseGrad) part.rows.push({ grad: parameter.sparseGrad, samples })
      else {
        const { address, bytes } = part.mean!
        part.samples += samples
        const share = samples / part.samples
        const kernels = kernelsOf(parameter)
        if (share === 1) kernels.scale(bytes, address, parameter.gradAddress, 1)
        else kernels.combine(bytes, address, address, parameter.gradAddress, 1 - share, share)
      }
      parameter.grad = null
    }
    this.#samples += samples
  }

  /**
   * Replaces the parameters' gradients with the collected mean, and starts over. Parameters that never had a gradient get none.
   *
   * @returns the number of samples, 0 if there were none and nothing changed
   */
  average(): number {
    const samples = this.#samples
    if (!samples) return 0
    for (const { parameter } of this.#parts) parameter.assertAlive('GradientAccumulation')
    for (const part of this.#parts) {
      const { parameter, mean, rows } = part
      parameter.grad = null
      if (part.samples) {
        kernelsOf(parameter).scale(mean!.bytes, parameter.makeGrad(), mean!.address, part.samples / samples)
        for (const { grad, samples: own } of rows) scatterAdd(grad, parameter.grad!, own / samples)
      } else if (rows.length) {
        parameter.grad = {
          indices: rows.flatMap(({ grad }) => [...grad.indices]),
          values: rows.flatMap(({ grad, samples: own }) => Array.from(grad.values, (value) => value * (own / samples))),
        }
      }
      part.samples = 0
      part.rows = []
    }
    this.#samples = 0
    return samples
  }

  /** Frees the collected gradients. A second call has no effect. */
  dispose(): void {
    for (const part of this.#parts) {
      part.mean?.dispose()
      Object.assign(part, { mean: undefined, samples: 0, rows: [] })
    }
    this.#samples = 0
  }

  [dispose](): void {
    this.dispose()
  }
}
