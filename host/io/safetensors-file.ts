/** A safetensors file whose tensors are read one by one. */

import type { Shape } from '../memory/shape.ts'
import { checkRange, DownhillError, shown } from '../validation/errors.ts'
import { dtypeNames } from './dtype-names.ts'
import { checkType, decoded, type FileTensor } from './elements.ts'
import { type Entry, type Header, headerLength, parsedHeader, UNKNOWN } from './header.ts'

/** The methods of a Blob or File that the reader uses. */
export interface BlobLike {
  readonly size: number
  /** Returns the part from `start` up to `end`. */
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> }
}

/** Returns the bytes of a file from `start` up to, not including, `end`. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array | ArrayBuffer>

/** Description of a tensor in a file. */
export interface TensorInfo {
  /** Type in the file, under torch's name, such as 'bfloat16'. */
  readonly dtype: string
  readonly shape: Shape
  /** Number of bytes in the file. */
  readonly bytes: number
}

/** An open file. Only its header is in memory. */
export class SafeTensorsFile {
  /** Names of the tensors, in the order of the header. */
  readonly names: readonly string[]
  /** Metadata strings by name. */
  readonly metadata: Readonly<Record<string, string>>
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #read: ReadRange

  /** @internal */
  constructor({ entries, metadata }: Header, read: ReadRange) {
    this.names = entries.map(({ name }) => name)
    this.metadata = metadata
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]))
    this.#read = read
  }

  /**
   * Returns the type and shape of a tensor, without reading it.
   *
   * @throws `option-range` if the file has no tensor of this name
   */
  info(name: string): TensorInfo {
    const { type, shape, bytes } = this.#entry('info', name)
    return { dtype: dtypeNames[type], shape, bytes }
  }

  /**
   * Reads one tensor. Nothing is cached; a second call reads the tensor again.
   *
   * @throws `option-range` if the file has no tensor of this name; `file-unsupported` if its type is not supported
   */
  async tensor(name: string): Promise<FileTensor> {
    const { type, shape, start, bytes } = this.#entry('tensor', name)
    const what = `the tensor ${shown(name)}`
    checkType(what, type)
    return decoded(what, type, shape, await exactly(this.#read, start, start + bytes))
  }

  #entry(method: string, name: string): Entry {
    const entry = this.#entries.get(name)
    checkRange(entry !== undefined, `SafeTensorsFile.${method}`, 'name', 'a name in names', name)
    return entry
  }
}

/** Reads bytes. Throws unless the reader returns the requested number. */
async function exactly(read: ReadRange, start: number, end: number): Promise<Uint8Array> {
  if (start === end) return new Uint8Array(0)
  const found: unknown = await read(start, end)
  const bytes = found instanceof ArrayBuffer ? new Uint8Array(found) : found
  if (!(bytes instanceof Uint8Array) || bytes.length !== end - start) {
    const got = bytes instanceof Uint8Array ? bytes.length : shown(found)
    throw new DownhillError(
      'file-invalid',
      `safetensors.open: reading bytes ${start} to ${end} must return ${end - start} bytes, got ${got}`,
    )
  }
  // A separate view, because slices of Node's Buffer share its memory.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

const isBlob = (file: unknown): file is BlobLike =>
  typeof file === 'object' && file !== null && 'size' in file && 'slice' in file && typeof file.slice === 'function'

/**
 * Opens a file without reading its tensors. It reads 8 bytes, then the header; `tensor(name)` reads the bytes of one tensor.
 *
 * @param file a Blob, a File, or a function that returns the bytes from `start` up to `end`, for example by an HTTP range request
 * @throws `file-invalid` if the header is damaged, or the function returns more or fewer bytes than requested
 * @example
 * const bytes = io.safetensors.write({ weight: { dtype: 'float32', shape: [2, 2], data: [1, 2, 3, 4] } })
 * const file = await io.safetensors.open(new Blob([bytes]))
 * file.names.length // 1
 * file.info('weight').shape // [2,2]
 * const { data } = await file.tensor('weight')
 * Array.from(data) // [1,2,3,4]
 */
export async function open(file: BlobLike | ReadRange): Promise<SafeTensorsFile> {
  checkRange(typeof file === 'function' || isBlob(file), 'safetensors.open', 'file', 'a Blob or a function (start, end)', file)
  const read: ReadRange = typeof file === 'function' ? file : (start, end) => file.slice(start, end).arrayBuffer()
  const size = typeof file === 'function' ? UNKNOWN : file.size
  const length = headerLength(await exactly(read, 0, Math.min(size, 8)), size)
  return new SafeTensorsFile(parsedHeader(await exactly(read, 8, 8 + length), size), read)
}
