/**
 * Entry `downhill/fs` for browsers: atomic file replacement in the origin private file system. fs.ts is the entry for Node, Deno and
 * Bun.
 */
import { failure, versions, type WriteOptions } from './files.ts'

export type { WriteOptions } from './files.ts'

/** Methods that the DOM's types lack: renaming, and Safari's way to write, which only workers have. */
interface BrowserFile {
  move(name: string): Promise<void>
  createSyncAccessHandle(): Promise<{ truncate(size: number): void; write(bytes: Uint8Array): number; flush(): void; close(): void }>
}

/** Returns the folder of a path, and the last part of the path. */
async function locate(path: string, create: boolean): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
  const parts = path.split('/').filter((part) => part !== '')
  const name = parts.pop() ?? ''
  let folder = await navigator.storage.getDirectory()
  for (const part of parts) folder = await folder.getDirectoryHandle(part, { create })
  return { folder, name }
}

/** Writes the contents under a temporary name, then renames the file, which replaces the old one. */
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
 * Writes a file atomically: the new contents replace the old ones once they are on the device. An interrupted write leaves the old file or
 * the new one. In browsers the path is in the origin private file system, and missing folders are created.
 *
 * @param bytes for example from `checkpoint.save`
 * @throws `file-failed`; the file is then unchanged
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
    throw failure(`${path} cannot be written and is unchanged`, error)
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
