/** Element types of files, and their way to and from arrays. Files are little-endian, as is every runtime there is. */

import type { DType, View } from '../memory/dtype.ts'
import { checkNumbers, type Numbers } from '../memory/numbers.ts'
import { checkedShape, type Shape, sizeOf } from '../memory/shape.ts'
import type { StateTensor } from '../optimizer/state-dict.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'

/** Bytes of an element, under safetensors' names. */
export const elementBytes = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
  // Known, so that they can be listed, and not read.
  ...{ F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, C64: 8 },
} as const

/** An element type of a file. */
export type ElementType = keyof typeof elementBytes

/** Whole numbers of which some do not fit in 32 bits. */
export interface LongTensor {
  readonly dtype: 'int64'
  readonly shape: Shape
  readonly data: BigInt64Array
}

/** A tensor of a file. Half precision is widened to float32; whole numbers and truth values are int32 where they fit, else int64. */
export type FileTensor = StateTensor | LongTensor

/** A tensor that can be written: of a state dict, of a model, or put together by hand. */
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

/** A window on bytes if they are aligned for it, else on a copy. */
function viewOf<T>(Class: ArrayClass<T>, bytes: Uint8Array): T {
  const size = Class.BYTES_PER_ELEMENT
  const { buffer, byteOffset } = bytes.byteOffset % size ? bytes.slice() : bytes
  return new Class(buffer as ArrayBuffer, byteOffset, bytes.length / size)
}

const whole = (data: ArrayLike<number>): Elements => ({ dtype: 'int32', data: Int32Array.from(data) })

/** IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction; the least exponent is that of subnormal numbers too. */
function widenedHalf(half: number): number {
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  const finite = (fraction + (exponent ? 1024 : 0)) * 2 ** (Math.max(exponent, 1) - 25)
  const size = exponent < 31 ? finite : fraction ? Number.NaN : Number.POSITIVE_INFINITY
  return half & 0x8000 ? -size : size
}

/** Pairs of words, the lower first, as int32 if every upper one only repeats the sign. */
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
  F16: (bytes) => ({ dtype: 'float32', data: Float32Array.from(viewOf(Uint16Array, bytes), widenedHalf) }),
  // bfloat16 is the upper half of a float32.
  BF16: (bytes) => ({
    dtype: 'float32',
    data: new Float32Array(Uint32Array.from(viewOf(Uint16Array, bytes), (half) => half << 16).buffer),
  }),
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
 * The tensor in as many bytes as its shape has; a view of them where it can be one. `what` names it.
 *
 * @throws `file-unsupported` if the type is not read, or whole numbers do not fit in 63 bits
 */
export function decoded(what: string, type: ElementType, shape: Shape, bytes: Uint8Array): FileTensor {
  const read = readers[type]
  if (!read) throw new DownhillError('file-unsupported', `${what} is of the type ${type}, which is not read`)
  const elements = read(bytes)
  if (!elements) throw new DownhillError('file-unsupported', `${what} has whole numbers beyond 2^63, which are not read`)
  return { dtype: elements.dtype, shape, data: elements.data } as FileTensor
}

const written = { float32: 'F32', float64: 'F64', int32: 'I32', int64: 'I64' } as const
const classes = { float32: Float32Array, float64: Float64Array, int32: Int32Array } as const

/** A tensor's type in a file, its shape, and its bytes: its own where they can be used. */
export function encoded(what: string, tensor: TensorLike): { type: ElementType; shape: Shape; bytes: Uint8Array } {
  const isTensor = typeof tensor === 'object' && tensor !== null && 'data' in tensor
  check(isTensor, 'option-range', () => `${what} is a tensor { dtype, shape, data }, not ${shown(tensor)}`)
  const { dtype, data } = tensor
  check(Object.hasOwn(written, dtype), 'dtype-mismatch', () => `${what}: dtype is ${Object.keys(written).join(', ')}, not ${shown(dtype)}`)
  const shape = checkedShape(what, tensor.shape)
  let own: View | BigInt64Array
  if (dtype === 'int64') {
    const fits = data instanceof BigInt64Array && data.length === sizeOf(shape)
    check(fits, 'shape-mismatch', () => `${what} has ${sizeOf(shape)} numbers in a BigInt64Array, not ${shown(data)} of ${data?.length}`)
    own = data as BigInt64Array
  } else {
    checkNumbers(what, 'data', shape, data)
    own = data instanceof classes[dtype] ? data : classes[dtype].from(data)
  }
  return { type: written[dtype], shape, bytes: new Uint8Array(own.buffer, own.byteOffset, own.byteLength) }
}
