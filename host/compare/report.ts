/**
 * The data of a report: report.json, the receipt from which a comparison can be replayed. All times are under keys called `seconds`;
 * everything else is identical in every run and runtime.
 */
import type { Baselines } from '../tables/baselines.ts'
import type { Schedule, Space } from './spaces.ts'

/** [step, mean training loss since the point before, metric on the validation rows] */
export type CurvePoint = readonly [step: number, train: number, held: number]

/** An optimizer's options besides its learning rate. */
export type Options = Readonly<Record<string, unknown>>

/** Lower and upper end of an interval; null with too few runs. */
export type Interval = readonly [low: number, high: number] | null

/** A run with the best options of the trials, from a seed that no trial used. */
export interface ReportRun {
  readonly seed: number
  /** The metric on the test rows; null if the run failed. */
  readonly value: number | null
  readonly curve: readonly CurvePoint[]
  readonly seconds: number
  readonly failed: boolean
}

/** A trial of a learning rate and options. */
export interface Trial {
  readonly lr: number
  readonly options: Options
  /** Metric on the validation rows; null if the run failed. */
  readonly value: number | null
  readonly failed: boolean
  readonly seconds: number
}

/** Scores of classes, or of values in the unit of the target. */
export type Metrics =
  | { readonly balancedAccuracy: number; readonly logLoss: number; readonly confusion: readonly (readonly number[])[] }
  | { readonly mae: number; readonly rmse: number }

/** An optimizer with its best options. */
export interface Result {
  readonly optimizer: string
  /** Name or label on the command line. */
  readonly label: string
  readonly lr: number
  readonly options: Options
  /** Mean over the runs; null if a run failed. */
  readonly value: number | null
  /** 95 % interval of the mean. */
  readonly interval: Interval
  readonly runs: readonly ReportRun[]
  readonly trials: readonly Trial[]
  /** Further scores on the test rows, for tables: means over the runs, and the sum of their confusion matrices. null if a run failed. */
  readonly metrics?: Metrics | null
  /** Mean number of steps until the validation metric reached the target; null if a run did not reach it. */
  readonly stepsToTarget: number | null
  /** Mean duration of a run. */
  readonly seconds: number
  readonly stateBytes: number
  /** Number of failed trials and runs. */
  readonly failures: number
}

/** Two optimizers compared over the same seeds. */
export interface Comparison {
  readonly a: string
  readonly b: string
  /** Mean difference, a's metric minus b's. */
  readonly difference: number
  /** Interval of the difference, at 95 % for all comparisons together (Holm). A difference is detected if it excludes 0. */
  readonly interval: readonly [low: number, high: number]
  readonly adjusted: true
}

/** A table, and how it is read and split. */
export interface TableSource {
  readonly data: string
  readonly target: string
  readonly task?: 'classification' | 'regression'
  /** false if the file has no header line. */
  readonly header?: false
  /** Column to group by: rows with the same value stay in one part. */
  readonly group?: string
  /** Column of times: the latest rows are the test rows. */
  readonly time?: string
}

/** Source of the problem, for a replay. */
export type Source = { readonly problem: string; readonly condition?: number } | TableSource | { readonly model: string }

/** The task. */
export interface ProblemFacts {
  readonly name: string
  readonly kind: 'classification' | 'regression' | 'language' | 'function'
  /** Rows of a table, characters of a text, batches of a custom model; 0 for a function. */
  readonly rows: number
  /** Feature columns of a model, or dimensions of a function. */
  readonly features: number
  /** Number of classes; for text, of characters. */
  readonly classes?: number
  /** Names of the classes of a table, in the order of confusion matrices. */
  readonly classNames?: readonly string[]
  readonly split: { readonly train: number; readonly validation: number; readonly test: number; readonly seed: number }
  /** Hash of the table, the text or the model's file; for a function, of its name and options. */
  readonly sha256: string
}

/** The contents of `report.json`. */
export interface Report {
  readonly format: 1
  readonly version: string
  readonly runtime: string
  readonly command: string
  readonly problem: ProblemFacts & { readonly source: Source }
  readonly model: { readonly layers: readonly string[]; readonly parameters: number } | { readonly file: string; readonly sha256: string }
  /** `target` is the metric that `stepsToTarget` counts to: most of the way from the initial weights to the best validation result. */
  readonly metric: { readonly name: string; readonly direction: 'higher'; readonly target: number | null }
  readonly protocol: Protocol
  /** For tables: the metric of the most frequent class or the mean, and of a linear model on the same features. */
  readonly baselines?: Baselines
  readonly results: readonly Result[]
  /** Labels, best first; the labels in an inner list are statistically indistinguishable. */
  readonly ranking: readonly (readonly string[])[]
  readonly comparisons: readonly Comparison[]
  /** null if every optimizer failed. */
  readonly recommendation: { readonly optimizer: string; readonly lr: number; readonly schedule: Schedule; readonly text: string } | null
}

/** The declared settings: what is tried, and how often. */
export interface Protocol {
  readonly baseSeed: number
  /** Seeds of the runs. All optimizers share initial weights and batch order per seed; a second copy of an optimizer has its own seeds. */
  readonly seeds: readonly number[]
  readonly trials: number
  /** Passes over the training rows per run. */
  readonly epochs?: number
  /** Steps per run, for problems without rows. */
  readonly steps?: number
  readonly batchSize: number
  /** Units of the hidden layer, or of each, if there is one. */
  readonly hidden?: number | readonly number[]
  /** Probability of dropout, if it is not 0. */
  readonly dropout?: number
  readonly schedule: Schedule
  readonly spaces: Readonly<Record<string, Space>>
}
