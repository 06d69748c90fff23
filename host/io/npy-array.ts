/** The array of an .npy file. */

import { type Shape, sizeOf } from '../memory/shape.ts'
import { decoded, elementBytes, encoded, type FileTensor, type TensorLike } from './elements.ts'
import { arrayHeader, readArrayHeader } from './npy-header.ts'
import type { Source } from './source.ts'
import { rowMajor } from './strided.ts'

/** Reads the array in a file. */
export function arrayOf(source: Source): FileTensor {
  const { type, shape, isBigEndian, isFortran, start, bytes } = readArrayHeader(source)
  const element = elementBytes[type]
  let elements = source.at(start, bytes)
  if (isBigEndian) elements = swapped(elements, element)
  if (isFortran) elements = rowMajor(elements, shape, fortranStrides(shape), 0, element)
  return decoded('the array', type, shape, elements)
}

/** Returns an .npy file of a tensor. `what` is the tensor's name in an error. */
export function arrayFile(what: string, tensor: TensorLike): Uint8Array<ArrayBuffer> {
  const { type, shape, bytes } = encoded(what, tensor)
  const header = arrayHeader(type, shape)
  const file = new Uint8Array(header.length + bytes.length)
  file.set(header)
  file.set(bytes, header.length)
  return file
}

/** Reverses the bytes of every element. */
function swapped(bytes: Uint8Array, element: number): Uint8Array {
  const out = new Uint8Array(bytes.length)
  for (let at = 0; at < out.length; at += element) {
    for (let k = 0; k < element; k++) out[at + k] = bytes[at + element - 1 - k]!
  }
  return out
}

/** Returns the strides of Fortran order, the first axis fastest. */
function fortranStrides(shape: Shape): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(0, axis)))
}
