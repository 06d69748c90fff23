/** NumPy's .npy files, each with one array (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
import type { FileTensor, TensorLike } from './elements.ts'
import { arrayFile, arrayOf } from './npy-array.ts'
import { sourceOf } from './source.ts'

/**
 * Reads a `numpy.save` file of format version 1.0, 2.0 or 3.0. The tensor is a view of the file's bytes if these are aligned, little-endian and
 * in C order. float16 becomes float32; integers and booleans become int32 if they fit, else int64.
 *
 * @param bytes the whole file
 * @throws `file-invalid` if it is damaged; `file-unsupported` if it has objects, records, strings, dates or complex numbers
 * @example
 * const bytes = io.npy.write({ dtype: 'float32', shape: [2, 2], data: [1, 2, 3, 4] })
 * const { shape, data } = io.npy.read(bytes)
 * shape // [2,2]
 * Array.from(data) // [1,2,3,4]
 */
export function read(bytes: Uint8Array | ArrayBuffer): FileTensor {
  return arrayOf(sourceOf('npy.read', bytes))
}

/**
 * Returns a file for `numpy.load`, byte-identical to that of `numpy.save`: version 1.0, little-endian, in C order.
 *
 * @param tensor of a state dict, of a model, or `{ dtype, shape, data }`; int64 takes a BigInt64Array
 * @throws `shape-mismatch`, `dtype-mismatch` or `option-range`
 * @example
 * const bytes = io.npy.write({ dtype: 'float64', shape: [3], data: [1, 2, 3] })
 * bytes.length // 152
 */
export function write(tensor: TensorLike): Uint8Array<ArrayBuffer> {
  return arrayFile('npy.write', tensor)
}
