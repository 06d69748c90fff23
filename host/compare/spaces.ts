/** The optimizers that can be compared, and the learning rates each is tried with. */
import type { Optimizer } from '../optimizer/optimizer.ts'
import { Adadelta, Adagrad, Adam, AdamW, RMSprop, SGD } from '../rules/index.ts'
import type { Parameter } from '../tensor.ts'

const optimizers = { SGD, Adam, AdamW, Adagrad, Adadelta, RMSprop }

/** An optimizer that can be compared. */
export type OptimizerName = keyof typeof optimizers

/** What of an optimizer is tried. */
export interface Space {
  /** Lowest and highest learning rate; trials stand evenly between them on a log scale. */
  readonly lr: { readonly log: readonly [number, number] }
}

/** Two decades and a half around what each optimizer usually wants. */
export const spaces: Readonly<Record<OptimizerName, Space>> = {
  SGD: { lr: { log: [3e-3, 1] } },
  Adam: { lr: { log: [1e-4, 3e-2] } },
  AdamW: { lr: { log: [1e-4, 3e-2] } },
  Adagrad: { lr: { log: [1e-3, 0.3] } },
  Adadelta: { lr: { log: [0.03, 10] } },
  RMSprop: { lr: { log: [1e-4, 3e-2] } },
}

/** All that can be compared. */
export const optimizerNames = Object.keys(optimizers) as OptimizerName[]

export function makeOptimizer(name: OptimizerName, params: Iterable<Parameter>, lr: number): Optimizer<object> {
  return new optimizers[name](params, { lr }) as Optimizer<object>
}
