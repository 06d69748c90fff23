/**
 * `downhill/fs`: files that are replaced whole or not at all. This is the form for browsers, over the origin private file system; fs.ts has
 * the same for Node, Deno and Bun.
 */
import { failure, versions, type WriteOptions } from './files.ts'

export type { WriteOptions } from './files.ts'

/** What the types of the DOM do not have: renaming, and Safari's way to write, which is there in workers only. */
interface BrowserFile {
  move(name: string): Promise<void>
  createSyncAccessHandle(): Promise<{ truncate(size: number): void; write(bytes: Uint8Array): number; flush(): void; close(): void }>
}

/** The folder a path leads to, and the last part of the path. */
async function locate(path: string, create: boolean): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
  const parts = path.split('/').filter((part) => part !== '')
  const name = parts.pop() ?? ''
  let folder = await navigator.storage.getDirectory()
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create })
  return { folder, name }
}

/** Writes contents under another name, and then gives them their own, which replaces what had it. */
async function put(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const part = (await folder.getFileHandle(`${name}.part`, { create: true })) as FileSystemFileHandle & BrowserFile
  if ('createWritable' in part) {
    const stream = await part.createWritable()
    await stream.write(bytes).catch(async (error) => {
      await stream.abort()
      throw error
    })
    await stream.close()
  } else {
    const file = await (part as BrowserFile).createSyncAccessHandle()
    try {
      file.truncate(0)
      file.write(bytes)
      file.flush()
    } finally {
      file.close()
    }
  }
  await (part as BrowserFile).move(name)
}

async function contents(folder: FileSystemDirectoryHandle, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await (await folder.getFileHandle(name)).getFile()
  return new Uint8Array(await file.arrayBuffer())
}

const isAbsent = (error: unknown) => (error as { name?: string }).name === 'NotFoundError'

/**
 * Writes a file. What was there is replaced in one moment, when the new contents are on the device: whoever is interrupted leaves the old
 * file or the new one. In browsers the path is one of the origin private file system, and its folders are made.
 *
 * @param bytes such as `checkpoint.save` gives
 * @throws `file-failed`; then the file is as it was
 * @example
 * import { readFile, writeFile } from 'downhill/fs'
 *
 * const generator = new Generator(7)
 * await writeFile('run.checkpoint', io.checkpoint.save({ generator }), { keep: 3 })
 * io.checkpoint.load(await readFile('run.checkpoint'), { generator })
 */
export async function writeFile(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  versions(path, bytes, options)
  try {
    const { folder, name } = await locate(path, true)
    const names = versions(name, bytes, options)
    for (let i = names.length - 1; i > 0; i--) {
      const newer = await contents(folder, names[i - 1]!).catch((error) => {
        if (!isAbsent(error)) throw error
      })
      if (newer) await put(folder, names[i]!, newer)
    }
    await put(folder, name, bytes as Uint8Array<ArrayBuffer>)
  } catch (error) {
    throw failure(`${path} cannot be written, and is as it was`, error)
  }
}

/**
 * Reads a whole file.
 *
 * @throws `file-failed`
 */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const { folder, name } = await locate(path, false)
    return await contents(folder, name)
  } catch (error) {
    throw failure(`${path} cannot be read`, error)
  }
}
