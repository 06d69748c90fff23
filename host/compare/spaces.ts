/** The optimizers that can be compared, and their search spaces. */

import type { Parameter } from '../memory/tensor.ts'
import { pow } from '../numerics/portable.ts'
import { Adafactor } from '../optim/adafactor.ts'
import { LBFGS } from '../optim/lbfgs.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, NAdam, RAdam, RMSprop, Rprop, SGD } from '../rules/index.ts'

const optimizers = { SGD, Adam, AdamW, Adagrad, Adadelta, RMSprop, NAdam, RAdam, Adamax, Adafactor, ASGD, Rprop, LBFGS }

/** An optimizer that can be compared. */
export type OptimizerName = keyof typeof optimizers

/** All optimizers that can be compared. */
export const optimizerNames = Object.keys(optimizers) as OptimizerName[]

/** Schedule of the learning rate over a run. */
export type Schedule = 'constant' | 'cosine' | 'linear'

/** All schedules. */
export const schedules: readonly Schedule[] = ['cosine', 'linear', 'constant']

/** Search space of an option: evenly on a log scale, or a list of values. */
export type Range = { readonly log: readonly [number, number] } | { readonly values: readonly unknown[] }

/** Search space of an optimizer: its learning rate, and one or two of its options. */
export interface Space {
  /** Range, sampled evenly on a log scale. */
  readonly lr: { readonly log: readonly [number, number] }
  /** One or two options. */
  readonly [option: string]: Range
}

const adaptive = { log: [3e-5, 0.1] } as const
const moments = {
  values: [
    [0.9, 0.999],
    [0.9, 0.99],
    [0.95, 0.99],
  ],
}

/** 3.5 decades of learning rates around the usual value of each optimizer, and two more for SGD, whose rate depends on the scale of the loss. */
export const spaces: Readonly<Record<OptimizerName, Space>> = {
  SGD: { lr: { log: [1e-5, 3] }, momentum: { values: [0, 0.9] } },
  Adam: { lr: adaptive, betas: moments },
  AdamW: { lr: adaptive, weightDecay: { log: [1e-3, 0.3] }, betas: moments },
  Adagrad: { lr: { log: [3e-4, 1] }, initialAccumulatorValue: { values: [0, 0.1] } },
  Adadelta: { lr: { log: [1e-2, 30] }, rho: { values: [0.9, 0.95, 0.99] } },
  RMSprop: { lr: adaptive, alpha: { values: [0.99, 0.9] }, momentum: { values: [0, 0.9] } },
  NAdam: { lr: adaptive, betas: moments },
  RAdam: { lr: adaptive, betas: moments },
  Adamax: { lr: adaptive, betas: moments },
  Adafactor: { lr: { log: [3e-4, 1] }, weightDecay: { values: [0, 0.01] } },
  ASGD: { lr: { log: [1e-5, 3] } },
  Rprop: { lr: { log: [1e-5, 1e-2] } },
  LBFGS: { lr: { log: [1e-3, 1] }, historySize: { values: [10, 100] } },
}

/** Fixed options. LBFGS gets one iteration per step, so that it uses one gradient per step like the others. */
const given: Partial<Record<OptimizerName, object>> = { LBFGS: { maxIter: 1 } }

// biome-ignore lint/suspicious/noExplicitAny: chosen by name
type OptimizerClass = new (params: Iterable<Parameter>, options: object) => any

export function makeOptimizer(name: OptimizerName, params: Iterable<Parameter>, lr: number, options: object): AnyOptimizer {
  return new (optimizers[name] as OptimizerClass)(params, { ...given[name], ...options, lr })
}

/** Returns number i of van der Corput's sequence: the digits of i in a base, mirrored at the point. */
function radicalInverse(base: number, i: number): number {
  let value = 0
  for (let rest = i, place = 1 / base; rest > 0; rest = Math.floor(rest / base), place /= base) value += (rest % base) * place
  return value
}

function valueAt(range: Range, at: number): unknown {
  if ('values' in range) return range.values[Math.floor(at * range.values.length)]
  const [low, high] = range.log
  return Number((low * pow(high / low, at)).toPrecision(3))
}

/** A learning rate and options to try. */
export interface Candidate {
  readonly lr: number
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * Returns `count` candidates in an optimizer's space: points of Halton's sequence (Numerische Mathematik 2, 1960), the same for every optimizer.
 * A single one is in the middle.
 */
export function candidates({ lr, ...own }: Space, trials: number): Candidate[] {
  return Array.from({ length: trials }, (_, i) => ({
    lr: valueAt(lr, radicalInverse(2, i + 1)) as number,
    options: Object.fromEntries(
      Object.entries(own).map(([name, range], k) => [name, valueAt(range, radicalInverse([3, 5, 7][k]!, i + 1))]),
    ),
  }))
}
