/**
 * What a comparison writes down: report.json, the receipt from which it can be run again. Every time stands under a key called `seconds`; all
 * else is the same in every run, in every runtime.
 */
import type { Schedule, Space } from './spaces.ts'

/** [step, mean training loss since the point before, metric on the validation rows] */
export type CurvePoint = readonly [step: number, train: number, held: number]

/** Values of an optimizer's options beside its learning rate. */
export type Options = Readonly<Record<string, unknown>>

/** Lower and upper end; null where there are too few runs for one. */
export type Interval = readonly [low: number, high: number] | null

/** One run with the options that did best in the trials, from a seed that was not used for those. */
export interface ReportRun {
  readonly seed: number
  /** The metric on the test rows; null if the run failed. */
  readonly value: number | null
  readonly curve: readonly CurvePoint[]
  readonly seconds: number
  readonly failed: boolean
}

/** One try of a learning rate and options. */
export interface Trial {
  readonly lr: number
  readonly options: Options
  /** The metric on the validation rows, null if the run failed. */
  readonly value: number | null
  readonly failed: boolean
  readonly seconds: number
}

/** One optimizer with the options that did best for it. */
export interface Result {
  readonly optimizer: string
  /** What it was called on the command line. */
  readonly label: string
  readonly lr: number
  readonly options: Options
  /** Mean over the runs; null if one failed. */
  readonly value: number | null
  /** Of the mean, at 95 %. */
  readonly interval: Interval
  readonly runs: readonly ReportRun[]
  readonly trials: readonly Trial[]
  /** Steps until the validation metric reached the target in every run, on average; null if it did not. */
  readonly stepsToTarget: number | null
  /** Of a run, on average. */
  readonly seconds: number
  readonly stateBytes: number
  /** Failed trials and runs. */
  readonly failures: number
}

/** Two optimizers over the same seeds. */
export interface Comparison {
  readonly a: string
  readonly b: string
  /** Mean of a's metric less b's. */
  readonly difference: number
  /** Of the difference: at 95 % for all comparisons together, after Holm. A difference is detected if it does not hold 0. */
  readonly interval: readonly [low: number, high: number]
  readonly adjusted: true
}

/** Where the problem comes from, for whoever runs it again. */
export type Source =
  | { readonly problem: string; readonly condition?: number }
  | { readonly data: string; readonly target: string; readonly task?: 'classification' | 'regression' }
  | { readonly model: string }

/** What is to be learned. */
export interface ProblemFacts {
  readonly name: string
  readonly kind: 'classification' | 'regression' | 'language' | 'function'
  /** Rows of a table, characters of a text, batches of a model of one's own; 0 for a function. */
  readonly rows: number
  /** Columns a model sees, or the dimensions of a function. */
  readonly features: number
  /** Of a classification; of text, its characters. */
  readonly classes?: number
  readonly split: { readonly train: number; readonly validation: number; readonly test: number; readonly seed: number }
  /** Of the table, the text or the model's file; of a function, of its name and options. */
  readonly sha256: string
}

/** All of `report.json`. */
export interface Report {
  readonly format: 1
  readonly version: string
  readonly runtime: string
  readonly command: string
  readonly problem: ProblemFacts & { readonly source: Source }
  readonly model: { readonly layers: readonly string[]; readonly parameters: number } | { readonly file: string; readonly sha256: string }
  /** `target` is what `stepsToTarget` was counted to: most of the way from the initial weights to the best result on the validation rows. */
  readonly metric: { readonly name: string; readonly direction: 'higher'; readonly target: number | null }
  readonly protocol: Protocol
  readonly results: readonly Result[]
  /** Labels, best first; those in one inner list cannot be told apart. */
  readonly ranking: readonly (readonly string[])[]
  readonly comparisons: readonly Comparison[]
  /** null if every optimizer failed. */
  readonly recommendation: { readonly optimizer: string; readonly lr: number; readonly schedule: Schedule; readonly text: string } | null
}

/** What was tried, and how often: declared before anything runs. */
export interface Protocol {
  readonly baseSeed: number
  /** Of the runs; all optimizers have the same initial weights and batch order under each. A second copy of an optimizer has its own. */
  readonly seeds: readonly number[]
  readonly trials: number
  /** Passes over the training rows in a run. */
  readonly epochs?: number
  /** Steps of a run, where there are no rows. */
  readonly steps?: number
  readonly batchSize: number
  /** Units of the hidden layer, where there is one. */
  readonly hidden?: number
  readonly schedule: Schedule
  readonly spaces: Readonly<Record<string, Space>>
}
