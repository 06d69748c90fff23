/**
 * Zip archives of uncompressed files, as torch writes them (PKWARE's APPNOTE.TXT; numbers in comments are its sections). fflate writes
 * them. Its `unzipSync` needs the whole archive and copies its contents, so inspecting a gigabyte would take two; this file reads the
 * directory instead.
 */
import { type Zippable, zipSync } from 'fflate'
import { check, DownhillError, shown } from '../validation/errors.ts'
import type { Source } from './source.ts'

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string
  readonly bytes: number
  /** Number of bytes when unpacked, and how it is packed (4.4.5). */
  readonly unpacked: number
  readonly method: number
  readonly crc: number
  /** Offset of the file's local header. */
  readonly header: number
  /** Reason why the file cannot be read, if any. */
  readonly refused: string | undefined
}

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const DIRECTORY = 0x02014b50
const LOCAL = 0x04034b50

/** Largest comment after the end. */
const LONGEST_COMMENT = 65535
/** Limit of entries, more than any model has tensors, and of their bytes. */
const MOST_ENTRIES = 2 ** 18
const LARGEST_DIRECTORY = 2 ** 26

/** Returns the error for a file that is not a zip archive. */
export function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `this is not a zip archive: ${why}`)
}

/** Reads little-endian numbers in a part of a file. */
class Fields {
  readonly #view: DataView

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true)
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true)
  }

  u64(at: number): number {
    return this.u32(at) + this.u32(at + 4) * 2 ** 32
  }
}

/** Flags (4.4.4) of encrypted, patched, strongly encrypted and masked files. */
const ENCRYPTED = 0x0001 | 0x0020 | 0x0040 | 0x2000
/** External attribute of folders in MS-DOS. */
const IS_FOLDER = 0x10

function part(source: Source, start: number, length: number, what: string): Fields {
  const isThere = Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(length) && start + length <= source.size
  if (!isThere) throw damaged(`${what} should be at ${start}, but the file has ${source.size} bytes`)
  return new Fields(source.at(start, length))
}

const SEVERAL_DISKS = 'it is a part of an archive on several disks'

/** Locates the directory (4.3.16; 4.3.14 for archives beyond 4 GiB). */
function findDirectory(source: Source): { start: number; bytes: number; count: number } {
  const length = Math.min(source.size, 22 + LONGEST_COMMENT)
  const tail = part(source, source.size - length, length, 'its end')
  let at = length - 22
  while (at >= 0 && tail.u32(at) !== END) at--
  if (at < 0) throw damaged('it has no directory at its end')
  const isWhole = tail.u32(at + 4) === 0 && tail.u16(at + 8) === tail.u16(at + 10)
  if (!isWhole) throw damaged(SEVERAL_DISKS)
  if (at < 20 || tail.u32(at - 20) !== LOCATOR_64) return { start: tail.u32(at + 16), bytes: tail.u32(at + 12), count: tail.u16(at + 10) }
  const end = part(source, tail.u64(at - 12), 56, 'its directory')
  if (end.u32(0) !== END_64 || end.u64(4) < 44) throw damaged('its directory is misplaced')
  const disks = [tail.u32(at - 16), tail.u32(at - 4) - 1, end.u32(16), end.u32(20), end.u64(24) - end.u64(32)]
  if (disks.some((disk) => disk !== 0)) throw damaged(SEVERAL_DISKS)
  return { start: end.u64(48), bytes: end.u64(40), count: end.u64(32) }
}

function nameOf(bytes: Uint8Array): string {
  if (!bytes.length || bytes.includes(0)) throw damaged('names must not be empty or contain a 0 byte')
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes)
  } catch {
    throw damaged('a name in it is not UTF-8')
  }
}

/** Reads an entry of the directory (4.3.12; 4.5.3 for values beyond 32 bits). */
function entryAt(directory: Fields, at: number): ZipEntry {
  const nameEnd = at + 46 + directory.u16(at + 28)
  const name = nameOf(directory.bytes.subarray(at + 46, nameEnd))
  const fields = [directory.u32(at + 24), directory.u32(at + 20), directory.u32(at + 42)]
  const extraEnd = nameEnd + directory.u16(at + 30)
  for (let extra = nameEnd; extra + 4 <= extraEnd; extra += 4 + directory.u16(extra + 2)) {
    if (directory.u16(extra) !== 1) continue
    let from = extra + 4
    for (const [i, value] of fields.entries()) {
      if (value !== 0xffffffff || from + 8 > extraEnd) continue
      fields[i] = directory.u64(from)
      from += 8
    }
  }
  const [original, bytes, header] = fields as [number, number, number]
  const isStored = directory.u16(at + 10) === 0
  if (isStored ? original !== bytes : original && !bytes) {
    throw damaged(`the file ${shown(name)} in it should have ${original} bytes, but has ${bytes}`)
  }
  if (directory.u16(at + 34)) throw damaged(`the file ${shown(name)} in it is on another disk`)
  // torch treats a file with this attribute as a folder, and reads none of its bytes.
  if (directory.u32(at + 38) & IS_FOLDER || name.endsWith('/')) throw damaged(`the file ${shown(name)} in it is a folder`)
  const refused = directory.u16(at + 8) & ENCRYPTED ? 'encrypted' : isStored ? undefined : 'compressed, unlike those of torch'
  return { name, bytes, unpacked: original, method: directory.u16(at + 10), crc: directory.u32(at + 16), header, refused }
}

