/** The state of a pickle interpreter: bytes, a stack with marks, and a memo. */
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

  /** Number of bytes read. */
  get at(): number {
    return this.#at
  }

  /** Advances by `length` bytes, which must exist; returns their offset. */
  #pass(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) throw damaged('it is truncated')
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

  /** Reads a float, the only big-endian value in a pickle. */
  f64(): number {
    return this.#view.getFloat64(this.#pass(8))
  }

  text(length: number): string {
    const at = this.#pass(length)
    return this.#decoder.decode(this.#bytes.subarray(at, at + length))
  }

  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.#at)
    if (end < 0) throw damaged('it is truncated')
    const text = this.text(end - this.#at)
    this.#pass(1)
    return text
  }

  push(value: unknown): void {
    this.#stack.push(value)
  }

  #checkNotEmpty(): void {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw damaged('it pops an empty stack')
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

  /** Pops the values since the last mark, and the mark. */
  popMark(): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw damaged('it pops a missing mark')
    return this.#stack.splice(mark)
  }

  /** Pops the last values. */
  popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.pop())
    return values.reverse()
  }

  put(index: number = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  got(index: number): unknown {
    if (!this.#memo.has(index)) throw damaged(`it refers to the missing memo entry ${index}`)
    return this.#memo.get(index)
  }
}
