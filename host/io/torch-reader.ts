/** Reads `torch.save` files: a zip archive with a pickle that names tensors, and one file per storage. */

import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { decoded, type ElementType, elementBytes, type FileTensor } from './elements.ts'
import { damaged } from './pickle-machine.ts'
import { dictOf, Global, unpickled } from './pickle-reader.ts'
import { settled } from './settled.ts'
import type { Source } from './source.ts'
import { contents, readDirectory, type ZipEntry } from './zip.ts'

/** Largest pickle. It holds no tensor data: 25,000 tensors take 5 MB, and strings may take more. */
const LONGEST_PICKLE = 2 ** 25
/** Tensors may share a storage, and are copied unless they are contiguous. Together they take at most this many times the bytes of the file. */
const MOST_TIMES = 16

/** A storage's element type, from the name of its class. */
class StorageType {
  constructor(readonly type: ElementType) {}
}

interface Storage {
  readonly type: ElementType
  readonly elements: number
  readonly entry: ZipEntry
}

/** A view of a storage that was not read yet. */
export class StoredTensor {
  constructor(
    readonly type: ElementType,
    readonly shape: Shape,
    readonly strides: readonly number[],
    /** Number of elements before its first. */
    readonly offset: number,
    readonly entry: ZipEntry,
  ) {}

  get bytes(): number {
    return sizeOf(this.shape) * elementBytes[this.type]
  }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const areWhole = (value: unknown): value is number[] => Array.isArray(value) && value.length <= 64 && value.every(isWhole)

class StorageOf {
  constructor(readonly storage: Storage) {}
}

function rebuiltTensor([of, offset, shape, strides]: readonly unknown[]): StoredTensor {
  const fits = of instanceof StorageOf && isWhole(offset) && areWhole(shape) && areWhole(strides) && shape.length === strides.length
  if (!fits) throw damaged(`a tensor of shape ${shown(shape)} has strides ${shown(strides)} and offset ${shown(offset)}`)
  const { type, elements, entry } = of.storage
  const size = sizeOf(shape)
  if (!Number.isSafeInteger(size)) throw damaged(`a tensor has the impossible shape ${showShape(shape)}`)
  const last = size ? shape.reduce((at, length, axis) => at + (length - 1) * strides[axis]!, offset) : 0
  if (size && !(last < elements)) throw damaged(`a tensor ${showShape(shape)} ends at element ${last} of a storage of ${elements}`)
  if (size > elements)
    throw new DownhillError('file-unsupported', `a tensor ${showShape(shape)} repeats its ${elements} elements, which is not supported`)
  return new StoredTensor(type, shape, strides, offset, entry)
}

/** Returns the bytes that a string encodes, one per letter. A repeated string is converted once. */
function bytesOf(text: unknown, known: Map<string, Uint8Array>): Uint8Array {
  if (text instanceof Uint8Array) return text
  if (typeof text !== 'string') throw damaged(`bytes are made of ${shown(text)}`)
  const bytes = known.get(text) ?? Uint8Array.from(text, (letter) => letter.charCodeAt(0))
  known.set(text, bytes)
  return bytes
}

function orderedDict(pairs: unknown): unknown {
  const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2
  if (!Array.isArray(pairs) || !pairs.every(isPair)) throw damaged(`an OrderedDict is made of ${shown(pairs)}`)
  return dictOf(pairs.flat())
}

/** Returns a tensor without its Python attributes. */
function withAttributes([callee, , args]: readonly unknown[]): unknown {
  const fits = callee instanceof Global && callee.name !== 'torch._tensor._rebuild_from_type_v2' && Array.isArray(args)
  if (!fits) throw damaged(`a tensor is made by ${shown(callee)}`)
  return callee.call(args)
}

const first = ([value]: readonly unknown[]) => value

/** Everything that a file may call by name. Each only converts its arguments. */
const callables: Readonly<Record<string, (args: readonly unknown[], known: Map<string, Uint8Array>) => unknown>> = {
  'collections.OrderedDict': ([pairs = []]) => orderedDict(pairs),
  'collections.Counter': ([counts = {}]) => counts,
  'torch._utils._rebuild_tensor_v2': rebuiltTensor,
  'torch._utils._rebuild_tensor': rebuiltTensor,
  'torch._utils._rebuild_parameter': first,
  'torch._utils._rebuild_parameter_with_state': first,
  'torch.nn.parameter.Parameter': first,
  'torch._tensor._rebuild_from_type_v2': withAttributes,
  'torch.Tensor': first,
  'torch.Size': ([sizes = []]) => sizes,
  'torch.device': ([type]) => type,
  '_codecs.encode': ([text], known) => bytesOf(text, known),
  'builtins.bytearray': ([text = ''], known) => bytesOf(text, known),
  'builtins.set': ([items = []]) => items,
}

const storages: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** A file whose tensors were not read yet. */
export interface TorchArchive {
  readonly source: Source
  /** The value that the pickle built. */
  readonly value: unknown
}

/** The pickle and the storages of an archive. */
function findPickle(source: Source): { entries: ReadonlyMap<string, ZipEntry>; folder: string } {
  if (source.size > 0 && source.at(0, 1)[0] === PICKLE) {
    const why = 'legacy torch file (before 1.6): not supported; re-save it with torch 1.6 or later'
    throw new DownhillError('file-unsupported', why)
  }
  const entries = readDirectory(source)
  const name = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))
  if (name === undefined) throw new DownhillError('file-invalid', 'this zip archive was not written by torch.save: it has no data.pkl')
  const folder = name.slice(0, -'data.pkl'.length)
  if (entries.has(`${folder}constants.pkl`)) {
    throw new DownhillError('file-unsupported', 'this is a TorchScript archive, which holds a program; save the state_dict() of its module')
  }
  return { entries, folder }
}

