import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OwnModel } from '../compare/own-model.ts'
import { DownhillError } from '../validation/errors.ts'

/** Imports the file of a custom model. */
export async function importModel(file: string): Promise<Partial<OwnModel>> {
  try {
    return await import(pathToFileURL(resolve(file)).href)
  } catch (cause) {
    throw new DownhillError('data-invalid', `${file} cannot be imported: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
