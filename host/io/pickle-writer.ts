/** Writes pickles of protocol 2, which `torch.load` reads (described in Lib/pickletools.py of CPython). */
import { check, shown } from '../validation/errors.ts'
import { Tuple } from './python.ts'

/** A class or function. */
export class Name {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}
}

/** A class or function applied to arguments; for a subclass of dict also the entries to set. */
export class Call {
  constructor(
    readonly callee: Name,
    readonly args: readonly unknown[],
    readonly entries: ReadonlyMap<unknown, unknown> = new Map(),
  ) {}
}

/** A value that the reader resolves by persistent id. */
export class Persistent {
  constructor(readonly id: Tuple) {}
}

/** Operations, with CPython's names. */
const op = {
  ...{ PROTO: 0x80, STOP: 0x2e, MARK: 0x28, BINPUT: 0x71, LONG_BINPUT: 0x72, BINGET: 0x68, LONG_BINGET: 0x6a },
  ...{ NONE: 0x4e, NEWTRUE: 0x88, NEWFALSE: 0x89, BININT1: 0x4b, BININT: 0x4a, LONG1: 0x8a, BINFLOAT: 0x47, BINUNICODE: 0x58 },
  ...{ EMPTY_LIST: 0x5d, APPENDS: 0x65, EMPTY_DICT: 0x7d, SETITEMS: 0x75, TUPLE: 0x74 },
  ...{ GLOBAL: 0x63, REDUCE: 0x52, BINPERSID: 0x51 },
} as const

const FIRST_ROOM = 2 ** 12

/** A growing byte array. */
class Bytes {
  #bytes = new Uint8Array(FIRST_ROOM)
  #length = 0

  /** Reserves `length` bytes; returns a view of them. */
  #take(length: number): DataView {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return new DataView(this.#bytes.buffer, at, length)
  }

  add(...bytes: readonly number[]): void {
    this.addAll(bytes)
  }

  addAll(bytes: ArrayLike<number>): void {
    const { byteOffset } = this.#take(bytes.length)
    this.#bytes.set(bytes, byteOffset)
  }

  u32(value: number): void {
    this.#take(4).setUint32(0, value, true)
  }

  f64(value: number): void {
    this.#take(8).setFloat64(0, value)
  }

  all(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

class Pickler {
  readonly #out = new Bytes()
  readonly #memo = new Map<string, number>()

  pickled(value: unknown): Uint8Array {
    this.#out.add(op.PROTO, 2)
    this.#write(value)
    this.#out.add(op.STOP)
    return this.#out.all()
  }

  #write(value: unknown): void {
    if (value === null || value === undefined) return this.#out.add(op.NONE)
    if (typeof value === 'boolean') return this.#out.add(value ? op.NEWTRUE : op.NEWFALSE)
    if (typeof value === 'number') return this.#number(value)
    if (typeof value === 'bigint') return this.#long(value)
    if (typeof value === 'string') return this.#once(`text ${value}`, () => this.#text(value))
    check(typeof value === 'object', 'option-range', () => `torchFile.save: a torch file cannot hold ${shown(value)}`)
    this.#object(value)
  }

  #object(value: object): void {
    if (value instanceof Tuple) this.#marked(value.items, op.TUPLE)
    else if (value instanceof Name) this.#name(value)
    else if (value instanceof Call) {
      this.#name(value.callee)
      this.#marked(value.args, op.TUPLE)
      this.#out.add(op.REDUCE)
      this.#setItems(value.entries)
    } else if (value instanceof Persistent) {
      this.#write(value.id)
      this.#out.add(op.BINPERSID)
    } else if (Array.isArray(value)) {
      this.#out.add(op.EMPTY_LIST)
      if (value.length) this.#marked(value, op.APPENDS)
    } else {
      this.#out.add(op.EMPTY_DICT)
      this.#setItems(value instanceof Map ? value : new Map(Object.entries(value)))
    }
  }

  /** Writes values after a mark, then the operation that collects them. */
  #marked(values: readonly unknown[], operation: number): void {
    this.#out.add(op.MARK)
    for (const value of values) this.#write(value)
    this.#out.add(operation)
  }

  #setItems(entries: ReadonlyMap<unknown, unknown>): void {
    if (entries.size) this.#marked([...entries].flat(), op.SETITEMS)
  }

  #name({ module, name }: Name): void {
    this.#once(`name ${module}.${name}`, () => {
      this.#out.add(op.GLOBAL)
      this.#out.addAll(new TextEncoder().encode(`${module}\n${name}\n`))
    })
  }

  /** Writes a value at its first use, and a reference afterwards. */
  #once(key: string, write: () => void): void {
    const known = this.#memo.get(key)
    const index = known ?? this.#memo.size
    if (known === undefined) write()
    this.#memo.set(key, index)
    const isShort = index < 256
    if (known === undefined) this.#out.add(isShort ? op.BINPUT : op.LONG_BINPUT)
    else this.#out.add(isShort ? op.BINGET : op.LONG_BINGET)
    if (isShort) this.#out.add(index)
    else this.#out.u32(index)
  }

  #text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.#out.add(op.BINUNICODE)
    this.#out.u32(bytes.length)
    this.#out.addAll(bytes)
  }

  /** Writes an integer as int, other numbers as float: Python accepts an int for a float, but not the reverse. */
  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#out.add(op.BINFLOAT)
      this.#out.f64(value)
    } else if (value >= 0 && value < 256) this.#out.add(op.BININT1, value)
    else if ((value | 0) === value) {
      this.#out.add(op.BININT)
      this.#out.u32(value >>> 0)
    } else this.#long(BigInt(value))
  }

  /** Writes two's complement, lowest byte first. */
  #long(value: bigint): void {
    const bytes: number[] = []
    for (let rest = value; ; rest >>= 8n) {
      bytes.push(Number(rest & 255n))
      if (rest >> 7n === 0n || rest >> 7n === -1n) break
    }
    check(bytes.length < 256, 'option-range', 'torchFile.save: integers must have at most 255 bytes')
    this.#out.add(op.LONG1, bytes.length, ...bytes)
  }
}

/** Returns the pickle of a value: objects and Maps as dicts, arrays as lists, and the classes above. */
export function pickled(value: unknown): Uint8Array {
  return new Pickler().pickled(value)
}
