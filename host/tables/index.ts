/** Entry `downhill/tables`: predictions with models trained on tables, in any runtime. */
import { Arena } from '../memory/arena.ts'
import { TableModel } from './model.ts'

export type { Cell } from './column.ts'
export type { Field, Row, TableModel } from './model.ts'

/** Options of {@link loadTableModel}. */
export interface TableModelOptions {
  /** Arena of the model. Default: a new one. */
  readonly arena?: Arena
}

/**
 * Loads a model from a checkpoint of `downhill train --data … --save FILE` or `downhill compare --data … --save FILE`. Predictions
 * are bit-identical in every runtime.
 *
 * @throws `file-invalid`, `file-unsupported`
 * @example
 * import { readFile } from 'downhill/fs'
 * import { loadTableModel } from 'downhill/tables'
 *
 * const model = await loadTableModel(await readFile('diabetes.checkpoint'))
 * const [first] = model.predict([{ age: 59, sex: 2, bmi: 32.1, bp: 101, s1: 157, s2: 93.2, s3: 38, s4: 4, s5: '4,8598', s6: null }])
 */
export async function loadTableModel(bytes: Uint8Array | ArrayBuffer, { arena }: TableModelOptions = {}): Promise<TableModel> {
  return new TableModel(arena ?? (await Arena.create()), bytes)
}
