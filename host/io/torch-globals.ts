/** The classes, functions and constants that a torch file may name. Each function only converts its arguments. */

import { DownhillError, shown } from '../validation/errors.ts'
import { damaged } from './cursor.ts'
import type { ElementType } from './elements.ts'
import type { Meanings } from './pickle-reader.ts'
import { Constant, Global, PythonDict, PythonSet, Tuple } from './python.ts'
import { isWhole, itemsOf, type Storage, StoredTensor, viewOfStorage } from './torch-tensors.ts'

/** A storage's element type, from the name of its class. */
export class StorageType {
  constructor(readonly type: ElementType) {}
}

/** Returns the parts of a persistent id: ('storage', type, key, location, elements), and in legacy files a view. */
export function storageId(id: unknown, length: 5 | 6): { type: ElementType; key: string; elements: number; view: unknown } {
  const items = id instanceof Tuple ? id.items : []
  const [kind, type, key, location, elements, view = null] = items
  const isStorage = items.length === length && kind === 'storage' && typeof location === 'string'
  if (!(isStorage && type instanceof StorageType && typeof key === 'string' && isWhole(elements))) {
    throw damaged(`a storage must be ('storage', type, key, location, elements), got ${shown(id instanceof Tuple ? items : id)}`)
  }
  return { type: type.type, key, elements, view }
}

/** Throws if two declarations of a storage differ. torch ignores the second one. */
export function checkSameStorage(storage: Storage, type: ElementType, elements: number): void {
  const isSame = storage.type === type && storage.elements === elements
  if (!isSame)
    throw damaged(
      `the storage ${shown(storage.key)} is declared twice, with ${storage.elements} elements of ${storage.type} and ${elements} of ${type}`,
    )
}

type Args = readonly unknown[]

function checkCount(args: Args, least: number, most: number, what: string): void {
  const fits = args.length >= least && args.length <= most
  if (!fits) throw damaged(`${what} must have ${least === most ? least : `${least} to ${most}`} arguments, got ${args.length}`)
}

const isFloat = (type: ElementType) => type.startsWith('F') || type === 'BF16'

/** Throws unless `requires_grad` fits the type. Only floats may require a gradient, as in torch. */
function checkGradient(type: ElementType, requiresGrad: unknown): void {
  const fits = typeof requiresGrad === 'boolean' && (!requiresGrad || isFloat(type))
  if (!fits)
    throw damaged(`requires_grad of a tensor of type ${type} must be ${isFloat(type) ? 'a boolean' : 'False'}, got ${shown(requiresGrad)}`)
}

