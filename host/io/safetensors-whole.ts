/**
 * safetensors files: a JSON header with names, types, shapes and offsets, followed by the bytes of the tensors
 * (https://huggingface.co/docs/safetensors).
 */
import { check, checkRange, shown } from '../validation/errors.ts'
import { isDict } from './dict.ts'
import { decoded, type ElementType, encoded, type FileTensor, type TensorLike } from './elements.ts'
import { LONGEST_HEADER, METADATA, readHeader } from './header.ts'
import { sourceOf } from './source.ts'

/** Contents of a file. */
export interface SafeTensors {
  readonly tensors: Readonly<Record<string, FileTensor>>
  /** Metadata strings by name. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Reads a file. Tensors are views of its bytes if these are aligned, as in files written by this package or the reference
 * implementation.
 *
 * @param bytes the whole file
 * @throws `file-invalid` if it is damaged; `file-unsupported` if it has a tensor of 8-bit floats or complex numbers
 * @example
 * const bytes = io.safetensors.write({ weight: { dtype: 'float32', shape: [2, 2], data: [1, 2, 3, 4] } }, { from: 'here' })
 * const { tensors, metadata } = io.safetensors.read(bytes)
 * Array.from(tensors.weight.data) // [1,2,3,4]
 * metadata.from === 'here' // true
 */
export function read(bytes: Uint8Array | ArrayBuffer): SafeTensors {
  const source = sourceOf('safetensors.read', bytes)
  const { entries, metadata } = readHeader(source)
  const tensors = entries.map(({ name, type, shape, start, bytes }): [string, FileTensor] => [
    name,
    decoded(`the tensor ${shown(name)}`, type, shape, source.at(start, bytes)),
  ])
  return { tensors: Object.fromEntries(tensors), metadata }
}

/** Order of the reference implementation, by type, then by name, which aligns every tensor. */
const ORDER: readonly ElementType[] = ['I64', 'F64', 'F32', 'I32']

/**
 * Writes a file. The same tensors and metadata give the same bytes.
 *
 * @param tensors by name: of a model's `stateDict()`, or others
 * @param metadata strings by name
 * @throws `shape-mismatch`, `dtype-mismatch` or `option-range` naming the tensor
 */
export function write(
  tensors: Readonly<Record<string, TensorLike>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  checkRange(isDict(tensors), 'safetensors.write', 'tensors', 'tensors by name', tensors)
  checkRange(isDict(metadata), 'safetensors.write', 'metadata', 'strings by name', metadata)
  for (const [name, text] of Object.entries(metadata)) {
    checkRange(typeof text === 'string', 'safetensors.write', `metadata ${shown(name)}`, 'a string', text)
  }
  const parts = Object.entries(tensors).map(([name, tensor]) => {
    check(name !== METADATA && name !== '__proto__', 'option-range', `safetensors.write: a tensor must not be named ${name}`)
    return { name, ...encoded(`safetensors.write: ${name}`, tensor) }
  })
  parts.sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || (a.name < b.name ? -1 : 1))
  let at = 0
  const header: [string, unknown][] = Object.keys(metadata).length ? [[METADATA, metadata]] : []
  for (const { name, type, shape, bytes } of parts) {
    header.push([name, { dtype: type, shape, data_offsets: [at, (at += bytes.length)] }])
  }
  const text = new TextEncoder().encode(`{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`)
  const dataStart = 8 + Math.ceil(text.length / 8) * 8
  check(
    text.length <= LONGEST_HEADER,
    'option-range',
    `safetensors.write: names and metadata must take at most ${LONGEST_HEADER} bytes, got ${text.length}`,
  )
  const file = new Uint8Array(dataStart + at)
  new DataView(file.buffer).setUint32(0, dataStart - 8, true)
  file.fill(SPACE, 8, dataStart)
  file.set(text, 8)
  at = dataStart
  for (const { bytes } of parts) {
    file.set(bytes, at)
    at += bytes.length
  }
  return file
}

const SPACE = 0x20
