/** The state of a pickle interpreter: a stack with marks, and a memo. */
import { damaged } from './cursor.ts'

export class Machine {
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()

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
