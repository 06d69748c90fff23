/** What optimizers are compared on. */
import type { Arena } from '../memory/arena.ts'
import type { Parameter } from '../memory/tensor.ts'
import type { ModuleStateDict } from '../nn/module.ts'
import type { Generator } from '../numerics/random.ts'
import type { ProblemFacts, Report } from './report.ts'

/** One step's worth of what is learned from. */
export interface Portion {
  /** How much the loss counts in the mean of an epoch. */
  readonly rows: number
  /** Computes the loss and its gradients, which are added to those there are. */
  gradients(): number
}

/** A problem with initial weights: what one run takes. */
export interface Session {
  readonly parameters: Iterable<Parameter>
  /** Steps of an epoch. */
  readonly steps: number
  /** The portions of the next epoch, in the order of its generator. */
  epoch(): Iterable<Portion>
  /** The metric: on the rows by which options are chosen, or on those of the result. Higher is better. */
  metric(part: 'validation' | 'test'): number
  /** The weights as they are, where there is a model. */
  stateDict?(): ModuleStateDict
  /** Gives back the memory. */
  dispose(): void
}

/** What optimizers are compared on. It makes sessions in any arena, also in that of a worker. */
export interface Problem {
  readonly facts: ProblemFacts
  readonly model: { readonly layers: readonly string[] } | { readonly file: string; readonly sha256: string }
  /** What the metric is called. */
  readonly metric: string
  /** The least by which the metric can differ, 0 if by anything. */
  readonly resolution: number
  /** Units of the hidden layer, where there is one. */
  readonly hidden?: number
  /** How many steps a receipt calls an epoch; it counts epochs if undefined. */
  readonly stepsPerPoint?: number
  /** What was left out of the data or filled in, a sentence each. */
  readonly notes: readonly string[]
  /** Initial weights and order of the rows come from the generator. */
  begin(arena: Arena, generator: Generator, batchSize: number): Session
}

/** The model of a report, of a problem whose model has so many parameters. */
export function modelFacts({ model }: Problem, parameters: number): Report['model'] {
  return 'layers' in model ? { layers: model.layers, parameters } : model
}