/** Returns the files of an archive by name. No two may share a byte or a name. */
export function readDirectory(source: Source): ReadonlyMap<string, ZipEntry> {
  const { start, bytes, count } = findDirectory(source)
  if (count > MOST_ENTRIES) throw damaged(`it must have at most ${MOST_ENTRIES} files, got ${count}`)
  if (bytes > LARGEST_DIRECTORY) throw damaged(`its directory must have at most ${LARGEST_DIRECTORY} bytes, got ${bytes}`)
  const directory = part(source, start, bytes, 'its directory')
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes || directory.u32(at) !== DIRECTORY) throw damaged(`entry ${i} of its directory is invalid`)
    const next = at + 46 + directory.u16(at + 28) + directory.u16(at + 30) + directory.u16(at + 32)
    if (next > bytes) throw damaged(`entry ${i} of its directory is truncated`)
    const entry = entryAt(directory, at)
    if (entries.has(entry.name)) throw damaged(`two of its files have the name ${shown(entry.name)}`)
    entries.set(entry.name, entry)
    at = next
  }
  let end = 0
  for (const { name, header, bytes } of [...entries.values()].sort((a, b) => a.header - b.header)) {
    if (header < end || header + 30 + bytes > start) throw damaged(`the file ${shown(name)} in it overlaps another`)
    end = header + 30 + bytes
  }
  return entries
}

/** Returns the bytes of a file in the archive, without a copy. */
export function contents(source: Source, entry: ZipEntry): Uint8Array {
  checkReadable(entry)
  const { start, length } = placeOf(source, entry)
  const data = source.at(start, length)
  checkSum(entry, data)
  return data
}

export function checkReadable({ name, refused }: ZipEntry): void {
  if (refused) throw new DownhillError('file-unsupported', `the file ${shown(name)} in the archive is ${refused}`)
}

/** Returns the location of a file's bytes, as they are packed. */
export function placeOf(source: Source, { name, bytes, header }: ZipEntry): { start: number; length: number } {
  const what = `the file ${shown(name)}`
  const local = part(source, header, 30, what)
  if (local.u32(0) !== LOCAL) throw damaged(`${what} in it is misplaced`)
  const start = header + 30 + local.u16(26) + local.u16(28)
  if (start + bytes > source.size) throw damaged(`${what} should be at ${start}, but the file has ${source.size} bytes`)
  return { start, length: bytes }
}

/** Throws unless a file's unpacked bytes have its checksum. */
export function checkSum({ name, crc }: ZipEntry, data: Uint8Array): void {
  if (crc32(data) !== crc) throw damaged(`the file ${shown(name)} in it is corrupt: its checksum differs`)
}

/** CRC-32 of single bytes, computed at the first use so that bundlers can drop it. */
let crcs: Uint32Array | undefined

function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    return crc
  })
}

/** CRC-32 (4.4.7). fflate does not export its own. */
function crc32(bytes: Uint8Array): number {
  const table = (crcs ??= crcTable())
  let crc = -1
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Alignment of every file, by torch's convention, so that it can be memory-mapped. */
const ALIGNMENT = 64
/** The extra field (4.5) that torch pads with: 'FB'. */
const PADDING = 0x4246

/** Returns an archive of files, in their order. */
export function zipped(files: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const total = [...files.values()].reduce((sum, { length }) => sum + length + 256, 0)
  const fits = files.size < 65535 && total < 2 ** 32 - 2 ** 16
  check(fits, 'option-range', () => `torchFile.save: a file holds at most 65,530 tensors in 4 GiB, got ${files.size} in ${total} bytes`)
  // The earliest time of the format, so that an archive depends only on its files.
  const mtime = new Date(1980, 0, 1)
  const zippable: Zippable = {}
  let at = 0
  for (const [name, bytes] of files) {
    const begin = at + 30 + name.length + 4
    const padding = Math.ceil(begin / ALIGNMENT) * ALIGNMENT - begin
    zippable[name] = [bytes, { level: 0, mtime, extra: { [PADDING]: new Uint8Array(padding) } }]
    at = begin + padding + bytes.length
  }
  return zipSync(zippable) as Uint8Array<ArrayBuffer>
}
