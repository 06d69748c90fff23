import { checkNumbers, type Numbers } from '../memory/numbers.ts'
import { type Shape, sameShape, showShape } from '../memory/shape.ts'
import { Buffer, Parameter, Tensor } from '../memory/tensor.ts'
import type { StateTensor } from '../optimizer/state-dict.ts'
import { checkRange, DownhillError, isObject, printable, shown } from '../validation/errors.ts'
import { torchKey } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'
import type { FloatType } from '../wasm/wasm.ts'

/** Modules are not callable: in TypeScript, `model(x)` fails with a message that names `model.forward(x)`. */
const Base = Object as unknown as abstract new () => (call: 'model.forward(x)') => never

/**
 * A part of a model. Your own module is a class with a `forward`. Its fields are searched for tensors and modules, in their order and also
 * in arrays, which get torch's names ('0.weight', 'layers.1.bias'; a field `outProj` is 'out_proj').
 *
 * @example
 * class Perceptron extends nn.Module {
 *   constructor(arena) {
 *     super()
 *     this.hidden = new nn.Linear(arena, 4, 8)
 *     this.out = new nn.Linear(arena, 8, 1)
 *   }
 *   forward(x) {
 *     return this.out.forward(nn.functional.tanh(this.hidden.forward(x)))
 *   }
 * }
 */
export abstract class Module extends Base {
  /** Whether dropout drops and batch normalization uses the batch; see `train` and `eval`. */
  training = true

  /** Computes the output. Call it inside `arena.frame`. */
  abstract forward(x: Tensor): Tensor

  /** Iterates over names and parameters: those of this module first, then those of the modules in it. Shared parameters are listed once. */
  *namedParameters(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Parameter]> {
    yield* firstSeen(this, Parameter, prefix, seen)
    for (const [name, child] of this.namedChildren()) yield* child.namedParameters(`${prefix}${name}.`, seen)
  }

  /** Iterates over parameters, in the same order. */
  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** Iterates over names and buffers, in the order of the parameters. */
  *namedBuffers(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Buffer]> {
    yield* firstSeen(this, Buffer, prefix, seen)
    for (const [name, child] of this.namedChildren()) yield* child.namedBuffers(`${prefix}${name}.`, seen)
  }

  /** Iterates over buffers, in the same order. */
  *buffers(): IterableIterator<Buffer> {
    for (const [, buffer] of this.namedBuffers()) yield buffer
  }

  /** Iterates over this module and all modules in it. Shared modules are listed once. */
  *modules(seen: Set<Module> = new Set()): IterableIterator<Module> {
    if (seen.has(this)) return
    seen.add(this)
    yield this
    for (const [, child] of this.namedChildren()) yield* child.modules(seen)
  }

  /** Sets the mode of this module and all modules in it: dropout and batch normalization differ in training. */
  train(mode = true): this {
    checkRange(typeof mode === 'boolean', 'train', 'mode', 'true or false', mode)
    for (const module of this.modules()) module.training = mode
    return this
  }

  /** Same as `train(false)`. */
  eval(): this {
    return this.train(false)
  }

  /** Removes the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** Returns copies of parameters and buffers under torch's names, in torch's order. */
  stateDict(): ModuleStateDict {
    const entries = [...this.stateTensors()].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }])
    return Object.fromEntries(entries)
  }

  /** @internal Returns the tensors of `stateDict` without copying. */
  stateTensors(): Iterable<[string, StateTensor]> {
    return namedTensors(this)
  }

  /**
   * Loads copies of parameters and buffers. Everything is checked before anything changes. As in torch, a state dict
   * without `_metadata`, or with a version from before 0.4.1 in it, may lack `num_batches_tracked`.
   *
   * @param strict whether missing and unknown names throw. Default true
   * @throws `state-mismatch` naming the tensor
   */
  loadStateDict(dict: Readonly<Record<string, SavedTensor>>, options: { readonly strict?: boolean } = {}): void {
    this.prepareLoad(dict, options)()
  }

  /** @internal */
  prepareLoad(dict: Readonly<Record<string, SavedTensor>>, { strict = true }: { readonly strict?: boolean } = {}): Commit {
    const fail = (why: string) => new DownhillError('state-mismatch', `loadStateDict: ${why}`)
    checkRange(isObject(dict), 'loadStateDict', 'the state dict', 'an object', dict, 'state-mismatch')
    const own = new Map(namedTensors(this))
    const missing = [...own.keys()].find((name) => !Object.hasOwn(dict, name) && !mayLack(dict, name))
    const extra = Object.keys(dict).find((name) => !own.has(name))
    if (strict && missing !== undefined) throw fail(`the state dict has no ${missing}`)
    if (strict && extra !== undefined) throw fail(`the model has no ${printable(extra)}`)
    const shared = [...own].filter(([name]) => Object.hasOwn(dict, name))
    for (const [name, { shape }] of shared) {
      const saved = dict[name]
      const fits = isObject(saved) && Array.isArray(saved.shape) && sameShape(saved.shape, shape)
      if (!fits)
        throw fail(
          `${name} must have shape ${showShape(shape)}, got ${Array.isArray(saved?.shape) ? showShape(saved.shape) : shown(saved)}`,
        )
      checkNumbers('loadStateDict', name, shape, saved.data, 'state-mismatch')
    }
    const data = shared.map(([name, { arena }]) => arena.detached(dict[name]!.data))
    return () => {
      for (const [i, [, tensor]] of shared.entries()) tensor.data.set(data[i]!)
    }
  }

  /** Returns the class and the number of parameters, as a string. */
  override toString(): string {
    return `${this.constructor.name}(${[...this.parameters()].reduce((sum, { size }) => sum + size, 0)} parameters)`
  }

  /** Returns the class and the shapes of the tensors, for `JSON.stringify`. */
  toJSON(): { readonly module: string; readonly tensors: Readonly<Record<string, Shape>> } {
    return {
      module: this.constructor.name,
      tensors: Object.fromEntries([...this.stateTensors()].map(([name, { shape }]) => [name, shape])),
    }
  }

  /**
   * Returns a module with its own copies of parameters and buffers. Other fields are shared. A class with private fields (#) must override
   * `clone`.
   */
  clone(copies: Map<unknown, unknown> = new Map()): this {
    const copy = Object.create(Object.getPrototypeOf(this))
    copies.set(this, copy)
    for (const [name, value] of Object.entries(this)) copy[name] = cloned(value, copies)
    return copy
  }

  /** Iterates over the modules in the fields of this module. */
  *namedChildren(): IterableIterator<[string, Module]> {
    for (const [name, value] of entriesOf(this)) if (value instanceof Module) yield [name, value]
  }
}

