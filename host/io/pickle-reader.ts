/**
 * Python's pickles of protocols 2 to 5 (Lib/pickletools.py of CPython describes them). A pickle is a programme that builds values. What it
 * may call is looked up by the one who reads; nothing else is executed.
 */
import { DownhillError, shown } from '../errors.ts'
import { isPlain } from './dict.ts'

/** An operation makes up to 64 bytes of values. A tensor takes about 35 of them, a number in a list one. */
const MOST_OPERATIONS = 2 ** 20
/** Bytes of a whole number, and letters of a key: a key may be there often, and is read once. */
const LONGEST_NUMBER = 1024
const LONGEST_KEY = 1024

/** Something that a pickle may call, by its name in Python. */
export class Global {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** What the words of a pickle mean. */
export interface Meanings {
  /** What a name in Python stands for: a Global, or a value. Throws if the name is not allowed. */
  global(name: string): unknown
  /** What a persistent id stands for; in torch's files, a storage. */
  persistent(id: unknown): unknown
}

export function damaged(why: string): DownhillError {
  return new DownhillError('file-invalid', `the pickle in the file is damaged: ${why}`)
}

class Machine {
  readonly meanings: Meanings
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  readonly #stack: unknown[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, unknown>()

  constructor(bytes: Uint8Array, meanings: Meanings) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.meanings = meanings
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
    return decoder.decode(this.#bytes.subarray(at, at + length))
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

  run(): unknown {
    for (let count = 0; count < MOST_OPERATIONS; count++) {
      const code = this.u8()
      if (code === STOP) return this.pop()
      const operation = operations[code]
      if (!operation) throw damaged(`0x${code.toString(16)} at ${this.#at - 1} is no operation that is read`)
      operation(this)
    }
    throw damaged(`it has more than ${MOST_OPERATIONS} operations`)
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const NEWLINE = 0x0a
const STOP = 0x2e

/** A whole number of any length, two's complement, the lowest byte first. */
function long(bytes: Uint8Array): number | bigint {
  if (bytes.length > LONGEST_NUMBER) throw damaged(`a number in it has ${bytes.length} bytes`)
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  value = BigInt.asIntN(8 * bytes.length, value)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function keyOf(key: unknown): string {
  const fits = typeof key === 'number' || (typeof key === 'string' && key.length <= LONGEST_KEY && key !== '__proto__')
  if (!fits) throw new DownhillError('file-unsupported', `a dict in the file has the key ${shown(key)}, which is not read`)
  return String(key)
}

/** Sets entries, keys and values in turn, of a dict. */
export function setItems(items: readonly unknown[], target: unknown): void {
  if (!isPlain(target) || items.length % 2) throw damaged('it sets entries of what is no dict')
  for (let i = 0; i < items.length; i += 2) target[keyOf(items[i])] = items[i + 1]
}

export function dictOf(items: readonly unknown[]): Record<string, unknown> {
  const dict = {}
  setItems(items, dict)
  return dict
}

function append(items: readonly unknown[], machine: Machine): void {
  const target = machine.top()
  if (!Array.isArray(target)) throw damaged('it appends to what is no list')
  for (const item of items) target.push(item)
}

function called(machine: Machine): unknown {
  const [callee, args] = machine.popMany(2)
  if (!(callee instanceof Global) || !Array.isArray(args)) throw damaged(`it calls ${shown(callee)}`)
  return callee.call(args)
}

/** What is set beside the entries of an OrderedDict, as torch does with `_metadata`, is left out. */
function build(machine: Machine): void {
  machine.pop()
  if (!isPlain(machine.top())) throw damaged(`it sets attributes of ${shown(machine.top())}`)
}

function namedOnStack(machine: Machine): unknown {
  const [module, name] = machine.popMany(2)
  if (typeof name !== 'string' || typeof module !== 'string') throw damaged('it names something by what is no text')
  return machine.meanings.global(`${module}.${name}`)
}

const pushed = (read: (machine: Machine) => unknown) => (machine: Machine) => machine.push(read(machine))

/** By their codes; the comments have CPython's names. */
const operations: Readonly<Record<number, (machine: Machine) => void>> = {
  // PROTO, FRAME
  128: (m) => void m.u8(),
  149: (m) => void m.u64(),
  // NONE, NEWTRUE, NEWFALSE
  78: pushed(() => null),
  136: pushed(() => true),
  137: pushed(() => false),
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  74: pushed((m) => m.i32()),
  75: pushed((m) => m.u8()),
  77: pushed((m) => m.u16()),
  138: pushed((m) => long(m.bytes(m.u8()))),
  139: pushed((m) => long(m.bytes(m.u32()))),
  71: pushed((m) => m.f64()),
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, BINSTRING, SHORT_BINSTRING
  88: pushed((m) => m.text(m.u32())),
  140: pushed((m) => m.text(m.u8())),
  141: pushed((m) => m.text(m.u64())),
  84: pushed((m) => m.text(m.u32())),
  85: pushed((m) => m.text(m.u8())),
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  66: pushed((m) => m.bytes(m.u32())),
  67: pushed((m) => m.bytes(m.u8())),
  142: pushed((m) => m.bytes(m.u64())),
  150: pushed((m) => m.bytes(m.u64())),
  // EMPTY_LIST, EMPTY_TUPLE, EMPTY_DICT, EMPTY_SET: tuples and sets are arrays here
  93: pushed(() => []),
  41: pushed(() => []),
  125: pushed(() => ({})),
  143: pushed(() => []),
  // LIST, TUPLE, FROZENSET, TUPLE1, TUPLE2, TUPLE3
  108: pushed((m) => m.popMark()),
  116: pushed((m) => m.popMark()),
  145: pushed((m) => m.popMark()),
  133: pushed((m) => m.popMany(1)),
  134: pushed((m) => m.popMany(2)),
  135: pushed((m) => m.popMany(3)),
  // APPEND, APPENDS, ADDITEMS
  97: (m) => append(m.popMany(1), m),
  101: (m) => append(m.popMark(), m),
  144: (m) => append(m.popMark(), m),
  // DICT, SETITEM, SETITEMS
  100: pushed((m) => dictOf(m.popMark())),
  115: (m) => setItems(m.popMany(2), m.top()),
  117: (m) => setItems(m.popMark(), m.top()),
  // MARK, POP_MARK, POP, DUP
  40: (m) => m.mark(),
  49: (m) => void m.popMark(),
  48: (m) => void m.pop(),
  50: pushed((m) => m.top()),
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  113: (m) => m.put(m.u8()),
  114: (m) => m.put(m.u32()),
  148: (m) => m.put(),
  104: pushed((m) => m.got(m.u8())),
  106: pushed((m) => m.got(m.u32())),
  // GLOBAL, STACK_GLOBAL, REDUCE, NEWOBJ, BUILD, BINPERSID
  99: pushed((m) => m.meanings.global(`${m.line()}.${m.line()}`)),
  147: pushed(namedOnStack),
  82: pushed(called),
  129: pushed(called),
  98: build,
  81: pushed((m) => m.meanings.persistent(m.pop())),
}

/**
 * Builds the value of a pickle: dicts are objects, tuples and sets arrays.
 *
 * @throws `file-invalid`, `file-unsupported`
 */
export function unpickled(bytes: Uint8Array, meanings: Meanings): unknown {
  return new Machine(bytes, meanings).run()
}
