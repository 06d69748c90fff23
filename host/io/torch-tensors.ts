/** Tensors of torch files: views of storages, which are read on demand. */

import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { damaged } from './cursor.ts'
import { decoded, type ElementType, elementBytes, type FileTensor } from './elements.ts'
import { Tuple } from './python.ts'
import { rowMajor } from './strided.ts'

/** Tensors may share a storage, and non-contiguous ones are copied. Together they may take at most this many times the bytes of the file. */
const MOST_TIMES = 16
/** Maximum number of axes in torch's kernels. */
const MOST_AXES = 64

/** A storage that is read on demand. */
export interface Storage {
  readonly key: string
  readonly type: ElementType
  readonly elements: number
  readonly bytes: number
  read(): Uint8Array
}

/** A storage, as the value of a persistent id. */
export class StorageOf {
  constructor(readonly storage: Storage) {}
}

/** A tensor as a view of a storage, read on demand. */
export class StoredTensor {
  constructor(
    readonly storage: Storage,
    readonly shape: Shape,
    readonly strides: readonly number[],
    /** Offset of the first element, in elements. */
    readonly offset: number,
  ) {}

  get type(): ElementType {
    return this.storage.type
  }

  get bytes(): number {
    return sizeOf(this.shape) * elementBytes[this.type]
  }
}

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Returns the items of a tuple or a list; undefined for other values. */
export function itemsOf(value: unknown): readonly unknown[] | undefined {
  return value instanceof Tuple ? value.items : Array.isArray(value) ? value : undefined
}

function wholeNumbers(value: unknown): readonly number[] | undefined {
  const items = itemsOf(value)
  return items && items.length <= MOST_AXES && items.every(isWhole) ? items : undefined
}

/** Checks the arguments of a pickle's tensor, and returns the view of its storage. */
export function viewOfStorage([of, offset, size, stride]: readonly unknown[]): StoredTensor {
  const [shape, strides] = [wholeNumbers(size), wholeNumbers(stride)]
  if (!(of instanceof StorageOf && isWhole(offset) && shape && strides && shape.length === strides.length)) {
    throw damaged(
      `a tensor has an invalid shape ${shown(itemsOf(size) ?? size)}, strides ${shown(itemsOf(stride) ?? stride)} or offset ${shown(offset)}`,
    )
  }
  const { storage } = of
  const { elements } = storage
  const count = sizeOf(shape)
  if (!Number.isSafeInteger(count)) throw damaged(`a tensor has too large a shape ${showShape(shape)}`)
  const last = count ? shape.reduce((at, length, axis) => at + (length - 1) * strides[axis]!, offset) : 0
  if (count && !(last < elements)) throw damaged(`a tensor ${showShape(shape)} ends at element ${last}, beyond its storage of ${elements}`)
  if (count > elements)
    throw new DownhillError('file-unsupported', `a tensor ${showShape(shape)} repeats its ${elements} elements, which is not supported`)
  return new StoredTensor(storage, shape, strides, offset)
}

/** Reads the tensors of a file. Equal views of a storage are read once. */
export class TensorReader {
  /** Limit of bytes that all tensors take together. */
  readonly #most: number
  readonly #storages = new Map<Storage, Uint8Array>()
  readonly #read = new Map<string, FileTensor>()
  #taken = 0

  constructor(fileBytes: number) {
    this.#most = MOST_TIMES * fileBytes
  }

  read(tensor: StoredTensor): FileTensor {
    const { storage, type, shape, strides, offset } = tensor
    const window = [storage.key, offset, shape, '', strides].join()
    const known = this.#read.get(window)
    if (known) return known
    this.#taken += sizeOf(shape) * Math.max(elementBytes[type], 4)
    if (this.#taken > this.#most) {
      throw new DownhillError('file-invalid', `the tensors of the file take more than ${MOST_TIMES} times its bytes`)
    }
    const made = decoded(`a tensor ${showShape(shape)}`, type, shape, this.#window(tensor))
    this.#read.set(window, made)
    return made
  }

  #storage(storage: Storage): Uint8Array {
    let bytes = this.#storages.get(storage)
    if (!bytes) {
      bytes = storage.read()
      this.#storages.set(storage, bytes)
    }
    return bytes
  }

  /** Returns a tensor's bytes, row-major. */
  #window(tensor: StoredTensor): Uint8Array {
    const { type, shape, strides, offset, bytes } = tensor
    const storage = this.#storage(tensor.storage)
    const element = elementBytes[type]
    if (isRowMajor(shape, strides)) return storage.subarray(offset * element, offset * element + bytes)
    return rowMajor(storage, shape, strides, offset, element)
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
