/** Where commands write checkpoints. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { failure } from '../io/files.ts'
import { inspect } from '../io/inspect.ts'
import { check } from '../validation/errors.ts'
import { withFile } from './files.ts'

/** Throws if a file cannot be written, or exists and is not a checkpoint. */
export function checkCheckpoint(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw failure(`${file} cannot be written`, error)
  }
  const there = statSync(file, { throwIfNoEntry: false })
  if (!there || (there.isFile() && there.size === 0)) return
  check(there.isFile() && isCheckpoint(file), 'option-range', `${file} exists and is not a checkpoint; it is not overwritten`)
}

function isCheckpoint(file: string): boolean {
  try {
    return withFile(file, inspect).format === 'checkpoint'
  } catch {
    return false
  }
}
