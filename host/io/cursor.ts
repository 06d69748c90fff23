/** Reads numbers and strings from a part of a file, little-endian unless noted. */
import { DownhillError } from '../validation/errors.ts'
import type { Source } from './source.ts'

/** Bytes read at once, so that a pickle followed by gigabytes of storages takes little memory. */
const WINDOW = 2 ** 16
/** Limit of bytes in a line, which is the module or the name of a class or function. */
const LONGEST_LINE = 4096
const NEWLINE = 0x0a

export function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `the pickle in the file is damaged: ${why}`)
}

export class Cursor {
  readonly #source: Source
  readonly #end: number
  #window = new Uint8Array(0)
  #view = new DataView(this.#window.buffer)
  /** Offsets of the window in the source, and of the next byte in the window. */
  #start: number
  #next = 0
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

  /** Reads from `start` up to `end`. */
  constructor(source: Source, start: number, end: number) {
    this.#source = source
    this.#start = start
    this.#end = end
  }

  /** Offset of the next byte in the source. */
  get at(): number {
    return this.#start + this.#next
  }

  /** Number of remaining bytes. */
  get left(): number {
    return this.#end - this.at
  }

  /** Moves the window to the next byte and reads at least `length` bytes into it. */
  #fill(length: number): void {
    if (length > this.left) throw damaged(this.#end < this.#source.size ? `it has more than ${this.#end} bytes` : 'it is truncated')
    this.#start = this.at
    this.#next = 0
    this.#window = this.#source.at(this.#start, Math.min(Math.max(length, WINDOW), this.left)) as Uint8Array<ArrayBuffer>
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.byteLength)
  }

  /** Advances by `length` bytes and returns their offset in the window. Throws if they do not exist. */
  #pass(length: number): number {
    if (this.#next + length > this.#window.length) this.#fill(length)
    const at = this.#next
    this.#next += length
    return at
  }

  /** Returns a copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#pass(length)
    return this.#window.slice(at, at + length)
  }

  u8(): number {
    const at = this.#pass(1)
    return this.#window[at]!
  }

  u16(): number {
    const at = this.#pass(2)
    return this.#view.getUint16(at, true)
  }

  u32(): number {
    const at = this.#pass(4)
    return this.#view.getUint32(at, true)
  }

  /** Reads an unsigned 64-bit integer, rounded above 2^53, which exceeds any file size. */
  u64(): number {
    return this.u32() + this.u32() * 2 ** 32
  }

  i32(): number {
    const at = this.#pass(4)
    return this.#view.getInt32(at, true)
  }

  /** Reads a float, the only big-endian value in a pickle. */
  f64(): number {
    const at = this.#pass(8)
    return this.#view.getFloat64(at)
  }

  text(length: number): string {
    const at = this.#pass(length)
    try {
      return this.#decoder.decode(this.#window.subarray(at, at + length))
    } catch {
      throw damaged(`the text at ${this.at - length} is not UTF-8`)
    }
  }

  line(): string {
    const most = Math.min(LONGEST_LINE, this.left)
    const at = this.#pass(most)
    const length = this.#window.subarray(at, at + most).indexOf(NEWLINE)
    if (length < 0) throw damaged(most < LONGEST_LINE ? 'it is truncated' : `a name has more than ${LONGEST_LINE} bytes`)
    this.#next = at
    const text = this.text(length)
    this.#pass(1)
    return text
  }
}
