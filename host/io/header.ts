/** The header of a safetensors file: names, types, shapes and places of its tensors, and texts. */

import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { isDict } from './dict.ts'
import { type ElementType, elementBytes } from './elements.ts'
import { extentOf } from './json.ts'
import type { Source } from './source.ts'

/** Room enough for 35,000 tensors. JSON may take 50 times as many bytes once it is read, and hostile JSON does. */
export const LONGEST_HEADER = 2 ** 22

/** Where a tensor stands in a file. */
export interface Entry {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
  /** First byte in the file, and how many. */
  readonly start: number
  readonly bytes: number
}

/** What a header says. */
export interface Header {
  readonly entries: readonly Entry[]
  readonly metadata: Readonly<Record<string, string>>
}

export const METADATA = '__metadata__'

function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `this is no safetensors file: ${why}`)
}

/** As many as torch allows. */
const MOST_AXES = 64

const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** The header, and where the tensors begin. */
function headerText(source: Source): { text: string; dataStart: number } {
  if (source.size < 8) throw damaged(`it has ${source.size} bytes`)
  const prefix = source.at(0, 8)
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8)
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
  if (length > source.size - 8) throw damaged(`its header is said to have ${length} bytes, and ${source.size - 8} follow`)
  if (length > LONGEST_HEADER) throw damaged(`its header has ${length} bytes; up to ${LONGEST_HEADER} are read`)
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source.at(8, length)), dataStart: 8 + length }
  } catch {
    throw damaged('its header is no UTF-8')
  }
}

/** A tensor's shape, in a tensor, in the header. */
const DEEPEST = 3

function parsed(text: string): Record<string, unknown> {
  let value: unknown
  if (extentOf(text).depth > DEEPEST) throw damaged('its header has values within values of a tensor')
  try {
    value = text.startsWith('{') ? JSON.parse(text) : undefined
  } catch {
    // In place of the engine's message, which differs from one to the other.
  }
  if (!isDict(value)) throw damaged('its header is no JSON object')
  return value
}

function checkedMetadata(value: unknown): Readonly<Record<string, string>> {
  const fits = isDict(value) && Object.entries(value).every(([key, entry]) => typeof entry === 'string' && key !== '__proto__')
  if (!fits) throw damaged(`${METADATA} holds texts under names, and nothing else`)
  return value as Record<string, string>
}

function checkedEntry(name: string, value: unknown, dataStart: number, dataBytes: number): Entry {
  const what = `the tensor ${shown(name)}`
  if (name === '__proto__' || !isDict(value)) throw damaged(`${what} is ${shown(value)}`)
  const { dtype, shape, data_offsets: offsets, ...more } = value
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) throw damaged(`${what} has ${shown(dtype)} for its dtype`)
  if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every(isPlace)) throw damaged(`${what} has ${shown(shape)} for its shape`)
  const isPair = Array.isArray(offsets) && offsets.length === 2 && offsets.every(isPlace)
  if (!isPair) throw damaged(`${what} has ${shown(offsets)} for its data_offsets`)
  if (Object.keys(more).length) throw damaged(`${what} has an entry ${shown(Object.keys(more)[0])}`)
  const [start, end] = offsets as [number, number]
  if (start > end || end > dataBytes) throw damaged(`${what} stands at ${start} to ${end}, and there are ${dataBytes} bytes`)
  const type = dtype as ElementType
  const bytes = sizeOf(shape) * elementBytes[type]
  if (bytes !== end - start) throw damaged(`${what} is ${dtype} ${showShape(shape)}, ${bytes} bytes, and has ${end - start}`)
  return { name, type, shape, start: dataStart + start, bytes }
}

/** Throws unless tensors stand one after another without gaps up to the end: no byte is read twice, and none hides anything. */
function checkPlaces(entries: readonly Entry[], dataStart: number, size: number): void {
  let at = dataStart
  for (const { name, start, bytes } of [...entries].sort((a, b) => a.start - b.start || a.bytes - b.bytes)) {
    if (start !== at) {
      throw damaged(`the tensor ${shown(name)} begins at byte ${start - dataStart}, and the one before it ends at ${at - dataStart}`)
    }
    at += bytes
  }
  if (at !== size) throw damaged(`${size - at} bytes at its end belong to no tensor`)
}

/** Reads and checks the header, and nothing else. */
export function readHeader(source: Source): Header {
  const { text, dataStart } = headerText(source)
  const header = parsed(text)
  const { [METADATA]: metadata = {}, ...rest } = header
  const own = checkedMetadata(metadata)
  const entries = Object.entries(rest).map(([name, value]) => checkedEntry(name, value, dataStart, source.size - dataStart))
  if (extentOf(text).keys !== Object.keys(header).length + Object.keys(own).length + 3 * entries.length) {
    throw damaged('two entries of its header have one name')
  }
  checkPlaces(entries, dataStart, source.size)
  return { entries, metadata: own }
}
