/** The optimizers that can be compared, and what of each is tried. */

import type { Parameter } from '../memory/tensor.ts'
import { pow } from '../numerics/portable.ts'
import { Adafactor } from '../optim/adafactor.ts'
import { LBFGS } from '../optim/lbfgs.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, NAdam, RAdam, RMSprop, Rprop, SGD } from '../rules/index.ts'

const optimizers = { SGD, Adam, AdamW, Adagrad, Adadelta, RMSprop, NAdam, RAdam, Adamax, Adafactor, ASGD, Rprop, LBFGS }

/** An optimizer that can be compared. */
export type OptimizerName = keyof typeof optimizers

/** All that can be compared. */
export const optimizerNames = Object.keys(optimizers) as OptimizerName[]

/** How the learning rate goes over a run. */
export type Schedule = 'constant' | 'cosine' | 'linear'

/** The schedules there are. */
export const schedules: readonly Schedule[] = ['cosine', 'linear', 'constant']

/** The values of an option that are tried: evenly on a log scale, or one of a list. */
export type Range = { readonly log: readonly [number, number] } | { readonly values: readonly unknown[] }

/** What of an optimizer is tried: its learning rate, and one or two options of its own. */
export interface Space {
  /** Evenly on a log scale between these. */
  readonly lr: { readonly log: readonly [number, number] }
  /** One or two options of its own. */
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

/** Three decades and a half of learning rates around what each optimizer usually wants, and two more for plain gradient descent, whose rate depends on the scale of the loss. */
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

/** Options that are not tried. One iteration of LBFGS a step is one gradient a step, as the others take. */
const given: Partial<Record<OptimizerName, object>> = { LBFGS: { maxIter: 1 } }

// biome-ignore lint/suspicious/noExplicitAny: chosen by name
type OptimizerClass = new (params: Iterable<Parameter>, options: object) => any

export function makeOptimizer(name: OptimizerName, params: Iterable<Parameter>, lr: number, options: object): AnyOptimizer {
  return new (optimizers[name] as OptimizerClass)(params, { ...given[name], ...options, lr })
}

/** The i-th number of van der Corput's sequence: the digits of i in a base, mirrored behind the point. */
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
 * As many candidates: points of Halton's sequence (Numerische Mathematik 2, 1960), which are the same for every optimizer, in the optimizer's space.
 * One alone stands in the middle.
 */
export function candidates({ lr, ...own }: Space, trials: number): Candidate[] {
  return Array.from({ length: trials }, (_, i) => ({
    lr: valueAt(lr, radicalInverse(2, i + 1)) as number,
    options: Object.fromEntries(
      Object.entries(own).map(([name, range], k) => [name, valueAt(range, radicalInverse([3, 5, 7][k]!, i + 1))]),
    ),
  }))
}
