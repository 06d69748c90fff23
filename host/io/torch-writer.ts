/** Writes files that `torch.load(weights_only=True)` reads, also memory-mapped: state dicts in their Python form. */

import { sizeOf } from '../memory/shape.ts'
import { isStateTensor, type StateValue } from '../optimizer/state-dict.ts'
import { check, shown } from '../validation/errors.ts'
import { type Dict, isDict, isPlain } from './dict.ts'
import { elementBytes, encoded, type TensorLike } from './elements.ts'
import { kindOf, type Part, stateOf } from './parts.ts'
import { Call, Name, Persistent, pickled } from './pickle-writer.ts'
import { Tuple } from './python.ts'
import { zipped } from './zip.ts'

const storageTypes = { F32: 'FloatStorage', F64: 'DoubleStorage', I64: 'LongStorage' } as const

/** Whether a value is an optimizer's state dict. */
function isOptimizerState(value: Dict): boolean {
  const { state, param_groups: groups } = value
  return isDict(state) && Object.values(state).every(isDict) && Array.isArray(groups) && groups.every(isDict)
}

/** State entries that are plain numbers in Python. All other numbers are 0-d tensors there. */
const PLAIN_NUMBERS: readonly string[] = ['func_evals', 'n_iter', 't', 'prev_loss']

/** Only SparseAdam counts its steps as int. A state dict has no class name, but no other optimizer has betas and no weight decay. */
function countsInInts([group]: readonly Dict[]): boolean {
  return group !== undefined && 'betas' in group && !('weight_decay' in group)
}

/** Largest integer up to which float32 counts exactly. */
const LARGEST_COUNT = 2 ** 24

class TorchWriter {
  readonly #files = new Map<string, Uint8Array>()
  readonly #open = new Set<object>()
  #storages = 0

  write(value: unknown): Uint8Array<ArrayBuffer> {
    const pickle = pickled(this.#python(value))
    const text = (content: string) => new TextEncoder().encode(content)
    return zipped(
      new Map([['archive/data.pkl', pickle], ['archive/byteorder', text('little')], ...this.#files, ['archive/version', text('3\n')]]),
    )
  }

  /** Returns a value in its Python form. */
  #python(value: unknown, key = ''): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Uint8Array)
      return new Call(new Name('_codecs', 'encode'), [Array.from(value, (byte) => String.fromCharCode(byte)).join(''), 'latin1'])
    if (kindOf(value)) return this.#python(stateOf(value as Part), key)
    if (isStateTensor(value)) return this.#tensor(value as TensorLike)
    check(!this.#open.has(value), 'option-range', 'torchFile.save: a value contains itself')
    this.#open.add(value)
    const python = Array.isArray(value) ? value.map((entry) => this.#python(entry)) : this.#dict(value, key)
    this.#open.delete(value)
    return python
  }

  #dict(value: object, key: string): unknown {
    check(isPlain(value), 'option-range', () => `torchFile.save: ${key || 'the value'} is ${shown(value)}, which a torch file cannot hold`)
    if (isOptimizerState(value)) return this.#optimizer(value)
    const entries = Object.entries(value).map(([name, entry]) => [name, this.#python(entry, name)] as const)
    // MultiStepLR counts how often an epoch is a milestone.
    if (key === 'milestones')
      return new Call(new Name('collections', 'Counter'), [new Map(entries.map(([name, count]) => [Number(name), count]))])
    const isModel = entries.length > 0 && Object.values(value).every(isStateTensor)
    return isModel ? new Call(new Name('collections', 'OrderedDict'), [], new Map(entries)) : new Map(entries)
  }

  #optimizer(dict: Dict): unknown {
    const groups = dict.param_groups as readonly Dict[]
    const states = Object.entries(dict.state as Readonly<Record<string, Readonly<Record<string, StateValue>>>>)
    const inInts = countsInInts(groups)
    return {
      ...dict,
      state: new Map(states.map(([index, state]) => [Number(index), this.#state(state, inInts)])),
      param_groups: groups.map((group) => new Map(Object.entries(group).map(([key, value]) => [key, this.#option(key, value)]))),
    }
  }

  /** Returns an option of a group. Pairs become tuples. */
  #option(key: string, value: unknown): unknown {
    const isTuple = Array.isArray(value) && key !== 'params' && key !== 'param_names'
    return isTuple ? new Tuple(value) : this.#python(value)
  }

  #state(state: Readonly<Record<string, StateValue>>, inInts: boolean): unknown {
    const isDouble = Object.values(state).some((value) => isStateTensor(value) && value.dtype === 'float64')
    const entry = (key: string, value: StateValue): unknown => {
      if (Array.isArray(value)) return value.map((part: StateValue) => entry(key, part))
      if (typeof value !== 'number' || PLAIN_NUMBERS.includes(key) || (inInts && key === 'step')) return this.#python(value)
      const isWide = key === 'step' ? value > LARGEST_COUNT : isDouble
      return this.#tensor({ dtype: isWide ? 'float64' : 'float32', shape: [], data: [value] })
    }
    return new Map(Object.entries(state).map(([key, value]) => [key, entry(key, value)]))
  }

  #tensor(tensor: TensorLike): Call {
    // torch counts and indexes in int64.
    const wide =
      tensor.dtype === 'int32'
        ? { ...tensor, dtype: 'int64' as const, data: BigInt64Array.from(tensor.data as ArrayLike<number>, BigInt) }
        : tensor
    const { type, shape, bytes } = encoded('a tensor of a torch file', wide)
    const key = String(this.#storages++)
    this.#files.set(`archive/data/${key}`, bytes)
    const storage = new Name('torch', storageTypes[type as keyof typeof storageTypes])
    const id = new Tuple(['storage', storage, key, 'cpu', bytes.length / elementBytes[type]])
    const strides = shape.map((_, axis) => Math.max(sizeOf(shape.slice(axis + 1)), 1))
    const hooks = new Call(new Name('collections', 'OrderedDict'), [])
    const rebuild = new Name('torch._utils', '_rebuild_tensor_v2')
    return new Call(rebuild, [new Persistent(id), 0, new Tuple(shape), new Tuple(strides), false, hooks])
  }
}

/** Returns a file with plain values, tensors, and state dicts. */
export function writeTorch(value: unknown): Uint8Array<ArrayBuffer> {
  return new TorchWriter().write(value)
}