/** Version of a normalization's state dict, in torch's `_metadata`, since which it has num_batches_tracked. */
const COUNTING_VERSION = 2

/** Whether a state dict may lack a tensor, which keeps its value then, as in torch's `_NormBase._load_from_state_dict`. */
export function mayLack(dict: object, name: string): boolean {
  const path = /^(?:(.*)\.)?num_batches_tracked$/.exec(name)
  if (!path) return false
  const { _metadata: metadata } = dict as { readonly _metadata?: Readonly<Record<string, { readonly version?: unknown }>> }
  const version = metadata?.[path[1] ?? '']?.version
  return !(typeof version === 'number' && version >= COUNTING_VERSION)
}

/** Copies of a module's tensors under torch's names. */
export type ModuleStateDict = Readonly<Record<string, StateTensor>>

/** A tensor to load: its shape and its numbers, row-major. */
export interface SavedTensor {
  readonly shape: Shape
  readonly data: Numbers
}

/** Returns tensors in the order of torch's state dicts: each module's parameters, then its buffers, then its modules. */
function* namedTensors(module: Module, prefix = ''): IterableIterator<[string, Tensor]> {
  const own = tensorsIn(module)
  for (const kind of [Parameter, Buffer]) for (const [name, tensor] of own) if (tensor instanceof kind) yield [prefix + name, tensor]
  for (const [name, child] of module.namedChildren()) yield* namedTensors(child, `${prefix}${name}.`)
}

/** Iterates over a module's own tensors of a class, without those already seen. */
function* firstSeen<T extends Tensor>(module: Module, Class: new (...args: never[]) => T, prefix: string, seen: Set<Tensor>) {
  for (const [name, tensor] of tensorsIn(module)) {
    if (!(tensor instanceof Class) || seen.has(tensor)) continue
    seen.add(tensor)
    yield [prefix + name, tensor] as [string, T]
  }
}

/** Iterates over fields, and entries of arrays in fields. Not a private method, because clones lack those. */
function entriesOf(module: Module): [string, unknown][] {
  return Object.entries(module).flatMap(([field, value]) => {
    const name = torchKey(field)
    return Array.isArray(value) ? value.map((entry, i): [string, unknown] => [`${name}.${i}`, entry]) : [[name, value] as [string, unknown]]
  })
}

function tensorsIn(module: Module): [string, Tensor][] {
  return entriesOf(module).filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor)
}

/** Returns a copy of a module's tensors and modules. Shared ones are copied once. */
function cloned(value: unknown, copies: Map<unknown, unknown>): unknown {
  const known = copies.get(value)
  if (known) return known
  if (value instanceof Module) return value.clone(copies)
  if (Array.isArray(value)) return value.map((entry) => cloned(entry, copies))
  if (!(value instanceof Parameter || value instanceof Buffer)) return value
  const { arena, shape, dtype, data } = value
  const copy =
    value instanceof Parameter ? arena.parameter(shape, { dtype: dtype as FloatType, data }) : arena.buffer(shape, { dtype, data })
  copy.requiresGrad = value.requiresGrad
  copies.set(value, copy)
  return copy
}
