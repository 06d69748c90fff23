import { checkRange } from '../validation/errors.ts'

/** Functions that are called in the order in which they were added. */
export class Hooks<Args extends readonly unknown[], Result = void> {
  readonly #hooks = new Set<{ readonly call: (...args: Args) => Result }>()

  /** Adds a function, and returns a function that removes it. The same function may be added twice. */
  add(call: (...args: Args) => Result): () => void {
    checkRange(typeof call === 'function', 'Optimizer', 'hook', 'a function', call)
    const hook = { call }
    this.#hooks.add(hook)
    return () => void this.#hooks.delete(hook)
  }

  get size(): number {
    return this.#hooks.size
  }

  run(...args: Args): void {
    for (const { call } of this.#hooks) call(...args)
  }

  /** Passes a value through all functions. A result other than undefined replaces the value. */
  through<T extends Args[number]>(value: T, rest: (value: T) => Args): T {
    let present = value
    for (const { call } of this.#hooks) present = ((call(...rest(present)) as T | undefined) ?? present) as T
    return present
  }
}
