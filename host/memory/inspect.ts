/** What people see who print an object. */

/** The method that `console.log` calls in Node, Deno and Bun. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

/** A class whose objects print as their `toString()`. */
export abstract class Printable {
  /** Returns the text that `console.log` shows in Node, Deno and Bun. */
  abstract toString(): string

  /** @internal */
  [inspect](): string {
    return this.toString()
  }
}

/** Makes an object's fields invisible to a browser's console, `for in` and `Object.keys`. */
export function hideFields(object: object, names: readonly string[] = Object.keys(object)): void {
  for (const name of names) Object.defineProperty(object, name, { enumerable: false })
}
