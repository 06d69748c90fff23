/** Files that commands read in part, and files that they write: checked before the work begins, and written atomically. */
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { failure } from '../io/files.ts'
import type { Source } from '../io/source.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { prefixed } from '../validation/naming.ts'

/**
 * Throws unless a folder exists or can be created, and files with these names can be written in it.
 *
 * @throws `option-range` with the reason
 */
export function checkFolder(folder: string, files: readonly string[]): void {
  check(folder !== '', 'option-range', 'the output folder must have a name')
  const kind = (path: string) => statSync(path, { throwIfNoEntry: false })
  let there = resolve(folder)
  // A path through a file fails with ENOTDIR; the file is found on the way up.
  while (!exists(there)) there = dirname(there)
  check(kind(there)!.isDirectory(), 'option-range', () => `${shown(folder)} cannot be a folder: ${there} is a file`)
  for (const name of files) {
    const path = join(folder, name)
    check(!(exists(path) && kind(path)!.isDirectory()), 'option-range', () => `${path} cannot be written: it is a folder`)
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** Writes files into a folder: each under a temporary name, then renamed. */
export function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true })
  const part = (name: string) => join(folder, `.${name}.${process.pid}.part`)
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(part(name), text)
    for (const name of Object.keys(files)) renameSync(part(name), join(folder, name))
  } finally {
    for (const name of Object.keys(files)) rmSync(part(name), { force: true })
  }
}

/**
 * Opens a file for random access. `beside` opens another in its folder.
 *
 * @throws `file-failed`; errors of `look`, prefixed with the file's name
 */
export function withFile<T>(path: string, look: (source: Source, beside: (name: string) => Source) => T): T {
  const files: number[] = []
  const cannot = (what: string, error: unknown) => failure(`${what} cannot be read`, error)
  const opened = (what: string, path: string): Source => {
    try {
      // Opening a pipe, for example, would block.
      if (!statSync(path).isFile()) throw new Error('it is not a file')
      const file = openSync(path, 'r')
      files.push(file)
      return { size: fstatSync(file).size, at: (start, length) => bytesAt(file, start, length) }
    } catch (error) {
      throw cannot(what, error)
    }
  }
  const source = opened(path, path)
  try {
    return look(source, (name) => opened(name, join(dirname(path), name)))
  } catch (error) {
    throw error instanceof DownhillError ? prefixed(path, error) : cannot(path, error)
  } finally {
    for (const file of files) closeSync(file)
  }
}

function bytesAt(file: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, length - at, start + at)
    if (read === 0) throw new Error('it was truncated while it was read')
    at += read
  }
  return bytes
}
