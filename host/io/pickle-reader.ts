/**
 * Reads Python's pickles as torch writes them: protocol 2, and protocols 3 to 5 (described in Lib/pickletools.py of CPython). A pickle is a
 * program that builds values. The caller decides which names it may call; nothing else is executed. Operations that no version of torch or
 * pickle writes in these protocols are refused.
 */
import { shown } from '../validation/errors.ts'
import { type Cursor, damaged } from './cursor.ts'
import { Machine } from './pickle-machine.ts'
import { Float, Global, PythonDict, PythonSet, Tuple } from './python.ts'

/** Largest pickle. It holds no tensor data: 25,000 tensors take 5 MB, and strings may take more. */
export const LONGEST_PICKLE = 2 ** 25
/** Limit of operations. An operation creates up to 64 bytes of values. A tensor takes about 35 operations, a number in a list one. */
const MOST_OPERATIONS = 2 ** 20
const NEWEST_PROTOCOL = 5

/** Resolves the names in a pickle. */
export interface Meanings {
  /** Returns the value of a name in Python: a Global, or a value. Throws if the name is not allowed. */
  global(name: string): unknown
  /** Returns the value of a persistent id; in torch's files, a storage. */
  persistent(id: unknown): unknown
}

/** For pickles of plain values. */
export const noMeanings: Meanings = {
  global: (name) => {
    throw damaged(`it refers to ${shown(name)} where a plain value is required`)
  },
  persistent: (id) => {
    throw damaged(`it refers to ${shown(id)} where a plain value is required`)
  },
}

/** Reads an integer of any length: two's complement, lowest byte first. */
function long(bytes: Uint8Array): number | bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
  value = BigInt.asIntN(8 * bytes.length, value)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function protocol(version: number): void {
  if (version > NEWEST_PROTOCOL) throw damaged(`its protocol must be at most ${NEWEST_PROTOCOL}, got ${version}`)
}

function setItems(items: readonly unknown[], target: unknown): void {
  if (!(target instanceof PythonDict)) throw damaged('it sets entries of a value that is not a dict')
  target.setAll(items)
}

function append(items: readonly unknown[], target: unknown): void {
  if (!Array.isArray(target)) throw damaged('it appends to a value that is not a list')
  for (const item of items) target.push(item)
}

function add(items: readonly unknown[], target: unknown): void {
  if (!(target instanceof PythonSet) || target.isFrozen) throw damaged('it adds to a value that is not a set')
  target.addAll(items)
}

function called([callee, args]: readonly unknown[]): unknown {
  if (!(callee instanceof Global && callee.call && args instanceof Tuple)) throw damaged(`it calls ${shown(callee)}`)
  return callee.call(args.items)
}

/** Creates an instance without initializing it. Only for parameters this equals a call. */
function created([callee, args]: readonly unknown[]): unknown {
  const isParameter = callee instanceof Global && callee.name === 'torch.nn.parameter.Parameter'
  if (!isParameter) throw damaged(`it creates an instance of ${shown(callee)}`)
  return called([callee, args])
}

/** Sets attributes of an OrderedDict, such as torch's `_metadata`. */
function build(state: unknown, target: unknown): void {
  const fits = target instanceof PythonDict && target.className === 'OrderedDict' && state instanceof PythonDict
  if (!fits) throw damaged(`it sets attributes of ${shown(target)}`)
  target.attributes = state.entries
}

/** Resolves a name from the two strings on the stack. */
function nameOf([module, name]: readonly unknown[]): string {
  if (typeof name !== 'string' || typeof module !== 'string') throw damaged('it has a name that is not a string')
  return `${module}.${name}`
}

function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value
}

