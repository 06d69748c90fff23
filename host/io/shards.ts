/** The index of a sharded safetensors model: Hugging Face's `model.safetensors.index.json`. */
import { DownhillError, shown } from '../validation/errors.ts'
import { prefixed } from '../validation/naming.ts'
import { type Dict, isDict } from './dict.ts'
import { LONGEST_HEADER } from './header.ts'
import { extentOf } from './json.ts'

/** The parsed index. */
export interface ShardIndex {
  /** File name of each tensor. */
  readonly files: ReadonlyMap<string, string>
  readonly metadata: Dict
}

/** Maximum nesting of the index. The weight map takes two levels; values in the metadata may take more. */
const DEEPEST = 8

/** Name of a file in the same folder as the index. Paths are rejected, because they could lead to any file. */
const FILE_NAME = /^(?!\.)[^/\\:\p{C}\p{Zl}\p{Zp}]{1,255}$/u

function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `this is not an index of safetensors files: ${why}`)
}

/** Returns the number of keys in all objects of a value. */
function keysIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, entry) => sum + keysIn(entry), 0)
  return isDict(value) ? Object.values(value).reduce((sum: number, entry) => sum + 1 + keysIn(entry), 0) : 0
}

function parsed(bytes: Uint8Array): unknown {
  if (bytes.length > LONGEST_HEADER) throw damaged(`it must have at most ${LONGEST_HEADER} bytes, got ${bytes.length}`)
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw damaged('it is not UTF-8')
  }
  const { depth, keys } = extentOf(text)
  if (depth > DEEPEST) throw damaged('it is nested too deeply')
  try {
    value = JSON.parse(text)
  } catch {
    // Replaces the engine's message, which differs between engines.
    throw damaged('it is not JSON')
  }
  if (keysIn(value) !== keys) throw damaged('it repeats a name')
  return value
}

/** Reads and checks an index, given as the bytes of its file or as the parsed object. */
export function readIndex(index: unknown): ShardIndex {
  const value = index instanceof Uint8Array ? parsed(index) : index
  if (!isDict(value)) throw damaged(`it must be an object, got ${shown(value)}`)
  const { weight_map: map, metadata = {} } = value
  if (!isDict(map)) throw damaged(`its weight_map must be an object, got ${shown(map)}`)
  if (!isDict(metadata)) throw damaged(`its metadata must be an object, got ${shown(metadata)}`)
  const files = new Map<string, string>()
  for (const [name, file] of Object.entries(map)) {
    const fits = typeof file === 'string' && FILE_NAME.test(file) && name !== '__proto__'
    if (!fits) throw damaged(`it maps ${shown(name)} to ${shown(file)}, which is not a file name`)
    files.set(name, file)
  }
  return { files, metadata }
}

/** Throws unless each shard has the tensors that the index maps to it, and no others. */
export function checkShards({ files }: ShardIndex, shards: ReadonlyMap<string, readonly string[]>): void {
  const missing = new Map(files)
  for (const [shard, names] of shards) {
    for (const name of names) {
      const file = files.get(name)
      if (file === undefined) throw damaged(`${shown(shard)} has the tensor ${shown(name)}, which is not in the index`)
      if (file !== shard) throw damaged(`it maps the tensor ${shown(name)} to ${shown(file)}, but ${shown(shard)} has it`)
      missing.delete(name)
    }
  }
  for (const [name, file] of missing) throw damaged(`it maps the tensor ${shown(name)} to ${shown(file)}, which lacks it`)
}

/** Runs a function on a shard, and prefixes its errors with the shard's name. */
export function inShard<T>(file: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw prefixed(file, error)
  }
}
