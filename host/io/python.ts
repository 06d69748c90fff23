/** Python's values for which JavaScript has no type of its own. `settled` converts them. */
import { DownhillError, shown } from '../validation/errors.ts'
import { damaged } from './cursor.ts'

/** A tuple, as opposed to a list, which is an array. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A float that is a whole number, such as 4.0, as opposed to the int. Other floats are numbers. */
export class Float {
  constructor(readonly value: number) {}
}

/** A dtype or a device, as opposed to its name. */
export class Constant {
  constructor(readonly name: string) {}
}

/** A class or function, by its name. */
export class Global {
  constructor(
    readonly name: string,
    /** Calls it; undefined for a class without instances in files. */
    readonly call?: (args: readonly unknown[]) => unknown,
  ) {}
}

const NONE = Object.freeze({})
/** Limit of letters in a key. A repeated key is read once. */
const LONGEST_KEY = 1024
/** Strings that are also the names of ints. */
const INTEGER = /^(0|-?[1-9]\d*)$/

/** A dict or one of its subclasses. Its keys are strings and ints. */
export class PythonDict {
  readonly entries: Record<string, unknown> = {}
  /** Attributes of an OrderedDict. */
  attributes: Readonly<Record<string, unknown>> = NONE
  /** Whether keys such as 1 are ints or strings: JavaScript has the same key for both. */
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

/** A set of plain values, in the order in which they were added. */
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

/** Returns equal values for equal items: 1, 1.0 and True are equal in Python. */
function hashOf(item: unknown): unknown {
  if (item instanceof Float) return item.value
  if (item instanceof Uint8Array) return `bytes ${item}`
  if (typeof item === 'boolean') return Number(item)
  if (typeof item === 'string') return `text ${item}`
  if (item === null || typeof item === 'number' || typeof item === 'bigint') return item
  throw new DownhillError('file-unsupported', `a set in the file has ${shown(item)}, which is not supported`)
}
