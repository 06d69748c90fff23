/** What a comparison writes down: report.json. Every time stands under a key called `seconds`; all else is the same in every run. */
import type { CurvePoint } from './train.ts'

/** One training run: a seed at the best learning rate. */
export interface ReportRun {
  readonly seed: number
  /** The metric on the test rows; null if the run failed. */
  readonly value: number | null
  readonly curve: readonly CurvePoint[]
  readonly seconds: number
  readonly failed: boolean
}

/** One learning rate: `value` is the mean metric on the validation rows, null if a run failed. */
export interface Trial {
  readonly lr: number
  readonly options: Readonly<Record<string, unknown>>
  readonly value: number | null
  readonly failed: boolean
  readonly seconds: number
}

/** One optimizer at its best learning rate. */
export interface Result {
  readonly optimizer: string
  readonly label: string
  readonly lr: number
  readonly options: Readonly<Record<string, unknown>>
  /** Mean over the runs; null if one failed. */
  readonly value: number | null
  readonly runs: readonly ReportRun[]
  readonly trials: readonly Trial[]
  /** Steps until the validation metric reached the target in every run, on average; null if it did not. */
  readonly stepsToTarget: number | null
  readonly seconds: number
  readonly stateBytes: number
  readonly failures: number
}

/** All of `report.json`. */
export interface Report {
  readonly format: 1
  readonly version: string
  readonly runtime: string
  readonly command: string
  readonly problem: {
    readonly name: string
    readonly kind: 'classification' | 'regression'
    readonly rows: number
    readonly features: number
    readonly classes?: number
    readonly split: { readonly train: number; readonly validation: number; readonly test: number; readonly seed: number }
    readonly sha256: string
  }
  readonly model: { readonly layers: readonly string[]; readonly parameters: number }
  readonly metric: { readonly name: string; readonly direction: 'higher' }
  readonly protocol: {
    readonly baseSeed: number
    readonly seeds: readonly number[]
    readonly trials: number
    readonly epochs: number
    readonly batchSize: number
    readonly schedule: string
    readonly spaces: Readonly<Record<string, unknown>>
  }
  readonly results: readonly Result[]
  /** Labels, best first. */
  readonly ranking: readonly (readonly string[])[]
}
