/** Python values without a JavaScript counterpart. `settled` converts them. */
import { DownhillError, shown } from '../validation/errors.ts'
import { damaged } from './cursor.ts'

/** A tuple. Lists are arrays. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A float with an integer value, such as 4.0. Ints and other floats are numbers. */
export class Float {
  constructor(readonly value: number) {}
}

/** A dtype or a device. Their names are strings. */
export class Constant {
  constructor(readonly name: string) {}
}

/** A class or function, by its name. */
export class Global {
  constructor(
    readonly name: string,
    /** Calls the class or function; undefined for a class that files refer to but do not call. */
    readonly call?: (args: readonly unknown[]) => unknown,
  ) {}
}

const NONE = Object.freeze({})
/** Limit of characters in a key. A repeated key is read only once. */
const LONGEST_KEY = 1024
/** String keys that JavaScript cannot distinguish from ints. */
const INTEGER = /^(0|-?[1-9]\d*)$/

/** A dict or a subclass of it, with strings or ints as keys. */
export class PythonDict {
  readonly entries: Record<string, unknown> = {}
  /** Attributes of an OrderedDict. */
  attributes: Readonly<Record<string, unknown>> = NONE
  /** Whether keys such as 1 are ints or strings, which are the same key in JavaScript. */
  #integers: 'number' | 'string' | undefined

  constructor(readonly className: 'dict' | 'OrderedDict' | 'Counter' = 'dict') {}

  set(key: unknown, value: unknown): void {
    const fits = Number.isSafeInteger(key) || (typeof key === 'string' && key.length <= LONGEST_KEY && key !== '__proto__')
    if (!fits) throw new DownhillError('file-unsupported', `a dict in the file has the key ${shown(key)}, which is not supported`)
    const name = String(key)
    if (typeof key === 'number' || INTEGER.test(name)) {
      const type = typeof key as 'number' | 'string'
      this.#integers ??= type
      if (this.#integers !== type) {
        const why = 'which is not supported beside keys of the other type'
        throw new DownhillError('file-unsupported', `a dict in the file has the key ${shown(key)}, ${why}`)
      }
    }
    this.entries[name] = value
  }

  copy(className: PythonDict['className']): PythonDict {
    const copy = new PythonDict(className)
    Object.assign(copy.entries, this.entries)
    copy.#integers = this.#integers
    return copy
  }

  /** Sets entries from alternating keys and values. */
  setAll(items: readonly unknown[]): void {
    if (items.length % 2) throw damaged('a dict has a key without a value')
    for (let i = 0; i < items.length; i += 2) this.set(items[i], items[i + 1])
  }
}

/** A set of plain values, in insertion order. */
export class PythonSet {
  readonly items: unknown[] = []
  readonly #seen = new Set<unknown>()

  constructor(
    items: readonly unknown[] = [],
    readonly isFrozen = false,
  ) {
    this.addAll(items)
  }

  addAll(items: readonly unknown[]): void {
    for (const item of items) {
      const hash = hashOf(item)
      if (!this.#seen.has(hash)) this.items.push(item)
      this.#seen.add(hash)
    }
  }
}

/** Returns a key that is the same for equal items. In Python 1, 1.0 and True are equal. */
function hashOf(item: unknown): unknown {
  if (item instanceof Float) return item.value
  if (item instanceof Uint8Array) return `bytes ${item}`
  if (typeof item === 'boolean') return Number(item)
  if (typeof item === 'string') return `text ${item}`
  if (item === null || typeof item === 'number' || typeof item === 'bigint') return item
  throw new DownhillError('file-unsupported', `a set in the file has ${shown(item)}, which is not supported`)
}
