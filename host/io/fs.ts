/** Entry `downhill/fs` for Node, Deno and Bun. opfs.ts is the entry for browsers and has the documentation. */
import { copyFile, link, open, readdir, readFile as readWhole, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { failure, versions } from './files.ts'
import type * as opfs from './opfs.ts'

export type { WriteOptions } from './files.ts'

let written = 0

/** Writes the contents to the device under a temporary name. */
async function writePart(part: string, bytes: Uint8Array): Promise<void> {
  const file = await open(part, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Whether an error means that a file is missing. */
const isAbsent = (error: unknown) => (error as { code?: string }).code === 'ENOENT'

function ignoreAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code !== 'ESRCH'
  }
}

/** Removes temporary files of processes that were killed while they wrote this file. */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path)
  const start = `.${basename(path)}.`
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(start) ? name.slice(start.length).match(/^(\d+)-\d+\.part$/)?.[1] : undefined
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

/** Renames every older version to the next. The file itself stays in place and gets a second name. */
async function age([path, ...older]: readonly string[]): Promise<void> {
  for (let i = older.length - 1; i > 0; i--) await rename(older[i - 1]!, older[i]!).catch(ignoreAbsent)
  if (!older.length) return
  await rm(older[0]!, { force: true })
  await link(path!, older[0]!).catch(async (error) => {
    // Some file systems do not support a second name.
    if (!isAbsent(error)) await copyFile(path!, older[0]!)
  })
}

/** Flushes names to the device. Not every system can open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

export const writeFile: typeof opfs.writeFile = async (path, bytes, options = {}) => {
  versions(path, bytes, options)
  // Symbolic links are kept; their target is replaced.
  const real = await realpath(path).catch(() => path)
  const names = versions(real, bytes, options)
  const part = join(dirname(real), `.${basename(real)}.${process.pid}-${written++}.part`)
  try {
    await removeLeftovers(real)
    await writePart(part, bytes)
    await age(names)
    await rename(part, real)
    await syncFolder(dirname(real))
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw failure(`${path} cannot be written and is unchanged`, error)
  }
}

export const readFile: typeof opfs.readFile = async (path) => {
  try {
    const { buffer, byteOffset, length } = await readWhole(path)
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, length)
  } catch (error) {
    throw failure(`${path} cannot be read`, error)
  }
}