/** Executes an operation. The comments are CPython's names. */
function perform(m: Machine, input: Cursor, code: number, meanings: Meanings): void {
  switch (code) {
    case 0x80: // PROTO
      return protocol(input.u8())
    case 0x4e: // NONE
      return m.push(null)
    case 0x88: // NEWTRUE
      return m.push(true)
    case 0x89: // NEWFALSE
      return m.push(false)
    case 0x4a: // BININT
      return m.push(input.i32())
    case 0x4b: // BININT1
      return m.push(input.u8())
    case 0x4d: // BININT2
      return m.push(input.u16())
    case 0x8a: // LONG1
      return m.push(long(input.bytes(input.u8())))
    case 0x47: // BINFLOAT
      return m.push(float(input.f64()))
    case 0x58: // BINUNICODE
      return m.push(input.text(input.u32()))
    case 0x55: // SHORT_BINSTRING
    case 0x8c: // SHORT_BINUNICODE
      return m.push(input.text(input.u8()))
    case 0x8d: // BINUNICODE8
      return m.push(input.text(input.u64()))
    case 0x42: // BINBYTES
      return m.push(input.bytes(input.u32()))
    case 0x43: // SHORT_BINBYTES
      return m.push(input.bytes(input.u8()))
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return m.push(input.bytes(input.u64()))
    case 0x5d: // EMPTY_LIST
      return m.push([])
    case 0x29: // EMPTY_TUPLE
      return m.push(new Tuple([]))
    case 0x8f: // EMPTY_SET
      return m.push(new PythonSet())
    case 0x7d: // EMPTY_DICT
      return m.push(new PythonDict())
    case 0x74: // TUPLE
      return m.push(new Tuple(m.popMark()))
    case 0x91: // FROZENSET
      return m.push(new PythonSet(m.popMark(), true))
    case 0x85: // TUPLE1
    case 0x86: // TUPLE2
    case 0x87: // TUPLE3
      return m.push(new Tuple(m.popMany(code - 0x84)))
    case 0x61: // APPEND
      return append(m.popMany(1), m.top())
    case 0x65: // APPENDS
      return append(m.popMark(), m.top())
    case 0x90: // ADDITEMS
      return add(m.popMark(), m.top())
    case 0x73: // SETITEM
      return setItems(m.popMany(2), m.top())
    case 0x75: // SETITEMS
      return setItems(m.popMark(), m.top())
    case 0x28: // MARK
      return m.mark()
    case 0x71: // BINPUT
      return m.put(input.u8())
    case 0x72: // LONG_BINPUT
      return m.put(input.u32())
    case 0x94: // MEMOIZE
      return m.put()
    case 0x68: // BINGET
      return m.push(m.got(input.u8()))
    case 0x6a: // LONG_BINGET
      return m.push(m.got(input.u32()))
    case 0x63: // GLOBAL
      return m.push(meanings.global(`${input.line()}.${input.line()}`))
    case 0x93: // STACK_GLOBAL
      return m.push(meanings.global(nameOf(m.popMany(2))))
    case 0x52: // REDUCE
      return m.push(called(m.popMany(2)))
    case 0x81: // NEWOBJ
      return m.push(created(m.popMany(2)))
    case 0x62: // BUILD
      return build(m.pop(), m.top())
    case 0x51: // BINPERSID
      return m.push(meanings.persistent(m.pop()))
  }
  throw damaged(`operation 0x${code.toString(16)} at ${input.at - 1} is not supported`)
}

const STOP = 0x2e
const FRAME = 0x95

/** Begins a frame, which announces a number of bytes; returns its end. */
function frameEnd(input: Cursor): number {
  const bytes = input.u64()
  if (bytes > input.left) throw damaged(`a frame should have ${bytes} bytes, but ${input.left} follow`)
  return input.at + bytes
}

/**
 * Builds the value of a pickle, with Python's types, and leaves the cursor after the pickle.
 *
 * @throws `file-invalid`, `file-unsupported`
 */
export function unpickled(input: Cursor, meanings: Meanings): unknown {
  const machine = new Machine()
  let end = 0
  for (let count = 0; count < MOST_OPERATIONS; count++) {
    const isFramed = input.at < end
    const code = input.u8()
    if (code === FRAME && !isFramed) end = frameEnd(input)
    else if (code !== STOP) perform(machine, input, code, meanings)
    const fits = code === FRAME || !isFramed || (code === STOP ? input.at === end : input.at <= end)
    if (!fits) throw damaged(`an operation at ${input.at} does not end with its frame`)
    if (code === STOP) return machine.pop()
  }
  throw damaged(`it has more than ${MOST_OPERATIONS} operations`)
}
