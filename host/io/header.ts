/** The header of a safetensors file: names, types, shapes and offsets of its tensors, and string metadata. */

import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { isDict } from './dict.ts'
import { type ElementType, elementBytes } from './elements.ts'
import { extentOf } from './json.ts'
import type { Source } from './source.ts'

/** Limit of bytes in a header, enough for 35,000 tensors. Hostile JSON takes 50 times its bytes when parsed. */
export const LONGEST_HEADER = 2 ** 22

/** Location of a tensor in a file. */
export interface Entry {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
  /** Offset of the first byte, and number of bytes. */
  readonly start: number
  readonly bytes: number
}

/** The parsed header. */
export interface Header {
  readonly entries: readonly Entry[]
  readonly metadata: Readonly<Record<string, string>>
}

export const METADATA = '__metadata__'

function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `this is not a safetensors file: ${why}`)
}

/** Maximum number of axes in torch. */
const MOST_AXES = 64

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Returns the length of the header, which follows the first 8 bytes of a file. */
export function headerLength(prefix: Uint8Array, size: number): number {
  if (size < 8) throw damaged(`it must have at least 8 bytes, got ${size}`)
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8)
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
  if (length > size - 8) throw damaged(`its header should have ${length} bytes, but ${size - 8} follow`)
  if (length > LONGEST_HEADER) throw damaged(`its header must have at most ${LONGEST_HEADER} bytes, got ${length}`)
  return length
}

function decodedText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw damaged('its header is not UTF-8')
  }
}

/** Maximum nesting of the header: an object of entries, each with arrays. */
const DEEPEST = 3

function parsed(text: string): Record<string, unknown> {
  let value: unknown
  if (extentOf(text).depth > DEEPEST) throw damaged('its header is nested too deeply')
  try {
    value = text.startsWith('{') ? JSON.parse(text) : undefined
  } catch {
    // Replaces the engine's message, which differs between engines.
  }
  if (!isDict(value)) throw damaged('its header is not a JSON object')
  return value
}

function checkedMetadata(value: unknown): Readonly<Record<string, string>> {
  const fits = isDict(value) && Object.entries(value).every(([key, entry]) => typeof entry === 'string' && key !== '__proto__')
  if (!fits) throw damaged(`${METADATA} must map names to strings`)
  return value as Record<string, string>
}

function checkedEntry(name: string, value: unknown, dataStart: number, dataBytes: number): Entry {
  const what = `the tensor ${shown(name)}`
  if (name === '__proto__' || !isDict(value)) throw damaged(`${what} must be an object, got ${shown(value)}`)
  const { dtype, shape, data_offsets: offsets, ...more } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) throw damaged(`${what} has an unknown dtype: ${shown(dtype)}`)
  if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every(isPlace))
    throw damaged(`${what} has an invalid shape: ${shown(shape)}`)
  const isPair = Array.isArray(offsets) && offsets.length === 2 && offsets.every(isPlace)
  if (!isPair) throw damaged(`${what} has invalid data_offsets: ${shown(offsets)}`)
  if (Object.keys(more).length) throw damaged(`${what} has an unknown entry ${shown(Object.keys(more)[0])}`)
  const [start, end] = offsets as [number, number]
  if (start > end || end > dataBytes) throw damaged(`${what} has data_offsets ${start} to ${end}, outside the ${dataBytes} bytes of data`)
  const type = dtype as ElementType
  const bytes = sizeOf(shape) * elementBytes[type]
  if (bytes !== end - start) throw damaged(`${what} must have ${bytes} bytes for ${dtype} ${showShape(shape)}, got ${end - start}`)
  return { name, type, shape, start: dataStart + start, bytes }
}

/** Throws unless the tensors fill the file without gaps or overlaps, so that no byte is hidden or read twice. */
function checkPlaces(entries: readonly Entry[], dataStart: number, size: number): void {
  let at = dataStart
  for (const { name, start, bytes } of [...entries].sort((a, b) => a.start - b.start || a.bytes - b.bytes)) {
    if (start !== at) {
      throw damaged(`the tensor ${shown(name)} begins at byte ${start - dataStart}, but the one before it ends at ${at - dataStart}`)
    }
    at += bytes
  }
  if (at !== size && size !== UNKNOWN) throw damaged(`${size - at} bytes at its end belong to no tensor`)
}

/** Size of a file that is read in parts and whose size is unknown. */
export const UNKNOWN = Number.POSITIVE_INFINITY

/** Reads and checks the header only. */
export function readHeader(source: Source): Header {
  const length = headerLength(source.at(0, Math.min(source.size, 8)), source.size)
  return parsedHeader(source.at(8, length), source.size)
}

/** Checks the bytes of a header, in a file of this size. */
export function parsedHeader(bytes: Uint8Array, size: number): Header {
  const text = decodedText(bytes)
  const dataStart = 8 + bytes.length
  const header = parsed(text)
  const { [METADATA]: metadata = {}, ...rest } = header
  const own = checkedMetadata(metadata)
  const entries = Object.entries(rest).map(([name, value]) => checkedEntry(name, value, dataStart, size - dataStart))
  if (extentOf(text).keys !== Object.keys(header).length + Object.keys(own).length + 3 * entries.length) {
    throw damaged('its header repeats a name')
  }
  checkPlaces(entries, dataStart, size)
  return { entries, metadata: own }
}
