/** NumPy's .npz files: zip archives of .npy files (https://numpy.org/doc/stable/reference/generated/numpy.savez.html). */
import { type Zippable, zipSync } from 'fflate'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { isDict } from './dict.ts'
import type { FileTensor, TensorLike } from './elements.ts'
import { arrayFile, arrayOf } from './npy-array.ts'
import { arrayEntries, ENDING, named, unpackedLimit } from './npz-archive.ts'
import { sourceOf } from './source.ts'
import { Unpacker } from './unpack.ts'
import { readDirectory } from './zip.ts'

/** Options of `npz.read`. */
export interface NpzReadOptions {
  /** Limit of the bytes that compressed arrays unpack to. Default: 128 MiB or 16 times the file, whichever is more. */
  readonly maxBytes?: number
}

/** Options of `npz.write`. */
export interface NpzWriteOptions {
  /** Whether to deflate the arrays, as `numpy.savez_compressed` does. Default false, as `numpy.savez`. */
  readonly compressed?: boolean
}

/**
 * Reads a `numpy.savez` or `numpy.savez_compressed` file. Uncompressed aligned arrays are views of its bytes.
 *
 * @param bytes the whole file
 * @returns tensors by name, converted as `npy.read` does; positional arguments of `savez` are `arr_0`, `arr_1`, …
 * @throws `file-invalid` if it is damaged or unpacks to more than `maxBytes`; `file-unsupported` as `npy.read`, or if it has other files
 * @example
 * const bytes = io.npz.write({ x: { dtype: 'float32', shape: [2, 2], data: [1, 2, 3, 4] } }, { compressed: true })
 * const { x } = io.npz.read(bytes)
 * x.shape // [2,2]
 * Array.from(x.data) // [1,2,3,4]
 */
export function read(bytes: Uint8Array | ArrayBuffer, options: NpzReadOptions = {}): Record<string, FileTensor> {
  checkNames('npz.read', ['maxBytes'], options)
  const source = sourceOf('npz.read', bytes)
  const { maxBytes = unpackedLimit(source.size) } = options
  checkRange(Number.isSafeInteger(maxBytes) && maxBytes >= 0, 'npz.read', 'maxBytes', 'an integer ≥ 0', maxBytes)
  const unpacker = new Unpacker(source, maxBytes)
  const arrays = arrayEntries(readDirectory(source))
  return Object.fromEntries(arrays.map(([name, entry]) => [name, named(name, () => arrayOf(sourceOf('npz.read', unpacker.whole(entry))))]))
}

/** Limits of a zip archive without the zip64 extension: files, and bytes. */
const MOST_ARRAYS = 65534
const LARGEST = 2 ** 32 - 2 ** 16

/**
 * Returns a file for `numpy.load`. The same tensors give the same bytes.
 *
 * @param tensors by name: of a model's `stateDict()`, or others; at most 65,534 of them in 4 GiB
 * @throws `shape-mismatch`, `dtype-mismatch` or `option-range` naming the tensor
 * @example
 * const model = new nn.Linear(arena, 3, 2)
 * const bytes = io.npz.write(model.stateDict()) // numpy.load('model.npz')['weight']
 * Object.keys(io.npz.read(bytes)).length // 2
 */
export function write(tensors: Readonly<Record<string, TensorLike>>, options: NpzWriteOptions = {}): Uint8Array<ArrayBuffer> {
  checkRange(isDict(tensors), 'npz.write', 'tensors', 'tensors by name', tensors)
  checkNames('npz.write', ['compressed'], options)
  const { compressed = false } = options
  checkRange(typeof compressed === 'boolean', 'npz.write', 'compressed', 'a boolean', compressed)
  const files = Object.entries(tensors).map(([name, tensor]): [string, Uint8Array<ArrayBuffer>] => {
    const isName = name !== '__proto__' && name !== '' && new TextEncoder().encode(name).length < 2 ** 15
    checkRange(isName, 'npz.write', 'a name', 'nonempty, at most 32 KB, and not __proto__', name)
    return [`${name}${ENDING}`, arrayFile(`npz.write: ${name}`, tensor)]
  })
  const total = files.reduce((sum, [name, { length }]) => sum + length + 6 * name.length + 256, 0)
  const fits = files.length <= MOST_ARRAYS && total <= LARGEST
  check(fits, 'option-range', () => `npz.write: a file holds at most ${MOST_ARRAYS} arrays in 4 GiB, got ${files.length} in ${total} bytes`)
  // The earliest time of the format, so that an archive depends only on its arrays.
  const mtime = new Date(1980, 0, 1)
  const zippable: Zippable = {}
  for (const [name, bytes] of files) zippable[name] = [bytes, { level: compressed ? 6 : 0, mtime }]
  return zipSync(zippable) as Uint8Array<ArrayBuffer>
}
