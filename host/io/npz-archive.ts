/** The arrays of an .npz file. */
import { DownhillError, printable, shown } from '../validation/errors.ts'
import { prefixed } from '../validation/naming.ts'
import type { ZipEntry } from './zip.ts'

/** Default limit of unpacked bytes: the larger of this and MOST_TIMES times the size of the file. */
const MOST_UNPACKED = 2 ** 27
const MOST_TIMES = 16

export const ENDING = '.npy'

/** Returns the default limit of unpacked bytes for a file of `size` bytes. */
export function unpackedLimit(size: number): number {
  return Math.max(MOST_UNPACKED, MOST_TIMES * size)
}

/** Returns the arrays in an archive, with their names. */
export function arrayEntries(entries: ReadonlyMap<string, ZipEntry>): [name: string, entry: ZipEntry][] {
  return [...entries].map(([file, entry]) => {
    const name = file.slice(0, -ENDING.length)
    const isArray = file.endsWith(ENDING) && name !== '__proto__'
    if (!isArray) throw new DownhillError('file-unsupported', `the file ${shown(file)} in the archive is not an ${ENDING} file`)
    return [name, entry]
  })
}

/** Runs a function on an array, and prefixes its errors with the array's name. */
export function named<T>(name: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw prefixed(`${printable(name.slice(0, 80))}${ENDING}`, error)
  }
}
