/** Parts of hostile files. */

import { torchFile } from '../../../host/io/index.ts'
import { Call, Name, Persistent, pickled } from '../../../host/io/pickle-writer.ts'
import { Tuple } from '../../../host/io/python.ts'
import { legacyFile, torchArchive } from './files.ts'

/** A file, with what is said about it; what loads says nothing. */
export type Entry = readonly [name: string, make: () => Uint8Array, message: RegExp | undefined]

/** A pickle of operations, written as letters, and of texts. */
export function pickle(...parts: readonly (string | readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part)))
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x80, 2), ...bytes, Buffer.from('.')]))
}

export const storage = { 0: new Uint8Array(64) }
export const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]

export function tensor(
  shape: readonly unknown[],
  strides: readonly unknown[],
  { offset = 0, elements = 16, key = '0', type = 'FloatStorage' as unknown, more = [false, null] as unknown[], encode = pickled } = {},
): Uint8Array {
  const name = typeof type === 'string' ? new Name('torch', type) : type
  const id = new Persistent(new Tuple(['storage', name, key, 'cpu', elements]))
  const call = new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [id, offset, new Tuple(shape), new Tuple(strides), ...more])
  return torchArchive(encode({ x: call }), storage)
}

/** A pickle in which the int 4 is the float 4.0. */
export const withFloat = (value: unknown) =>
  new Uint8Array(Buffer.from(Buffer.from(pickled(value)).toString('latin1').replace('K\x04', 'G\x40\x10\0\0\0\0\0\0'), 'latin1'))

/** A tensor of a file from before torch 1.6, and its file. */
export function legacyTensor({
  elements = 16,
  view = null as unknown,
  keys = { 0: new Uint8Array(64) } as Record<string, Uint8Array>,
  count = 16n,
} = {}) {
  const id = new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', elements, view]))
  const call = new Call(new Name('torch._utils', '_rebuild_tensor'), [id, 0, new Tuple([2]), new Tuple([1])])
  return legacyFile(pickled([call]), keys, { 0: count })
}

/** A zip archive one of whose files has another place, size or name than it should. */
export function zip(change: (view: DataView, directory: number, end: number) => void): Uint8Array {
  const bytes = torchFile.save({ a: { dtype: 'float32', shape: [2], data: [1, 2] } })
  const view = new DataView(bytes.buffer)
  const end = bytes.length - 22
  change(view, view.getUint32(end + 16, true), end)
  return bytes
}

export const repeated = (code: string, count: number) => Buffer.alloc(count, code, 'latin1')
export const often = (count: number, text: string, ...codes: number[]) =>
  Buffer.from(
    String.fromCharCode(...codes)
      .concat(text)
      .repeat(count),
    'latin1',
  )

export const texts = (count: number) =>
  Buffer.from(Array.from({ length: count }, (_, i) => `X\x0a\0\0\0${String(i).padStart(10, '0')}`).join(''), 'latin1')
