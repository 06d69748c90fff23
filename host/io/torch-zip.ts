/** The format of torch.save since 1.6: a zip archive of a pickle that refers to storages, and one file per storage. */

import { DownhillError, shown } from '../validation/errors.ts'
import { Cursor, damaged } from './cursor.ts'
import { elementBytes } from './elements.ts'
import { LONGEST_PICKLE, unpickled } from './pickle-reader.ts'
import { type Source, sourceOf } from './source.ts'
import { checkSameStorage, storageId, torchGlobals } from './torch-globals.ts'
import { type Storage, StorageOf } from './torch-tensors.ts'
import { contents, damaged as damagedZip, readDirectory, type ZipEntry } from './zip.ts'

/** Limit of bytes in a short text record, such as the version. */
const LONGEST_RECORD = 64
/** Limit of bytes in a name, beyond which torch truncates it. */
const LONGEST_NAME = 511
/** Versions of the format that torch reads. */
const OLDEST = 1
const NEWEST = 10

/** Throws for names that torch would confuse, because it ignores case, and for names that it would truncate. */
function checkNames(names: Iterable<string>): void {
  const lowercase = new Set<string>()
  for (const name of names) {
    const { length } = new TextEncoder().encode(name)
    if (length > LONGEST_NAME) throw damagedZip(`names must have at most ${LONGEST_NAME} bytes, got ${length}`)
    if (lowercase.has(name.toLowerCase())) throw damagedZip(`two of its files have the name ${shown(name)}`)
    lowercase.add(name.toLowerCase())
  }
}

/** The files of an archive by name, relative to the folder of the first file. */
class Records {
  readonly #source: Source
  readonly #entries: ReadonlyMap<string, ZipEntry>
  readonly #folder: string

  constructor(source: Source) {
    this.#source = source
    this.#entries = readDirectory(source)
    checkNames(this.#entries.keys())
    const [first = ''] = this.#entries.keys()
    this.#folder = first.slice(0, first.indexOf('/') + 1)
  }

  /** Name of a file outside the folder, if any. */
  get stray(): string | undefined {
    const names = [...this.#entries.keys()]
    return this.#folder ? names.find((name) => !name.startsWith(this.#folder)) : names[0]
  }

  get(name: string): ZipEntry | undefined {
    return this.#entries.get(this.#folder + name)
  }

  read(entry: ZipEntry): Uint8Array {
    return contents(this.#source, entry)
  }

  /** Returns the text of a short record; undefined if it does not exist. */
  text(name: string): string | undefined {
    const entry = this.get(name)
    if (!entry) return undefined
    if (entry.bytes > LONGEST_RECORD) throw damagedRecord(name, `${entry.bytes} bytes`)
    const bytes = sourceOf('torchFile.read', this.read(entry))
    return new Cursor(bytes, 0, bytes.size).text(bytes.size)
  }
}

function damagedRecord(name: string, found: string): DownhillError {
  return new DownhillError('file-invalid', `this zip archive was not written by torch.save: its ${name} is ${found}`)
}

/** Checks the records beside the pickle. */
function checkRecords(records: Records): void {
  const { stray } = records
  if (stray !== undefined) {
    throw new DownhillError('file-invalid', `this zip archive was not written by torch.save: ${shown(stray)} is outside its folder`)
  }
  const version = records.text('version')
  if (version === undefined) throw new DownhillError('file-invalid', 'this zip archive was not written by torch.save: it has no version')
  if (!/^\d{1,4}\n?$/.test(version) || Number(version) < OLDEST || Number(version) > NEWEST) throw damagedRecord('version', shown(version))
  const order = records.text('byteorder')
  if (order === 'big') {
    throw new DownhillError('file-unsupported', 'the file is from a big-endian machine, which is not supported')
  }
  if (order !== undefined && order !== 'little') throw damagedRecord('byteorder', shown(order))
  const alignment = records.text('.storage_alignment')
  if (alignment !== undefined && !/^\d{1,9}$/.test(alignment)) throw damagedRecord('.storage_alignment', shown(alignment))
  records.text('.format_version')
  records.text('.data/serialization_id')
}

/** Reads the pickle of an archive. Tensors are views of storages, which are not read. */
export function readZip(source: Source): unknown {
  const records = new Records(source)
  const pickle = records.get('data.pkl')
  if (!pickle) throw new DownhillError('file-invalid', 'this zip archive was not written by torch.save: it has no data.pkl')
  if (records.get('constants.pkl')) {
    throw new DownhillError('file-unsupported', 'this is a TorchScript archive, which holds a program; save the state_dict() of its module')
  }
  checkRecords(records)
  if (pickle.bytes > LONGEST_PICKLE) throw damaged(`it must have at most ${LONGEST_PICKLE} bytes, got ${pickle.bytes}`)
  const storages = new Map<string, Storage>()
  const persistent = (id: unknown) => {
    const { key, type, elements } = storageId(id, 5)
    const entry = records.get(`data/${key}`)
    if (!entry) throw damaged(`the file lacks the storage ${shown(key)}`)
    if (elements * elementBytes[type] !== entry.bytes) {
      throw damaged(`the storage ${shown(key)} should have ${elements} elements of ${type}, but has ${entry.bytes} bytes`)
    }
    const storage = storages.get(key) ?? { key, type, elements, bytes: entry.bytes, read: () => records.read(entry) }
    checkSameStorage(storage, type, elements)
    storages.set(key, storage)
    return new StorageOf(storage)
  }
  const bytes = sourceOf('torchFile.read', records.read(pickle))
  return unpickled(new Cursor(bytes, 0, bytes.size), { global: torchGlobals(), persistent })
}
