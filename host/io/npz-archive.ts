/** The arrays of an .npz file. */
import { DownhillError, printable, shown } from '../validation/errors.ts'
import type { ZipEntry } from './zip.ts'

/** Default limit of unpacked bytes: so many, or so many times the file. */
const MOST_UNPACKED = 2 ** 27
const MOST_TIMES = 16

export const ENDING = '.npy'

/** Returns the limit of the unpacked bytes of a file. */
export function unpackedLimit(size: number): number {
  return Math.max(MOST_UNPACKED, MOST_TIMES * size)
}

/** Returns the arrays of an archive by name. */
export function arrayEntries(entries: ReadonlyMap<string, ZipEntry>): [name: string, entry: ZipEntry][] {
  return [...entries].map(([file, entry]) => {
    const name = file.slice(0, -ENDING.length)
    const isArray = file.endsWith(ENDING) && name !== '__proto__'
    if (!isArray) throw new DownhillError('file-unsupported', `the file ${shown(file)} in the archive is not an ${ENDING} file`)
    return [name, entry]
  })
}

/** Runs a function on an array. Errors have its name. */
export function named<T>(name: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw error instanceof DownhillError
      ? new DownhillError(error.code, `${printable(name.slice(0, 80))}${ENDING}: ${error.message}`)
      : error
  }
}
