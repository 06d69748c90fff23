/** Element types of files, and their conversion to and from arrays. Files are little-endian, like all runtimes. */

import type { DType, View } from '../memory/dtype.ts'
import { checkNumbers, type Numbers } from '../memory/numbers.ts'
import { checkedShape, type Shape, sizeOf } from '../memory/shape.ts'
import type { StateTensor } from '../optimizer/state-dict.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'

/** Bytes per element, by safetensors' names. */
export const elementBytes = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
  ...{ F8_E4M3: 1, F8_E5M2: 1 },
  // Listed by inspect, but not read.
  ...{ F8_E8M0: 1, C64: 8 },
} as const

/** An element type in a file. */
export type ElementType = keyof typeof elementBytes

/** Integers that may exceed 32 bits. */
export interface LongTensor {
  readonly dtype: 'int64'
  readonly shape: Shape
  readonly data: BigInt64Array
}

/** A tensor in a file. Floats of 16 and 8 bits are widened to float32; integers and booleans become int32 if they fit, else int64. */
export type FileTensor = StateTensor | LongTensor

/** A tensor to write: of a state dict, of a model, or an object literal. */
export interface TensorLike {
  readonly dtype: DType | 'int64'
  readonly shape: Shape
  readonly data: Numbers | BigInt64Array
}

type Elements = Pick<StateTensor, 'dtype' | 'data'> | Pick<LongTensor, 'dtype' | 'data'>

interface ArrayClass<T> {
  readonly BYTES_PER_ELEMENT: number
  new (buffer: ArrayBuffer, offset: number, length: number): T
}

/** Returns a typed view of bytes, or of a copy if they are not aligned. */
function viewOf<T>(Class: ArrayClass<T>, bytes: Uint8Array): T {
  const size = Class.BYTES_PER_ELEMENT
  // Node's Buffer overrides slice, without a copy.
  const { buffer, byteOffset } = bytes.byteOffset % size ? new Uint8Array(bytes) : bytes
  return new Class(buffer as ArrayBuffer, byteOffset, bytes.length / size)
}

const whole = (data: ArrayLike<number>): Elements => ({ dtype: 'int32', data: Int32Array.from(data) })

/**
 * Returns the bits of the float32 that equals an IEEE 754 binary16: sign, 5 exponent bits, 10 fraction bits. NaNs keep their payload and become
 * quiet, as in torch.
 */
function widenedHalf(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return sign | 0x7f800000 | (fraction && (fraction << 13) | 0x400000)
  if (exponent) return sign | ((exponent + 112) << 23) | (fraction << 13)
  // A subnormal is a multiple of 2^-24, and normal in float32.
  const highest = 31 - Math.clz32(fraction)
  return fraction ? sign | ((highest + 103) << 23) | ((fraction << (23 - highest)) & 0x7fffff) : sign
}

/** Returns the float32 numbers of bits that a function computes from 16 bits. */
function widened(bytes: Uint8Array, bitsOf: (half: number) => number): Elements {
  return { dtype: 'float32', data: new Float32Array(Uint32Array.from(viewOf(Uint16Array, bytes), bitsOf).buffer) }
}

/**
 * Converts float8_e4m3fn: sign, 4 exponent bits, 3 fraction bits; subnormals have the smallest exponent too. Infinities do not exist, and only
 * the largest magnitude is NaN (https://arxiv.org/abs/2209.05433).
 */
function widenedE4M3(code: number): number {
  const exponent = (code >> 3) & 15
  const fraction = code & 7
  const finite = (fraction + (exponent ? 8 : 0)) * 2 ** (Math.max(exponent, 1) - 10)
  const size = (code & 127) === 127 ? Number.NaN : finite
  return code & 128 ? -size : size
}

/** Converts pairs of words, the lower first, to int32 if every upper word only repeats the sign. */
function narrowed(words: Int32Array): Elements {
  const data = new Int32Array(words.length / 2)
  for (let i = 0; i < data.length; i++) {
    data[i] = words[2 * i]!
    if (words[2 * i + 1] !== data[i]! >> 31)
      return { dtype: 'int64', data: viewOf(BigInt64Array, new Uint8Array(words.buffer, words.byteOffset, words.byteLength)) }
  }
  return { dtype: 'int32', data }
}

