/** Messages between the page and the worker that trains and predicts. */
import type { Task } from '../../host/tables/dataset.ts'
import type { Field, Row } from '../../host/tables/index.ts'
import type { TableFacts } from '../table.ts'

export type Ask =
  /** A table to train on, a checkpoint, or rows to predict. */
  | { readonly ask: 'table' | 'checkpoint' | 'rows'; readonly file: File }
  | { readonly ask: 'train'; readonly target: string; readonly task: Task | undefined }
  | { readonly ask: 'row'; readonly row: Row }
  | { readonly ask: 'cancel' | 'saveModel' | 'savePredictions' }

/** Scores as text, and for at most twenty classes their confusion: rows are actual classes, columns predicted ones. */
export interface ShownScores {
  readonly lines: readonly string[]
  readonly confusion?: readonly (readonly number[])[]
}

/** Result of a training run. */
export interface Trained {
  readonly about: string
  readonly threads: string
  readonly notes: readonly string[]
  /** The metric on the test rows, and the further scores. */
  readonly scores: ShownScores
}

export interface ModelFacts {
  /** Name of the table, or of the checkpoint. */
  readonly name: string
  readonly target: string
  readonly classes: readonly string[] | undefined
  readonly fields: readonly Field[]
  /** undefined for a model from a checkpoint. */
  readonly trained: Trained | undefined
}

export interface Prediction {
  readonly value: string | number
  /** In the order of the model's classes. */
  readonly probabilities: readonly number[] | undefined
}

/** Predictions of a table, with its first rows. */
export interface PredictedTable {
  readonly name: string
  readonly rows: number
  readonly notes: readonly string[]
  readonly first: readonly { readonly value: string | number; readonly cells: readonly string[] }[]
  readonly scores: ShownScores | undefined
}

export type Tell =
  | ({ readonly tell: 'table' } & TableFacts)
  | { readonly tell: 'begun'; readonly threads: string; readonly notes: readonly string[] }
  | { readonly tell: 'progress'; readonly step: number; readonly total: number; readonly text: string }
  | { readonly tell: 'canceled' }
  | ({ readonly tell: 'model' } & ModelFacts)
  | ({ readonly tell: 'row' } & Prediction)
  | ({ readonly tell: 'rows' } & PredictedTable)
  | { readonly tell: 'file'; readonly name: string; readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly tell: 'failed'; readonly message: string }
