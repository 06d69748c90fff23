/** The learning-rate range test. */

import { pow } from '../numerics/portable.ts'
import { type AnyOptimizer, Optimizer } from '../optimizer/optimizer.ts'
import { copied } from '../optimizer/state-dict.ts'
import { checkRange } from '../validation/errors.ts'
import { checkOptions, defaultsOf, doc, integer, number, type Option, ownCopy, withDefaults } from '../validation/options.ts'

/** Options of {@link findLr}. */
export interface FindLrOptions {
  /** First learning rate. Default 1e-7. */
  readonly from: number
  /** Last learning rate. Default 10. */
  readonly to: number
  /** Number of learning rates, evenly spaced on a logarithmic scale. Default 100. */
  readonly steps: number
  /** Weight of earlier losses in the smoothed loss, in [0, 1). Default 0.9. */
  readonly smoothing: number
  /** Stops when the smoothed loss exceeds its best by this factor. Default 4. */
  readonly divergence: number
}

const options: { readonly [K in keyof FindLrOptions]: Option<FindLrOptions[K]> } = {
  from: number(1e-7, '(0, ∞)', doc`first learning rate`),
  to: number(10, '(0, ∞)', doc`last learning rate`),
  steps: integer(100, '[3, 1000000]', doc`number of learning rates`),
  smoothing: number(0.9, '[0, 1)', doc`weight of earlier losses`),
  divergence: number(4, '(1, ∞)', doc`factor over the best loss at which to stop`),
}

/** Measurements of {@link findLr}, one entry per step. */
export interface LrCurve {
  readonly lrs: readonly number[]
  /** Loss before the step with the learning rate of the same index. */
  readonly losses: readonly number[]
  /** Exponential moving average of the losses, with bias correction. */
  readonly smoothed: readonly number[]
  /** Whether the loss diverged, or became infinite or NaN, before the last learning rate. */
  readonly diverged: boolean
  /** The learning rate at which the smoothed loss falls fastest; null if it never falls. */
  readonly suggestion: number | null
}

/**
 * Runs the learning-rate range test (Smith, "Cyclical learning rates for training neural networks", 2017): trains with increasing learning
 * rates until the loss diverges, then restores parameters, gradients, state and learning rates. Groups keep the ratios of their rates.
 *
 * @param closure computes the gradients on the next batch and returns the loss
 * @throws `option-unknown`, `option-range`; errors of the closure, after everything is restored
 * @example
 * const w = arena.parameter([2], { data: [3, -2] })
 * const optimizer = new downhill.SGD([w])
 * const closure = () => {
 *   const [x, y] = w.data
 *   w.grad = [3 * x, 0.7 * y]
 *   return (3 * x * x + 0.7 * y * y) / 2
 * }
 * const { suggestion, diverged } = downhill.findLr(optimizer, closure, { from: 1e-4, to: 100 })
 * suggestion > 0.01 && suggestion < 2 // true
 * diverged // true
 */
export function findLr(optimizer: AnyOptimizer, closure: () => number, given: Partial<FindLrOptions> = {}): LrCurve {
  checkRange(optimizer instanceof Optimizer, 'findLr', 'optimizer', 'an Optimizer', optimizer)
  checkOptions('findLr', options, given)
  const { from, to, steps, smoothing, divergence } = withDefaults(given, defaultsOf(options))
  checkRange(from < to, 'findLr', 'from', `less than to (${to})`, from)
  checkRange(typeof closure === 'function', 'findLr', 'closure', 'a function', closure)
  const restore = snapshot(optimizer)
  const greatest = Math.max(...optimizer.paramGroups.map(({ lr }) => lr))
  const shares = optimizer.paramGroups.map(({ lr }) => (greatest > 0 ? lr / greatest : 1))
  const curve = { lrs: [] as number[], losses: [] as number[], smoothed: [] as number[] }
  let diverged = false
  try {
    let [average, weight, best] = [0, 1, Number.POSITIVE_INFINITY]
    for (let i = 0; i < steps && !diverged; i++) {
      const lr = from * pow(to / from, i / (steps - 1))
      for (const [g, group] of optimizer.paramGroups.entries()) group.lr = lr * shares[g]!
      const loss = optimizer.step(closure)!
      average = smoothing * average + (1 - smoothing) * loss
      weight *= smoothing
      const smoothed = average / (1 - weight)
      best = Math.min(best, smoothed)
      diverged = !(smoothed <= best + (divergence - 1) * Math.abs(best))
      curve.lrs.push(lr)
      curve.losses.push(loss)
      curve.smoothed.push(smoothed)
    }
  } finally {
    restore()
  }
  return { ...curve, diverged, suggestion: steepest(curve) }
}

/** Copies parameters, gradients, state and options; returns a function that restores them. Hooks do not run. */
function snapshot(optimizer: AnyOptimizer): () => void {
  const parameters = optimizer.parameters().map((parameter) => ({
    parameter,
    data: parameter.data.slice(),
    grad: parameter.sparseGrad ? structuredClone(parameter.sparseGrad) : (parameter.grad?.slice() ?? null),
  }))
  const states = parameters.map(({ parameter }) => optimizer.readState(parameter, copied))
  const groups = optimizer.paramGroups.map((group) => ({ group, own: ownCopies(group) }))
  return () => {
    for (const { group, own } of groups) {
      for (const key of Object.keys(group)) if (!Object.hasOwn(own, key)) delete group[key]
      Object.assign(group, own)
    }
    for (const { parameter, data, grad } of parameters) {
      parameter.data.set(data)
      parameter.grad = grad
    }
    optimizer.prepareStates(states, optimizer.paramGroups)()()
  }
}

/** Returns a group's options with its arrays copied. */
function ownCopies({ params, ...options }: AnyOptimizer['paramGroups'][number]): Record<string, unknown> {
  return { ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, ownCopy(value)])), params }
}

/** Returns the rate at which the smoothed loss falls fastest, by central differences over the logarithm of the rate. */
function steepest({ lrs, smoothed }: { readonly lrs: readonly number[]; readonly smoothed: readonly number[] }): number | null {
  let [found, greatestFall]: [number | null, number] = [null, 0]
  for (let i = 1; i + 1 < smoothed.length; i++) {
    const fall = smoothed[i - 1]! - smoothed[i + 1]!
    if (fall > greatestFall) [found, greatestFall] = [lrs[i]!, fall]
  }
  return found
}