const readers: Readonly<Partial<Record<ElementType, (bytes: Uint8Array) => Elements | undefined>>> = {
  F64: (bytes) => ({ dtype: 'float64', data: viewOf(Float64Array, bytes) }),
  F32: (bytes) => ({ dtype: 'float32', data: viewOf(Float32Array, bytes) }),
  F16: (bytes) => widened(bytes, widenedHalf),
  // bfloat16 is the upper half of a float32.
  BF16: (bytes) => widened(bytes, (half) => half << 16),
  F8_E4M3: (bytes) => ({ dtype: 'float32', data: Float32Array.from(bytes, widenedE4M3) }),
  // float8_e5m2 is the upper half of a float16.
  F8_E5M2: (bytes) => ({ dtype: 'float32', data: new Float32Array(Uint32Array.from(bytes, (code) => widenedHalf(code << 8)).buffer) }),
  I64: (bytes) => narrowed(viewOf(Int32Array, bytes)),
  I32: (bytes) => ({ dtype: 'int32', data: viewOf(Int32Array, bytes) }),
  I16: (bytes) => whole(viewOf(Int16Array, bytes)),
  I8: (bytes) => whole(viewOf(Int8Array, bytes)),
  U64: (bytes) => {
    const words = viewOf(Int32Array, bytes)
    return words.some((word, i) => i % 2 && word < 0) ? undefined : narrowed(words)
  },
  U32: (bytes) => {
    const words = viewOf(Int32Array, bytes)
    return narrowed(Int32Array.from({ length: 2 * words.length }, (_, i) => (i % 2 ? 0 : words[i / 2]!)))
  },
  U16: (bytes) => whole(viewOf(Uint16Array, bytes)),
  U8: whole,
  BOOL: (bytes) => whole(bytes.map((byte) => (byte ? 1 : 0))),
}

/**
 * Throws unless a type can be decoded. `what` is the tensor's name in an error.
 *
 * @throws `file-unsupported`
 */
export function checkType(what: string, type: ElementType): void {
  if (!readers[type]) throw new DownhillError('file-unsupported', `${what} has the type ${type}, which is not supported`)
}

/**
 * Decodes a tensor from the bytes of its shape; returns a view of them if possible. `what` is its name in an error.
 *
 * @throws `file-unsupported` if the type is not supported, or integers do not fit in 63 bits
 */
export function decoded(what: string, type: ElementType, shape: Shape, bytes: Uint8Array): FileTensor {
  checkType(what, type)
  const elements = readers[type]!(bytes)
  if (!elements) throw new DownhillError('file-unsupported', `${what} has integers beyond 2^63, which are not supported`)
  return { dtype: elements.dtype, shape, data: elements.data } as FileTensor
}

const written = { float32: 'F32', float64: 'F64', int32: 'I32', int64: 'I64' } as const
const classes = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const

/** Returns a tensor's type in a file, its shape, and its bytes, without a copy if possible. */
export function encoded(what: string, tensor: TensorLike): { type: ElementType; shape: Shape; bytes: Uint8Array } {
  const isTensor = typeof tensor === 'object' && tensor !== null && 'data' in tensor
  check(isTensor, 'option-range', () => `${what} must be a tensor { dtype, shape, data }, got ${shown(tensor)}`)
  const { dtype, data } = tensor
  checkRange(Object.hasOwn(written, dtype), what, 'dtype', Object.keys(written).join(', '), dtype, 'dtype-mismatch')
  const shape = checkedShape(what, tensor.shape)
  let own: View | BigInt64Array
  if (dtype === 'int64') {
    const fits = data instanceof BigInt64Array && data.length === sizeOf(shape)
    check(
      fits,
      'shape-mismatch',
      () => `${what}: data must be a BigInt64Array of length ${sizeOf(shape)}, got ${shown(data)} of length ${data?.length}`,
    )
    own = data as BigInt64Array
  } else {
    checkNumbers(what, 'data', shape, data)
    own = data instanceof classes[dtype] ? data : classes[dtype].from(data)
  }
  return { type: written[dtype], shape, bytes: new Uint8Array(own.buffer, own.byteOffset, own.byteLength) }
}
