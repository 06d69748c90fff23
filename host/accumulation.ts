/** Gradients of several small batches as if they were of one large one. */
import { type Parameters, parametersOf } from './clip.ts'
import { check, shown } from './errors.ts'
import { type SparseRows, scatterAdd } from './sparse.ts'
import type { Buffer, Parameter } from './tensor.ts'
import type { FloatType } from './wasm.ts'

/** One parameter's part: the sum of its gradients, and of the sparse ones their rows as they came. */
interface Sum {
  readonly parameter: Parameter
  total: Buffer | undefined
  hasTotal: boolean
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
  readonly #sums: readonly Sum[]
  #samples = 0

  /** @throws `params-invalid` */
  constructor(params: Parameters) {
    this.#sums = parametersOf(params, 'GradientAccumulation').map((parameter) => ({
      parameter,
      total: undefined,
      hasTotal: false,
      rows: [],
    }))
  }

  /** Samples since the last average. */
  get samples(): number {
    return this.#samples
  }

  /**
   * Takes over the gradients there are, which are a mean over `samples`, and removes them from the parameters.
   *
   * @throws `option-range` if samples is no number above 0
   */
  add(samples = 1): void {
    check(Number.isFinite(samples) && samples > 0, 'option-range', () => `samples is a number above 0, not ${shown(samples)}`)
    for (const sum of this.#sums) if (sum.parameter.hasGrad && !sum.parameter.sparseGrad) this.#reserve(sum)
    for (const sum of this.#sums) {
      const { parameter } = sum
      if (!parameter.hasGrad) continue
      if (parameter.sparseGrad) sum.rows.push({ grad: parameter.sparseGrad, samples })
      else {
        const { address, bytes } = sum.total!
        const kernels = kernelsOf(parameter)
        if (sum.hasTotal) kernels.combine(bytes, address, address, parameter.gradAddress, 1, samples)
        else kernels.scale(bytes, address, parameter.gradAddress, samples)
        sum.hasTotal = true
      }
      parameter.grad = null
    }
    this.#samples += samples
  }

  #reserve(sum: Sum): Buffer {
    sum.total ??= sum.parameter.arena.buffer(sum.parameter.shape, { dtype: sum.parameter.dtype })
    return sum.total
  }

  /**
   * Gives the parameters the mean of what was taken over, and begins anew. A parameter that never had a gradient has none.
   *
   * @returns the samples that went into it, 0 if there were none and nothing was done
   */
  average(): number {
    const samples = this.#samples
    if (!samples) return 0
    for (const sum of this.#sums) {
      const { parameter, total, hasTotal, rows } = sum
      parameter.grad = null
      if (hasTotal) {
        for (const { grad, samples: own } of rows) scatterAdd(grad, total!.data, own)
        kernelsOf(parameter).scale(total!.bytes, parameter.makeGrad(), total!.address, 1 / samples)
      } else if (rows.length) {
        parameter.grad = {
          indices: rows.flatMap(({ grad }) => [...grad.indices]),
          values: rows.flatMap(({ grad, samples: own }) => Array.from(grad.values, (value) => (value * own) / samples)),
        }
      }
      sum.hasTotal = false
      sum.rows = []
    }
    this.#samples = 0
    return samples
  }

  /** Gives its memory back. Twice is harmless. */
  dispose(): void {
    for (const sum of this.#sums) {
      sum.total?.dispose()
      Object.assign(sum, { total: undefined, hasTotal: false, rows: [] })
    }
    this.#samples = 0
  }
}

function kernelsOf({ arena, dtype }: Parameter) {
  return arena.kernels[dtype as FloatType]
}
