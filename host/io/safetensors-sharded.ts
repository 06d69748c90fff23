/** Sharded models: several safetensors files with an index. */
import { check, checkRange, shown } from '../validation/errors.ts'
import { type Dict, isDict } from './dict.ts'
import type { FileTensor } from './elements.ts'
import { read, type SafeTensors } from './safetensors-whole.ts'
import { checkShards, inShard, readIndex } from './shards.ts'

/** The files of a sharded model: their bytes by name, or a function that returns the bytes of a file. */
export type Shards =
  | Readonly<Record<string, Uint8Array | ArrayBuffer>>
  | ReadonlyMap<string, Uint8Array | ArrayBuffer>
  | ((file: string) => Uint8Array | ArrayBuffer | Promise<Uint8Array | ArrayBuffer>)

/** Contents of a sharded model. */
export interface ShardedTensors {
  readonly tensors: Readonly<Record<string, FileTensor>>
  /** Metadata of the index, for example `{ total_size: 4096 }`. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * Reads a sharded model, as Hugging Face stores large models. Each file is requested once, one after another.
 *
 * @param index the bytes of `model.safetensors.index.json`, or its parsed object
 * @param shards the files by the names in the index, or a function that returns a file or a promise of it
 * @returns tensors by name, in the order of the index
 * @throws `file-invalid` if the index or a file is damaged, or a tensor is missing, in another file, or not in the index;
 * `file-failed` if a file is missing
 * @example
 * const weight = { dtype: 'float32', shape: [2], data: [1, 2] }
 * const files = { 'a.safetensors': io.safetensors.write({ weight }), 'b.safetensors': io.safetensors.write({ bias: weight }) }
 * const index = { weight_map: { weight: 'a.safetensors', bias: 'b.safetensors' } }
 * const { tensors } = await io.safetensors.readSharded(index, (name) => files[name])
 * Object.keys(tensors).length // 2
 */
export async function readSharded(index: Uint8Array | ArrayBuffer | object, shards: Shards): Promise<ShardedTensors> {
  const isFunction = typeof shards === 'function'
  checkRange(isFunction || isDict(shards), 'safetensors.readSharded', 'shards', 'files by name, or a function', shards)
  const parsed = readIndex(index instanceof ArrayBuffer ? new Uint8Array(index) : index)
  const found = new Map<string, SafeTensors>()
  for (const file of new Set(parsed.files.values())) {
    const bytes: unknown = await (isFunction ? shards(file) : shards instanceof Map ? shards.get(file) : ownEntry(shards, file))
    const isBytes = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer
    check(isBytes, 'file-failed', () => `safetensors.readSharded: ${shown(file)} must be a Uint8Array, got ${shown(bytes)}`)
    found.set(
      file,
      inShard(file, () => read(bytes)),
    )
  }
  checkShards(parsed, new Map([...found].map(([file, { tensors }]) => [file, Object.keys(tensors)])))
  const tensors = [...parsed.files].map(([name, file]): [string, FileTensor] => [name, found.get(file)!.tensors[name]!])
  return { tensors: Object.fromEntries(tensors), metadata: parsed.metadata }
}

const ownEntry = (entries: object, key: string): unknown => (Object.hasOwn(entries, key) ? (entries as Dict)[key] : undefined)
