/** Messages between the page and the worker that runs a comparison. */
import type { Settings } from '../../host/compare/protocol.ts'
import type { Source } from '../../host/compare/report.ts'
import type { TableFacts } from '../table.ts'

/** The visitor's choices. Missing ones are planned, or have the command's defaults. */
export interface Choice {
  readonly source: Source
  readonly optimizers: readonly string[]
  /** A time budget in minutes. */
  readonly effort: 'quick' | 'default' | number
  readonly asked: Partial<Omit<Settings, 'optimizers' | 'spaces'>> & { readonly hidden?: number }
}

export type Ask =
  | { readonly ask: 'read' | 'replay'; readonly file: File }
  | { readonly ask: 'start'; readonly choice: Choice }
  | { readonly ask: 'weights'; readonly kind: 'safetensors' | 'pt' }
  | { readonly ask: 'threadFailed'; readonly message: string }
  | { readonly ask: 'goOn' | 'pause' | 'resume' | 'cancel' | 'forget' }

/** A comparison to resume. */
export interface Summary {
  readonly title: string
  readonly done: number
  readonly total: number
}

/** State of an optimizer in a running comparison. */
export interface Line {
  readonly label: string
  readonly at: number
  readonly trials: string
  readonly best: string
  readonly lr: string
  readonly runs: string
  readonly mean: string
  readonly isLeading: boolean
}

export interface Finished {
  readonly json: string
  readonly html: string
  readonly lead: string
  /** Pieces of HTML. */
  readonly sections: readonly string[]
  /** The receipt of a replay, and the first difference from it, if any. */
  readonly replayed?: { readonly file: string; readonly difference: string | undefined }
  /** The optimizer whose weights are available. */
  readonly weightsOf?: string
}

export interface ProgressFacts extends Summary {
  readonly left: number | undefined
  readonly leader: string | undefined
  readonly lines: readonly Line[]
  readonly plot: string
}

export type Tell =
  /** Ports of threads to start; an empty list ends the current ones. */
  | { readonly tell: 'threads'; readonly ports: readonly MessagePort[] }
  | ({ readonly tell: 'table' } & TableFacts)
  | { readonly tell: 'plan'; readonly title: string; readonly text: string; readonly notes: readonly string[]; readonly isKept: boolean }
  | ({ readonly tell: 'progress' } & ProgressFacts)
  | ({ readonly tell: 'finished' } & Finished)
  | ({ readonly tell: 'stopped' } & Summary)
  | { readonly tell: 'weights'; readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly tell: 'wanted'; readonly table: string; readonly receipt: string }
  | { readonly tell: 'failed'; readonly message: string }
