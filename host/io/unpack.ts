/** Reads stored and deflated files of archives. */
import { Inflate } from 'fflate'
import { DownhillError, shown } from '../validation/errors.ts'
import type { Source } from './source.ts'
import { checkReadable, checkSum, contents, placeOf, type ZipEntry } from './zip.ts'

/** Compression method of deflated files (4.4.5). */
const DEFLATED = 8
/** Packed bytes inflated at once. A byte inflates to at most 1032 bytes, so the limit is exceeded by at most 16 MB. */
const CHUNK = 2 ** 14
/** Packed bytes inflated at once to read only the beginning of a file. */
const SMALL_CHUNK = 256

/** Unpacks the files of an archive, up to a total number of bytes, because a small file may unpack to any size. */
export class Unpacker {
  readonly #source: Source
  readonly #most: number
  #left: number

  constructor(source: Source, most: number) {
    this.#source = source
    this.#most = most
    this.#left = most
  }

  /** Returns the bytes of a file, without a copy if it is not compressed. */
  whole(entry: ZipEntry): Uint8Array {
    if (entry.method !== DEFLATED) return contents(this.#source, entry)
    const data = this.#inflated(entry, entry.unpacked, CHUNK)
    checkSum(entry, data)
    return data
  }

  /** Returns a source of the first `length` bytes of a file. */
  beginning(entry: ZipEntry, length: number): Source {
    if (entry.method !== DEFLATED) {
      checkReadable(entry)
      const place = placeOf(this.#source, entry)
      return { size: place.length, at: (start, count) => this.#source.at(place.start + start, count) }
    }
    const data = this.#inflated(entry, Math.min(length, entry.unpacked), SMALL_CHUNK)
    return { size: entry.unpacked, at: (start, count) => data.subarray(start, start + count) }
  }

  /** Returns the first bytes of a deflated file. */
  #inflated(entry: ZipEntry, length: number, chunk: number): Uint8Array {
    if (length > this.#left) throw this.#tooLarge()
    const { start, length: packed } = placeOf(this.#source, entry)
    const data = new Uint8Array(length)
    let size = 0
    const stream = new Inflate((part) => {
      data.set(part.subarray(0, Math.max(length - size, 0)), size)
      size += part.length
      this.#left -= part.length
    })
    for (let at = 0; at < packed && size < length; at += chunk) {
      inflate(stream, entry, this.#source.at(start + at, Math.min(chunk, packed - at)), at + chunk >= packed)
      if (size > entry.unpacked) throw damaged(entry)
      if (this.#left < 0) throw this.#tooLarge()
    }
    if (size < length) throw damaged(entry)
    return data
  }

  #tooLarge(): DownhillError {
    return new DownhillError(
      'file-invalid',
      `the archive unpacks to more than ${this.#most} bytes; npz.read takes a higher limit as maxBytes`,
    )
  }
}

function damaged({ name, unpacked }: ZipEntry): DownhillError {
  return new DownhillError('file-invalid', `the file ${shown(name)} in the archive does not unpack to ${unpacked} bytes`)
}

function inflate(stream: Inflate, entry: ZipEntry, bytes: Uint8Array, isLast: boolean): void {
  try {
    stream.push(bytes, isLast)
  } catch {
    // Replaces fflate's messages, and the engine's for out-of-range numbers in hostile data.
    throw damaged(entry)
  }
}
