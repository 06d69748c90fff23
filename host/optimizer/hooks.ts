import { check, shown } from '../validation/errors.ts'

/** Functions that are called at a moment, in the order in which they were added. */
export class Hooks<Args extends readonly unknown[], Result = void> {
  readonly #hooks = new Set<{ readonly call: (...args: Args) => Result }>()

  /** Adds a function and gives what removes it again. The same function may be added twice. */
  add(call: (...args: Args) => Result): () => void {
    check(typeof call === 'function', 'option-range', () => `a hook is a function, not ${shown(call)}`)
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

  /** Hands a value through: what a function returns, unless undefined, takes its place. */
  through<T extends Args[number]>(value: T, rest: (value: T) => Args): T {
    let present = value
    for (const { call } of this.#hooks) present = ((call(...rest(present)) as T | undefined) ?? present) as T
    return present
  }
}
