/** Elements of a tensor with any strides, in row-major order. */
import { type Shape, sizeOf } from '../memory/shape.ts'

/**
 * Copies elements in row-major order. The caller has checked that all of them exist.
 *
 * @param strides elements between successive indices of each axis
 * @param offset index of the first element
 * @param element bytes per element
 */
export function rowMajor(bytes: Uint8Array, shape: Shape, strides: readonly number[], offset: number, element: number): Uint8Array {
  const out = new Uint8Array(sizeOf(shape) * element)
  const index = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < out.length; to += element) {
    for (let k = 0; k < element; k++) out[to + k] = bytes[from * element + k]!
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return out
}
