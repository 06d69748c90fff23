/** Gradients of several small batches as if they were of one large one. */

import { dispose } from '../memory/dispose.ts'
import { type SparseRows, scatterAdd } from '../memory/sparse.ts'
import { type Buffer, kernelsOf, type Parameter } from '../memory/tensor.ts'
import { check, shown } from '../validation/errors.ts'
import { type Parameters, parametersOf } from './clip.ts'

/** One parameter's part: the mean of its dense gradients over `samples`, and the sparse ones as they came. */
interface Part {
  readonly parameter: Parameter
  mean: Buffer | undefined
  samples: number
  rows: { readonly grad: SparseRows; readonly samples: number }[]
}

/**
 * Takes the gradients of one backward pass after another, each the mean over its own samples, and gives their mean over all samples there
 * really were: a last batch that is smaller, or a round that ends early, counts for what it is. Takes as much memory as the gradients.
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
    check(new Set(list).size === list.length, 'params-invalid', 'GradientAccumulation got a parameter twice')
    this.#parts = list.map((parameter) => ({ parameter, mean: undefined, samples: 0, rows: [] }))
  }

  /** Samples since the last average. */
  get samples(): number {
    return this.#samples
  }

  /**
   * Takes over the gradients there are, which are a mean over `samples`, and removes them from the parameters.
   *
   * @throws `option-range` if samples is no number above 0; `out-of-memory` at the first time
   */
  add(samples = 1): void {
    check(Number.isFinite(samples) && samples > 0, 'option-range', () => `samples is a number above 0, not ${shown(samples)}`)
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
   * Gives the parameters the mean of what was taken over, in place of the gradients they have, and begins anew. A parameter that never had
   * a gradient has none.
   *
   * @returns the samples that went into it, 0 if there were none and nothing was done
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

  /** Gives its memory back. Twice is harmless. */
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
