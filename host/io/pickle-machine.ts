/** What a pickle is carried out on: its bytes, a stack with marks, and a memo. */
import { DownhillError } from '../validation/errors.ts'

export function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `the pickle in the file is damaged: ${why}`)
}

const NEWLINE = 0x0a

export class Machine {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  #at = 0
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes that were read. */
  get at(): number {
    return this.#at
  }

  /** Moves on by as many bytes, which must be there; returns where they are. */
  #pass(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) throw damaged('it is cut off')
    this.#at += length
    return at
  }

  bytes(length: number): Uint8Array {
    const at = this.#pass(length)
    return this.#bytes.slice(at, at + length)
  }

  u8(): number {
    return this.#view.getUint8(this.#pass(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#pass(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#pass(4), true)
  }

  u64(): number {
    return this.u32() + this.u32() * 2 ** 32
  }

  i32(): number {
    return this.#view.getInt32(this.#pass(4), true)
  }

  /** A float, the one thing in a pickle that is big-endian. */
  f64(): number {
    return this.#view.getFloat64(this.#pass(8))
  }

  text(length: number): string {
    const at = this.#pass(length)
    return this.#decoder.decode(this.#bytes.subarray(at, at + length))
  }

  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.#at)
    if (end < 0) throw damaged('it is cut off')
    const text = this.text(end - this.#at)
    this.#pass(1)
    return text
  }

  push(value: unknown): void {
    this.#stack.push(value)
  }

  #checkNotEmpty(): void {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged('it takes a value where there is none')
  }

  pop(): unknown {
    this.#checkNotEmpty()
    return this.#stack.pop()
  }

  top(): unknown {
    this.#checkNotEmpty()
    return this.#stack.at(-1)
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  /** The values since the last mark, which is gone. */
  popMark(): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw damaged('it goes back to a mark that is not there')
    return this.#stack.splice(mark)
  }

  /** The last values. */
  popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.pop())
    return values.reverse()
  }

  put(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  got(index: number): unknown {
    if (!this.#memo.has(index)) throw damaged(`it refers to value ${index}, which is not there`)
    return this.#memo.get(index)
  }
}
