/**
 * Reads Python's pickles of protocols 2 to 5 (described in Lib/pickletools.py of CPython). A pickle is a program that builds values. The caller
 * decides which names it may call; nothing else is executed.
 */
import { DownhillError, shown } from '../validation/errors.ts'
import { isPlain } from './dict.ts'
import { damaged, Machine } from './pickle-machine.ts'

/** Limit of operations. An operation creates up to 64 bytes of values. A tensor takes about 35 operations, a number in a list one. */
const MOST_OPERATIONS = 2 ** 20
/** Limits of bytes in an integer and letters in a key. A repeated key is read once. */
const LONGEST_NUMBER = 1024
const LONGEST_KEY = 1024

/** A callable of a pickle, by its name in Python. */
export class Global {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** Resolves the names in a pickle. */
export interface Meanings {
  /** Returns the value of a name in Python: a Global, or a value. Throws if the name is not allowed. */
  global(name: string): unknown
  /** Returns the value of a persistent id; in torch's files, a storage. */
  persistent(id: unknown): unknown
}

/** Reads an integer of any length: two's complement, lowest byte first. */
function long(bytes: Uint8Array): number | bigint {
  if (bytes.length > LONGEST_NUMBER) throw damaged(`an integer has ${bytes.length} bytes`)
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  value = BigInt.asIntN(8 * bytes.length, value)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function keyOf(key: unknown): string {
  const fits = typeof key === 'number' || (typeof key === 'string' && key.length <= LONGEST_KEY && key !== '__proto__')
  if (!fits) throw new DownhillError('file-unsupported', `a dict in the file has the key ${shown(key)}, which is not supported`)
  return String(key)
}

/** Sets entries of a dict, from alternating keys and values. */
export function setItems(items: readonly unknown[], target: unknown): void {
  if (!isPlain(target) || items.length % 2) throw damaged('it sets entries of a value that is not a dict')
  for (let i = 0; i < items.length; i += 2) target[keyOf(items[i])] = items[i + 1]
}

export function dictOf(items: readonly unknown[]): Record<string, unknown> {
  const dict = {}
  setItems(items, dict)
  return dict
}

function append(items: readonly unknown[], machine: Machine): void {
  const target = machine.top()
  if (!Array.isArray(target)) throw damaged('it appends to a value that is not a list')
  for (const item of items) target.push(item)
}

function called([callee, args]: readonly unknown[]): unknown {
  if (!(callee instanceof Global) || !Array.isArray(args)) throw damaged(`it calls ${shown(callee)}`)
  return callee.call(args)
}

/** Drops attributes of an OrderedDict, such as torch's `_metadata`. */
function build(machine: Machine): void {
  machine.pop()
  if (!isPlain(machine.top())) throw damaged(`it sets attributes of ${shown(machine.top())}`)
}

/** Resolves a name from the two strings on the stack. */
function nameOf([module, name]: readonly unknown[]): string {
  if (typeof name !== 'string' || typeof module !== 'string') throw damaged('it has a name that is not a string')
  return `${module}.${name}`
}

/** Executes an operation. The comments are CPython's names. */
function perform(m: Machine, code: number, meanings: Meanings): void {
  switch (code) {
    case 0x80: // PROTO
      return void m.u8()
    case 0x95: // FRAME
      return void m.u64()
    case 0x4e: // NONE
      return m.push(null)
    case 0x88: // NEWTRUE
      return m.push(true)
    case 0x89: // NEWFALSE
      return m.push(false)
    case 0x4a: // BININT
      return m.push(m.i32())
    case 0x4b: // BININT1
      return m.push(m.u8())
    case 0x4d: // BININT2
      return m.push(m.u16())
    case 0x8a: // LONG1
      return m.push(long(m.bytes(m.u8())))
    case 0x8b: // LONG4
      return m.push(long(m.bytes(m.u32())))
    case 0x47: // BINFLOAT
      return m.push(m.f64())
    case 0x54: // BINSTRING
    case 0x58: // BINUNICODE
      return m.push(m.text(m.u32()))
    case 0x55: // SHORT_BINSTRING
    case 0x8c: // SHORT_BINUNICODE
      return m.push(m.text(m.u8()))
    case 0x8d: // BINUNICODE8
      return m.push(m.text(m.u64()))
    case 0x42: // BINBYTES
      return m.push(m.bytes(m.u32()))
    case 0x43: // SHORT_BINBYTES
      return m.push(m.bytes(m.u8()))
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return m.push(m.bytes(m.u64()))
    case 0x5d: // EMPTY_LIST
    case 0x29: // EMPTY_TUPLE
    case 0x8f: // EMPTY_SET
      return m.push([])
    case 0x7d: // EMPTY_DICT
      return m.push({})
    case 0x6c: // LIST
    case 0x74: // TUPLE
    case 0x91: // FROZENSET
      return m.push(m.popMark())
    case 0x85: // TUPLE1
    case 0x86: // TUPLE2
    case 0x87: // TUPLE3
      return m.push(m.popMany(code - 0x84))
    case 0x61: // APPEND
      return append(m.popMany(1), m)
    case 0x65: // APPENDS
    case 0x90: // ADDITEMS
      return append(m.popMark(), m)
    case 0x64: // DICT
      return m.push(dictOf(m.popMark()))
    case 0x73: // SETITEM
      return setItems(m.popMany(2), m.top())
    case 0x75: // SETITEMS
      return setItems(m.popMark(), m.top())
    case 0x28: // MARK
      return m.mark()
    case 0x31: // POP_MARK
      return void m.popMark()
    case 0x30: // POP
      return void m.pop()
    case 0x32: // DUP
      return m.push(m.top())
    case 0x71: // BINPUT
      return m.put(m.u8())
    case 0x72: // LONG_BINPUT
      return m.put(m.u32())
    case 0x94: // MEMOIZE
      return m.put()
    case 0x68: // BINGET
      return m.push(m.got(m.u8()))
    case 0x6a: // LONG_BINGET
      return m.push(m.got(m.u32()))
    case 0x63: // GLOBAL
      return m.push(meanings.global(`${m.line()}.${m.line()}`))
    case 0x93: // STACK_GLOBAL
      return m.push(meanings.global(nameOf(m.popMany(2))))
    case 0x52: // REDUCE
    case 0x81: // NEWOBJ
      return m.push(called(m.popMany(2)))
    case 0x62: // BUILD
      return build(m)
    case 0x51: // BINPERSID
      return m.push(meanings.persistent(m.pop()))
  }
  throw damaged(`operation 0x${code.toString(16)} at ${m.at - 1} is not supported`)
}

const STOP = 0x2e

/**
 * Builds the value of a pickle: dicts become objects; tuples and sets become arrays.
 *
 * @throws `file-invalid`, `file-unsupported`
 */
export function unpickled(bytes: Uint8Array, meanings: Meanings): unknown {
  const machine = new Machine(bytes)
  for (let count = 0; count < MOST_OPERATIONS; count++) {
    const code = machine.u8()
    if (code === STOP) return machine.pop()
    perform(machine, code, meanings)
  }
  throw damaged(`it has more than ${MOST_OPERATIONS} operations`)
}
