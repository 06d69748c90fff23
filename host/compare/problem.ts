/** The interface of problems for a comparison. */
import type { Arena } from '../memory/arena.ts'
import type { Parameter } from '../memory/tensor.ts'
import type { ModuleStateDict } from '../nn/module.ts'
import type { Generator } from '../numerics/random.ts'
import type { Baselines } from '../tables/baselines.ts'
import type { Architecture } from '../tables/perceptron.ts'
import type { SavedTable } from '../tables/saved.ts'
import type { Scores } from '../tables/scores.ts'
import type { ProblemFacts, Report } from './report.ts'

/** The data of one step. */
export interface Portion {
  /** Weight of the batch's loss in the mean of an epoch. */
  readonly rows: number
  /** Computes the loss and adds its gradients to the existing ones. */
  gradients(): number
}

/** A problem with initial weights, for one run. */
export interface Session {
  readonly parameters: Iterable<Parameter>
  /** Steps per epoch. */
  readonly steps: number
  /** Returns the batches of the next epoch, in the order of its generator. */
  epoch(): Iterable<Portion>
  /** Returns the metric on the validation or the test rows. Higher is better. */
  metric(part: 'validation' | 'test'): number
  /** Returns further scores on the test rows, for tables. */
  scores?(): Scores
  /** Returns the current weights, if there is a model. */
  stateDict?(): ModuleStateDict
  /** Frees the memory of the session. */
  dispose(): void
}

/** A problem. It creates sessions in any arena, also that of a worker. */
export interface Problem {
  readonly facts: ProblemFacts
  readonly model: { readonly layers: readonly string[] } | { readonly file: string; readonly sha256: string }
  /** Name of the metric. */
  readonly metric: string
  /** Smallest possible difference of the metric, 0 if it is continuous. */
  readonly resolution: number
  /** Size of the perceptron, if the model is one. */
  readonly architecture?: Architecture
  /** Steps that a receipt calls an epoch; undefined if it counts epochs. */
  readonly stepsPerPoint?: number
  /** Notes on dropped columns and filled cells, one sentence each. */
  readonly notes: readonly string[]
  /** The coding and the size of the model, for predictions from tables. */
  readonly table?: SavedTable
  /** Returns the metrics that a model must beat, for tables. */
  baselines?(arena: Arena): Baselines
  /** Creates a session. Initial weights and order of the rows come from the generator. */
  begin(arena: Arena, generator: Generator, batchSize: number): Session
}

/** Returns the report's description of a model with `parameters` parameters. */
export function modelFacts({ model }: Problem, parameters: number): Report['model'] {
  return 'layers' in model ? { layers: model.layers, parameters } : model
}
