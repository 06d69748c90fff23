/**
 * The format of torch.save before 1.6, and with `_use_new_zipfile_serialization=False` since: pickles of a magic number, a version, the sizes
 * and byte order of the machine, the value, and the keys of its storages; then each storage, preceded by its number of elements. Storages
 * are little-endian on every machine (torch/csrc/serialization.cpp), so the byte order is ignored.
 */

import { DownhillError, shown } from '../validation/errors.ts'
import { Cursor, damaged } from './cursor.ts'
import { elementBytes } from './elements.ts'
import { LONGEST_PICKLE, noMeanings, unpickled } from './pickle-reader.ts'
import { Tuple } from './python.ts'
import type { Source } from './source.ts'
import { checkSameStorage, storageId, torchGlobals } from './torch-globals.ts'
import { isWhole, type Storage, StorageOf } from './torch-tensors.ts'

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn
const PROTOCOL_VERSION = 1001
/** Bytes of the element count before each storage. */
const COUNT = 8

/** A storage in the file. Its position is known after the pickles are read. */
class LegacyStorage implements Storage {
  start: number | undefined
  readonly #source: Source

  constructor(
    source: Source,
    readonly key: string,
    readonly type: Storage['type'],
    readonly elements: number,
  ) {
    this.#source = source
  }

  get bytes(): number {
    return this.elements * elementBytes[this.type]
  }

  read(): Uint8Array {
    return this.#source.at(this.start!, this.bytes)
  }
}

/** A view of another storage, in files of torch before 0.4. */
class StorageView implements Storage {
  readonly #root: Storage
  readonly #start: number

  constructor(
    root: Storage,
    readonly key: string,
    /** Offset in the other storage, in elements. */
    start: number,
    readonly elements: number,
  ) {
    this.#root = root
    this.#start = start * elementBytes[root.type]
  }

  get type(): Storage['type'] {
    return this.#root.type
  }

  get bytes(): number {
    return this.elements * elementBytes[this.type]
  }

  isPart(root: Storage, start: number): boolean {
    return this.#root === root && this.#start === start * elementBytes[root.type]
  }

  read(): Uint8Array {
    return this.#root.read().subarray(this.#start, this.#start + this.bytes)
  }
}

/** The storages that a value refers to, by key. */
class Storages {
  readonly #source: Source
  readonly #roots = new Map<string, LegacyStorage>()
  readonly #views = new Map<string, StorageView>()

  constructor(source: Source) {
    this.#source = source
  }

  /** Returns the storage of a persistent id: ('storage', type, key, location, elements, view). */
  find(id: unknown): StorageOf {
    const { key, type, elements, view } = storageId(id, 6)
    const root = this.#roots.get(key) ?? new LegacyStorage(this.#source, key, type, elements)
    if (this.#views.has(key)) throw damaged(`the key ${shown(key)} belongs to a storage and to a view`)
    if (root.bytes > this.#source.size) {
      throw damaged(`the storage ${shown(key)} should have ${elements} elements of ${type}, but the file has ${this.#source.size} bytes`)
    }
    checkSameStorage(root, type, elements)
    this.#roots.set(key, root)
    return new StorageOf(view === null ? root : this.#view(root, view))
  }

  /** Returns a view of a storage: (key, start, size), in elements. */
  #view(root: LegacyStorage, view: unknown): StorageView {
    const [key, start, elements, ...more] = view instanceof Tuple ? view.items : []
    const fits = typeof key === 'string' && isWhole(start) && isWhole(elements) && !more.length && start + elements <= root.elements
    if (!fits) {
      const given = shown(view instanceof Tuple ? view.items : view)
      throw damaged(`a view of the storage ${shown(root.key)} must be (key, start, size) within ${root.elements} elements, got ${given}`)
    }
    const known = this.#views.get(key) ?? new StorageView(root, key, start, elements)
    const isSame = !this.#roots.has(key) && known.isPart(root, start) && known.elements === elements
    if (!isSame) throw damaged(`two storages have the key ${shown(key)}`)
    this.#views.set(key, known)
    return known
  }

  /** Locates the storages, which are in the order of `keys` and start at `at`. */
  place(keys: unknown, at: number): void {
    if (!Array.isArray(keys)) throw damaged(`the keys of its storages must be a list, got ${shown(keys)}`)
    let next = at
    for (const key of keys) {
      const storage = this.#roots.get(key)
      if (!storage || storage.start !== undefined)
        throw damaged(`its storage ${shown(key)} ${storage ? 'is repeated' : 'belongs to no tensor'}`)
      storage.start = next + COUNT
      next = storage.start + storage.bytes
      if (next > this.#source.size)
        throw damaged(`the storage ${shown(key)} should end at ${next}, but the file has ${this.#source.size} bytes`)
      const count = new Cursor(this.#source, storage.start - COUNT, storage.start).u64()
      if (count !== storage.elements) throw damaged(`the storage ${shown(key)} should have ${storage.elements} elements, but has ${count}`)
    }
    for (const { key, start } of this.#roots.values()) if (start === undefined) throw damaged(`the file lacks the storage ${shown(key)}`)
  }
}

/** Reads the pickles of a file. Tensors are views of storages, which are not read. */
export function readLegacy(source: Source): unknown {
  const input = new Cursor(source, 0, Math.min(source.size, LONGEST_PICKLE))
  if (unpickled(input, noMeanings) !== MAGIC_NUMBER) {
    throw new DownhillError('file-invalid', "this pickle was not written by torch.save: it lacks torch's magic number")
  }
  const version = unpickled(input, noMeanings)
  if (version !== PROTOCOL_VERSION) throw damaged(`its version must be ${PROTOCOL_VERSION}, got ${shown(version)}`)
  unpickled(input, noMeanings)
  const storages = new Storages(source)
  const value = unpickled(input, { global: torchGlobals(), persistent: (id) => storages.find(id) })
  storages.place(unpickled(input, noMeanings), input.at)
  return value
}
