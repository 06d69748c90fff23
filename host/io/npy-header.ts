/** The header of .npy files: element type, byte order, order of axes, and shape, as a Python literal. */

import { type Shape, showShape, sizeOf } from '../memory/shape.ts'
import { DownhillError, shown } from '../validation/errors.ts'
import { type ElementType, elementBytes } from './elements.ts'
import type { Source } from './source.ts'

/** Location and layout of an array's elements. */
export interface ArrayHeader {
  readonly type: ElementType
  readonly shape: Shape
  readonly isBigEndian: boolean
  /** Whether the array is in Fortran order: the first axis varies fastest. */
  readonly isFortran: boolean
  /** Offset of the first element, and number of bytes of all elements. */
  readonly start: number
  readonly bytes: number
}

/** NumPy's limit on the header, in bytes. 64 axes take 1,400. */
const LONGEST_HEADER = 10_000
/** Bytes before the header, by version: magic, version and length. */
const PREFIX = { 1: 10, 2: 12, 3: 12 } as const
/** Largest offset of the first element. */
export const LARGEST_START = 12 + LONGEST_HEADER
/** Maximum number of axes in NumPy 2. */
const MOST_AXES = 64

export const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const

/** Element types by NumPy's kind and size. */
const types: Readonly<Record<string, ElementType>> = {
  ...{ b1: 'BOOL', i1: 'I8', i2: 'I16', i4: 'I32', i8: 'I64', u1: 'U8', u2: 'U16', u4: 'U32', u8: 'U64' },
  ...{ f2: 'F16', f4: 'F32', f8: 'F64' },
}

function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `this is not an .npy file: ${why}`)
}

function headerText(source: Source): { text: string; start: number } {
  const { size } = source
  const prefix = source.at(0, Math.min(size, 12))
  if (!MAGIC.every((byte, i) => prefix[i] === byte)) throw damaged('it does not begin with \\x93NUMPY')
  const [version, minor] = [prefix[6], prefix[7]]
  if (size < 8 || (version !== 1 && version !== 2 && version !== 3) || minor !== 0) {
    throw new DownhillError('file-unsupported', `version ${version}.${minor} of .npy files is not supported`)
  }
  const before = PREFIX[version]
  if (size < before) throw damaged(`it must have at least ${before} bytes, got ${size}`)
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > size - before) throw damaged(`its header should have ${length} bytes, but ${size - before} follow`)
  if (length > LONGEST_HEADER) throw damaged(`its header must have at most ${LONGEST_HEADER} bytes, got ${length}`)
  try {
    const decoder = new TextDecoder(version === 3 ? 'utf-8' : 'latin1', { fatal: true })
    return { text: decoder.decode(source.at(before, length)), start: before + length }
  } catch {
    throw damaged('its header is not UTF-8')
  }
}

/** Returns the entries of a Python dict of strings, booleans and tuples of integers. */
function entriesOf(text: string): Map<string, string> {
  const body = /^\s*\{([^{}]*)\}\s*$/.exec(text)?.[1]
  if (body === undefined) throw damaged(`its header must be a Python dict, got ${shown(text)}`)
  if (/['"]descr['"]\s*:\s*\[/.test(body)) throw new DownhillError('file-unsupported', 'the array has records, which are not supported')
  const entries = new Map<string, string>()
  const entry = /\s*(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,L\s]*\))\s*(?:,|$)/y
  for (let at = 0; body.slice(at).trim() !== ''; at = entry.lastIndex) {
    const [found, , name, value] = entry.exec(body) ?? []
    if (found === undefined || entries.has(name!))
      throw damaged(`its header must be a Python dict of distinct names and literals, got ${shown(text)}`)
    entries.set(name!, value!)
  }
  const isComplete = entries.size === 3 && ['descr', 'fortran_order', 'shape'].every((name) => entries.has(name))
  if (!isComplete) throw damaged(`its header must have the entries descr, fortran_order and shape, got ${shown([...entries.keys()])}`)
  return entries
}

function checkedType(descr: string): { type: ElementType; isBigEndian: boolean } {
  const [, name] = /^['"](.*)['"]$/.exec(descr) ?? []
  if (name === undefined) throw damaged(`its descr must be a string, got ${shown(descr)}`)
  if (/^[<>|=]?O/.test(name)) {
    throw new DownhillError('file-unsupported', 'the array holds pickled Python objects, which are not read; nothing was executed')
  }
  const [, order, type] = /^([<>|=]?)([biuf]\d)$/.exec(name) ?? []
  if (type === undefined || !Object.hasOwn(types, type)) {
    throw new DownhillError('file-unsupported', `the array has the type ${shown(name)}, which is not supported`)
  }
  return { type: types[type]!, isBigEndian: order === '>' }
}

function checkedTuple(tuple: string): Shape {
  const parts = tuple.slice(1, -1).split(',')
  const isTuple = tuple.startsWith('(') && parts.at(-1)?.trim() === ''
  // Only a tuple of one number needs a trailing comma.
  const sizes = (isTuple ? parts.slice(0, -1) : parts).map((part) => (/^\s*\d{1,16}L?\s*$/.test(part) ? Number.parseInt(part, 10) : -1))
  const fits =
    tuple.startsWith('(') &&
    (isTuple || sizes.length > 1) &&
    sizes.length <= MOST_AXES &&
    sizes.every((n) => n >= 0 && Number.isSafeInteger(n))
  if (!fits) throw damaged(`its shape must be a tuple of at most ${MOST_AXES} integers ≥ 0, got ${shown(tuple)}`)
  return sizes
}

/** Reads and checks the header only. */
export function readArrayHeader(source: Source): ArrayHeader {
  const { text, start } = headerText(source)
  const entries = entriesOf(text)
  const order = entries.get('fortran_order')
  if (order !== 'True' && order !== 'False') throw damaged(`its fortran_order must be True or False, got ${shown(order)}`)
  const shape = checkedTuple(entries.get('shape')!)
  const { type, isBigEndian } = checkedType(entries.get('descr')!)
  const bytes = sizeOf(shape) * elementBytes[type]
  if (bytes !== source.size - start)
    throw damaged(`its array must have ${bytes} bytes for ${type} ${showShape(shape)}, got ${source.size - start}`)
  return { type, shape, isBigEndian, isFortran: order === 'True', start, bytes }
}

const descrs = { F64: '<f8', F32: '<f4', I64: '<i8', I32: '<i4' } as const

/** NumPy pads the header so that the first size can grow to this many digits. */
const DIGITS = 21
/** NumPy's alignment of the first element, in bytes. */
const ALIGNMENT = 64

/** Returns the header of version 1.0, as NumPy writes it. */
export function arrayHeader(type: ElementType, shape: Shape): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '${descrs[type as keyof typeof descrs]}', 'fortran_order': False, 'shape': ${tuple}, }`
  const room = shape.length ? DIGITS - String(shape[0]).length : 0
  const padding = ALIGNMENT - ((PREFIX[1] + text.length + room + 1) % ALIGNMENT)
  const header = new TextEncoder().encode(`${text}${' '.repeat(room + padding)}\n`)
  const bytes = new Uint8Array(PREFIX[1] + header.length)
  bytes.set(MAGIC)
  bytes.set([1, 0, header.length & 255, header.length >> 8], MAGIC.length)
  bytes.set(header, PREFIX[1])
  return bytes
}