/** First byte of a pickle. */
const PICKLE = 0x80

/** Reads a file, except for its tensors. */
export function readArchive(source: Source): TorchArchive {
  const { entries, folder } = findPickle(source)
  const pickle = entries.get(`${folder}data.pkl`)!
  if (pickle.bytes > LONGEST_PICKLE) throw damaged(`it must have at most ${LONGEST_PICKLE} bytes, got ${pickle.bytes}`)
  const order = entries.get(`${folder}byteorder`)
  if (order && order.bytes <= 6 && new TextDecoder().decode(contents(source, order)) === 'big') {
    throw new DownhillError('file-unsupported', 'the file is from a big-endian machine, which is not supported')
  }
  const persistent = (id: unknown) => {
    const [kind, type, key, , elements] = Array.isArray(id) ? id : []
    const entry = entries.get(`${folder}data/${typeof key === 'string' ? key : ''}`)
    if (kind !== 'storage' || !(type instanceof StorageType) || !entry || !isWhole(elements)) throw damaged(`it refers to ${shown(id)}`)
    if (elements * elementBytes[type.type] > entry.bytes) {
      throw damaged(`the storage ${shown(key)} should have ${elements} elements of ${type.type}, but has ${entry.bytes} bytes`)
    }
    return new StorageOf({ type: type.type, elements, entry })
  }
  const known = new Map<string, Uint8Array>()
  return { source, value: unpickled(contents(source, pickle), { global: (name) => global(name, known), persistent }) }
}

/** Names of element types, which some files store beside their tensors. */
const DTYPES = /^torch\.(float(64|32|16)|bfloat16|int(64|32|16|8)|uint8|bool)$/

/** Returns the value of a name in Python. `known` are the bytes converted so far. */
function global(name: string, known: Map<string, Uint8Array>): unknown {
  // Protocol 2 uses Python 2's name of this module.
  const meant = name.replace(/^__builtin__\./, 'builtins.')
  const storage = meant.replace(/^torch\./, '')
  if (Object.hasOwn(callables, meant)) return new Global(meant, (args) => callables[meant]!(args, known))
  if (meant.startsWith('torch.') && Object.hasOwn(storages, storage)) return new StorageType(storages[storage]!)
  if (DTYPES.test(meant)) return meant
  const why = 'which is not allowed; nothing was executed. Only state dicts of tensors and plain values are read'
  throw new DownhillError('file-unsupported', `the file asks for ${shown(name)}, ${why}`)
}

/** Returns the contents of a file, with tensors as `read` returns them. */
export function settledArchive({ value }: TorchArchive, read: (tensor: StoredTensor) => unknown): unknown {
  return settled(value, (leaf) => {
    if (leaf instanceof StoredTensor) return read(leaf)
    if (leaf instanceof Uint8Array) return leaf
    const what = leaf instanceof Global ? `the class or function ${shown(leaf.name)}` : 'a storage without a tensor'
    throw new DownhillError('file-unsupported', `the file holds ${what} as a value, which is not supported`)
  })
}

/** Reads the tensors of an archive. Equal views of a storage are read once. */
export class TensorReader {
  readonly #source: Source
  readonly #storages = new Map<ZipEntry, Uint8Array>()
  readonly #read = new Map<string, FileTensor>()
  #taken = 0

  constructor(source: Source) {
    this.#source = source
  }

  read(tensor: StoredTensor): FileTensor {
    const { type, shape, strides, offset, entry } = tensor
    const window = [entry.name, type, offset, shape, '', strides].join()
    const known = this.#read.get(window)
    if (known) return known
    this.#taken += sizeOf(shape) * Math.max(elementBytes[type], 4)
    if (this.#taken > MOST_TIMES * this.#source.size) {
      throw new DownhillError('file-invalid', `the tensors of the file take more than ${MOST_TIMES} times its bytes`)
    }
    const made = decoded(`a tensor ${showShape(shape)}`, type, shape, this.#window(tensor))
    this.#read.set(window, made)
    return made
  }

  #storage(entry: ZipEntry): Uint8Array {
    let bytes = this.#storages.get(entry)
    if (!bytes) {
      bytes = contents(this.#source, entry)
      this.#storages.set(entry, bytes)
    }
    return bytes
  }

  /** Returns a tensor's bytes, row-major. */
  #window(tensor: StoredTensor): Uint8Array {
    const { type, shape, strides, offset, entry, bytes } = tensor
    const storage = this.#storage(entry)
    const element = elementBytes[type]
    if (isRowMajor(shape, strides)) return storage.subarray(offset * element, offset * element + bytes)
    const out = new Uint8Array(bytes)
    const index = shape.map(() => 0)
    let from = offset
    for (let to = 0; to < bytes; to += element) {
      for (let k = 0; k < element; k++) out[to + k] = storage[from * element + k]!
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis]!
        if (++index[axis]! < shape[axis]!) break
        from -= strides[axis]! * shape[axis]!
        index[axis] = 0
      }
    }
    return out
  }
}

/** Whether elements are contiguous, the last axis fastest. */
function isRowMajor(shape: Shape, strides: readonly number[]): boolean {
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== stride) return sizeOf(shape) === 0
    stride *= shape[axis]!
  }
  return true
}