const isEmptyDict = (value: unknown) => value instanceof PythonDict && !Object.keys(value.entries).length

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)`. */
function tensorV2(args: Args): StoredTensor {
  checkCount(args, 6, 7, 'a tensor')
  const tensor = viewOfStorage(args)
  checkGradient(tensor.type, args[4])
  const metadata = args[6] ?? null
  if (metadata !== null && !isEmptyDict(metadata)) {
    throw new DownhillError('file-unsupported', 'a tensor in the file has a negative or conjugate flag, which is not supported')
  }
  return tensor
}

/** `_rebuild_tensor(storage, offset, size, stride)` of torch before 0.4. */
function tensorV1(args: Args): StoredTensor {
  checkCount(args, 4, 4, 'a tensor')
  return viewOfStorage(args)
}

/** `_rebuild_parameter(tensor, requires_grad, hooks)`, also with Python attributes. */
function parameterOf(args: Args): StoredTensor {
  const [tensor, requiresGrad = true] = args
  if (!(tensor instanceof StoredTensor)) throw damaged(`a parameter must be made from a tensor, got ${shown(tensor)}`)
  checkGradient(tensor.type, requiresGrad)
  return tensor
}

/** Checks the Python attributes of a tensor, which are dropped: None, a dict, or a pair of a dict and slots. */
function checkAttributes(state: unknown): void {
  const parts = state instanceof Tuple ? state.items : [state, null]
  for (const part of parts) {
    const fits = part === null || part instanceof PythonDict
    if (!fits || parts.length !== 2)
      throw damaged(`the attributes of a tensor must be a dict or a pair of dicts, got ${shown(itemsOf(state) ?? state)}`)
    for (const name of part ? Object.keys(part.entries) : []) {
      // These attributes would replace the tensor's data.
      if (['data', 'real', 'imag'].includes(name)) throw damaged(`a tensor must not have the attribute ${shown(name)}`)
    }
  }
}

/** `_rebuild_from_type_v2(function, class, args, attributes)`: a tensor with Python attributes. */
function withAttributes(args: Args): StoredTensor {
  checkCount(args, 4, 4, 'a tensor')
  const [callee, type, own, state] = args
  const fits = callee instanceof Global && TENSOR_FUNCTIONS.has(callee.name) && own instanceof Tuple
  if (!fits) throw damaged(`a tensor must be made by a function of torch._utils, got ${shown(callee)}`)
  const isTensor = type instanceof Global && (type.name === TENSOR || type.name === PARAMETER)
  if (!isTensor) throw damaged(`the class of a tensor must be ${TENSOR} or ${PARAMETER}, got ${shown(type)}`)
  checkAttributes(state)
  return callee.call!(own.items) as StoredTensor
}

/** Converts Latin-1 strings to bytes, each distinct string once. */
class Latin1 {
  readonly #known = new Map<string, Uint8Array>()

  encode(text: unknown, encoding: unknown): Uint8Array {
    const fits = typeof text === 'string' && (encoding === 'latin1' || encoding === 'latin-1')
    if (!fits) throw damaged(`bytes must be a string in the encoding 'latin1', got ${shown(text)} in ${shown(encoding)}`)
    const known = this.#known.get(text)
    if (known) return known
    const bytes = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 255) throw damaged(`bytes must be Latin-1 text, got ${shown(text)}`)
      bytes[i] = code
    }
    this.#known.set(text, bytes)
    return bytes
  }
}

function bytearray(args: Args, latin1: Latin1): Uint8Array {
  checkCount(args, 0, 2, 'a bytearray')
  const [content = new Uint8Array(0), encoding] = args
  return content instanceof Uint8Array && args.length < 2 ? content : latin1.encode(content, encoding)
}

function orderedDict(args: Args): PythonDict {
  checkCount(args, 0, 1, 'an OrderedDict')
  const [value = []] = args
  const pairs = itemsOf(value)?.map(itemsOf)
  if (!pairs?.every((pair) => pair?.length === 2)) throw damaged(`an OrderedDict must be made from pairs, got ${shown(value)}`)
  const dict = new PythonDict('OrderedDict')
  for (const [key, entry] of pairs as readonly Args[]) dict.set(key, entry)
  return dict
}

function counter(args: Args): PythonDict {
  checkCount(args, 0, 1, 'a Counter')
  const [counts = new PythonDict()] = args
  if (!(counts instanceof PythonDict)) throw damaged(`a Counter must be made from a dict, got ${shown(counts)}`)
  return counts.copy('Counter')
}

function setOf(args: Args): PythonSet {
  checkCount(args, 0, 1, 'a set')
  const [value = []] = args
  const items = itemsOf(value)
  if (!items) throw damaged(`a set must be made from a list, got ${shown(value)}`)
  return new PythonSet(items)
}

function sizeOf(args: Args): Tuple {
  checkCount(args, 0, 1, 'a torch.Size')
  const [value = []] = args
  const items = itemsOf(value)
  if (!items?.every((item) => Number.isSafeInteger(item)))
    throw damaged(`a torch.Size must be made from integers, got ${shown(items ?? value)}`)
  return new Tuple(items)
}

const DEVICE = /^(cpu|cuda|mps|xpu|xla|hpu|meta)(:(0|[1-9]\d?))?$/

function device(args: Args): Constant {
  checkCount(args, 1, 2, 'a torch.device')
  const [type, index] = args
  const name = args.length === 2 ? `${type}:${index}` : type
  const fits = typeof type === 'string' && typeof name === 'string' && DEVICE.test(name) && (args.length === 1 || isWhole(index))
  if (!fits) throw damaged(`a torch.device must be made from a type and an index, got ${shown(args)}`)
  return new Constant(name)
}

const TENSOR = 'torch.Tensor'
const PARAMETER = 'torch.nn.parameter.Parameter'

const functions: Readonly<Record<string, ((args: Args, latin1: Latin1) => unknown) | undefined>> = {
  'collections.OrderedDict': orderedDict,
  'collections.Counter': counter,
  'torch._utils._rebuild_tensor_v2': tensorV2,
  'torch._utils._rebuild_tensor': tensorV1,
  'torch._utils._rebuild_parameter': (args) => {
    checkCount(args, 3, 3, 'a parameter')
    return parameterOf(args)
  },
  'torch._utils._rebuild_parameter_with_state': (args) => {
    checkCount(args, 4, 4, 'a parameter')
    checkAttributes(args[3])
    return parameterOf(args)
  },
  'torch.nn.parameter.Parameter': (args) => {
    checkCount(args, 1, 2, 'a parameter')
    return parameterOf(args)
  },
  'torch._tensor._rebuild_from_type_v2': withAttributes,
  'torch.Tensor': undefined,
  'torch.Size': sizeOf,
  'torch.device': device,
  '_codecs.encode': (args, latin1) => {
    checkCount(args, 2, 2, 'bytes')
    return latin1.encode(args[0], args[1])
  },
  'builtins.bytearray': bytearray,
  'builtins.set': setOf,
}

/** Functions that `_rebuild_from_type_v2` may call. */
const TENSOR_FUNCTIONS = new Set([
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
])

const storages: Readonly<Record<string, ElementType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** Names of dtypes, which some files contain as values. */
const DTYPES = /^torch\.(float(64|32|16)|bfloat16|u?int(64|32|16|8)|bool)$/

/** Returns a function that resolves the names in one file. */
export function torchGlobals(): Meanings['global'] {
  const latin1 = new Latin1()
  return (name) => {
    // Protocol 2 has Python 2's name for this module.
    const meant = name.replace(/^__builtin__\./, 'builtins.')
    if (Object.hasOwn(functions, meant)) {
      const call = functions[meant]
      return new Global(meant, call && ((args) => call(args, latin1)))
    }
    const storage = /^torch\.(?:cuda\.)?(\w+)$/.exec(meant)?.[1] ?? ''
    if (Object.hasOwn(storages, storage)) return new StorageType(storages[storage]!)
    if (DTYPES.test(meant)) return new Constant(meant)
    const why = 'which is not allowed; nothing was executed. Save the state dict instead'
    throw new DownhillError('file-unsupported', `the file refers to ${shown(name)}, ${why}`)
  }
}
