/** Checkpoints of training runs, as `downhill train --save` and the page write them. */
import * as checkpoint from '../io/checkpoint.ts'
import { isDict } from '../io/dict.ts'
import { check } from '../validation/errors.ts'
import type { Source } from './report.ts'
import type { Training, TrainingProgress, TrainingSettings } from './training.ts'

/** Entries of a checkpoint besides its parts. */
export interface SavedRun {
  readonly settings: TrainingSettings
  /** Source of the data, and their checksum. */
  readonly source: Source
  readonly sha256: string
  readonly progress: TrainingProgress
}

/** Returns the checkpoint of a run: everything to resume it, and for tables the model of the best weights. */
export function saveRun(training: Training, { source, sha256 }: Pick<SavedRun, 'source' | 'sha256'>): Uint8Array<ArrayBuffer> {
  const { parts, table, settings, progress } = training
  return checkpoint.save({ ...parts, ...(table && { table }), run: { settings, source, sha256, progress } })
}

/**
 * Reads the run in a checkpoint. Settings are checked where they are used.
 *
 * @throws `file-invalid` if `downhill train` did not write it
 */
export function savedRun(bytes: Uint8Array): SavedRun {
  const { run } = checkpoint.read(bytes)
  const { settings, source, sha256, progress } = isDict(run) ? run : {}
  const hasSettings = isDict(settings) && isDict(settings.options) && typeof settings.optimizer === 'string'
  const hasProgress = isDict(progress) && Number.isSafeInteger(progress.step) && Array.isArray(progress.curve)
  const fits = hasSettings && hasProgress && isDict(source) && typeof sha256 === 'string'
  check(fits, 'file-invalid', 'this checkpoint was not written by downhill train')
  return run as unknown as SavedRun
}

/** Whether the table of a checkpoint had a header line. */
export function hadHeader(bytes: Uint8Array): boolean {
  const { run } = checkpoint.read(bytes)
  return !(isDict(run) && isDict(run.source) && run.source.header === false)
}
