import { checkNumbers, type Numbers } from '../memory/numbers.ts'
import { type Shape, sameShape, showShape } from '../memory/shape.ts'
import { Buffer, Parameter, Tensor } from '../memory/tensor.ts'
import type { StateTensor } from '../optimizer/state-dict.ts'
import { check, DownhillError, isObject, printable, shown } from '../validation/errors.ts'
import { torchKey } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'
import type { FloatType } from '../wasm/wasm.ts'

/** Modules are not callable: in TypeScript, `model(x)` fails with a message that names `model.forward(x)`. */
const Base = Object as unknown as abstract new () => (call: 'model.forward(x)') => never

/**
 * A part of a model. A module of your own is a class with a `forward`; what it holds in fields is found by itself, in the order of the
 * fields and also in arrays, under torch's names ('0.weight', 'layers.1.bias'; a field `outProj` is 'out_proj').
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
  /** Whether dropout drops and batch normalisation uses the batch; see `train` and `eval`. */
  training = true

  /** What the module makes of its input; called inside `arena.frame`. */
  abstract forward(x: Tensor): Tensor

  /** Parameters with their names, this module's own first and then those of the modules in it; one that is there twice comes once. */
  *namedParameters(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Parameter]> {
    yield* firstSeen(this, Parameter, prefix, seen)
    for (const [name, child] of this.namedChildren()) yield* child.namedParameters(`${prefix}${name}.`, seen)
  }

  /** Parameters, in the same order. */
  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** Buffers with their names, in the order of the parameters. */
  *namedBuffers(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Buffer]> {
    yield* firstSeen(this, Buffer, prefix, seen)
    for (const [name, child] of this.namedChildren()) yield* child.namedBuffers(`${prefix}${name}.`, seen)
  }

  /** Buffers, in the same order. */
  *buffers(): IterableIterator<Buffer> {
    for (const [, buffer] of this.namedBuffers()) yield buffer
  }

  /** This module and all in it; one that is there twice comes once. */
  *modules(seen: Set<Module> = new Set()): IterableIterator<Module> {
    if (seen.has(this)) return
    seen.add(this)
    yield this
    for (const [, child] of this.namedChildren()) yield* child.modules(seen)
  }

  /** Sets the mode of this module and all in it: dropout and batch normalisation differ in training. */
  train(mode = true): this {
    check(typeof mode === 'boolean', 'option-range', () => `train takes true or false, not ${shown(mode)}`)
    for (const module of this.modules()) module.training = mode
    return this
  }

  /** The same as `train(false)`. */
  eval(): this {
    return this.train(false)
  }

  /** Removes the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** Parameters and buffers by torch's names, in torch's order. Everything is copied. */
  stateDict(): ModuleStateDict {
    const entries = [...this.stateTensors()].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }])
    return Object.fromEntries(entries)
  }

  /** @internal The same, not copied. */
  stateTensors(): Iterable<[string, StateTensor]> {
    return namedTensors(this)
  }

  /**
   * Takes over parameters and buffers. Everything is checked before anything is changed, and copied.
   *
   * @param strict whether names that are missing or that there are not are errors. Default true
   * @throws `state-mismatch` naming the tensor
   */
  loadStateDict(dict: Readonly<Record<string, SavedTensor>>, options: { readonly strict?: boolean } = {}): void {
    this.prepareLoad(dict, options)()
  }

  /** @internal */
  prepareLoad(dict: Readonly<Record<string, SavedTensor>>, { strict = true }: { readonly strict?: boolean } = {}): Commit {
    const fail = (why: string) => new DownhillError('state-mismatch', `loadStateDict: ${why}`)
    if (typeof dict !== 'object' || dict === null) throw fail(`a state dict is an object, not ${shown(dict)}`)
    const own = new Map(namedTensors(this))
    const missing = [...own.keys()].find((name) => !Object.hasOwn(dict, name))
    const extra = Object.keys(dict).find((name) => !own.has(name))
    if (strict && missing !== undefined) throw fail(`the state dict has no ${missing}`)
    if (strict && extra !== undefined) throw fail(`the model has no ${printable(extra)}`)
    const shared = [...own].filter(([name]) => Object.hasOwn(dict, name))
    for (const [name, { shape }] of shared) {
      const saved = dict[name]
      const fits = isObject(saved) && Array.isArray(saved.shape) && sameShape(saved.shape, shape)
      if (!fits) throw fail(`${name} is ${showShape(shape)}, not ${Array.isArray(saved?.shape) ? showShape(saved.shape) : shown(saved)}`)
      checkNumbers('loadStateDict', name, shape, saved.data, 'state-mismatch')
    }
    const data = shared.map(([name, { arena }]) => arena.detached(dict[name]!.data))
    return () => {
      for (const [i, [, tensor]] of shared.entries()) tensor.data.set(data[i]!)
    }
  }

  /** Returns its class and its number of parameters. */
  override toString(): string {
    return `${this.constructor.name}(${[...this.parameters()].reduce((sum, { size }) => sum + size, 0)} parameters)`
  }

  /** Returns its class and the shapes of its tensors. */
  toJSON(): { readonly module: string; readonly tensors: Readonly<Record<string, Shape>> } {
    return {
      module: this.constructor.name,
      tensors: Object.fromEntries([...this.stateTensors()].map(([name, { shape }]) => [name, shape])),
    }
  }

  /**
   * A module with parameters and buffers of its own, which start as copies. Fields that are neither, nor modules, nor arrays of these, are
   * shared; a class with private fields (#) needs a `clone` of its own.
   */
  clone(copies: Map<unknown, unknown> = new Map()): this {
    const copy = Object.create(Object.getPrototypeOf(this))
    copies.set(this, copy)
    for (const [name, value] of Object.entries(this)) copy[name] = cloned(value, copies)
    return copy
  }

  /** The modules it holds itself. */
  *namedChildren(): IterableIterator<[string, Module]> {
    for (const [name, value] of entriesOf(this)) if (value instanceof Module) yield [name, value]
  }
}

/** A module's tensors, copies under torch's names. */
export type ModuleStateDict = Readonly<Record<string, StateTensor>>

/** A tensor to be loaded: its shape, and its numbers row by row. */
export interface SavedTensor {
  readonly shape: Shape
  readonly data: Numbers
}

/** Parameters and buffers in the order of torch's state dicts: of each module its own, first the ones and then the others. */
function* namedTensors(module: Module, prefix = ''): IterableIterator<[string, Tensor]> {
  const own = tensorsIn(module)
  for (const kind of [Parameter, Buffer]) for (const [name, tensor] of own) if (tensor instanceof kind) yield [prefix + name, tensor]
  for (const [name, child] of module.namedChildren()) yield* namedTensors(child, `${prefix}${name}.`)
}

/** A module's own tensors of a class that were not seen before. */
function* firstSeen<T extends Tensor>(module: Module, Class: new (...args: never[]) => T, prefix: string, seen: Set<Tensor>) {
  for (const [name, tensor] of tensorsIn(module)) {
    if (!(tensor instanceof Class) || seen.has(tensor)) continue
    seen.add(tensor)
    yield [prefix + name, tensor] as [string, T]
  }
}

/** What stands in fields, and in arrays in fields. Not a private method: those are not there on a clone. */
function entriesOf(module: Module): [string, unknown][] {
  return Object.entries(module).flatMap(([field, value]) => {
    const name = torchKey(field)
    return Array.isArray(value) ? value.map((entry, i): [string, unknown] => [`${name}.${i}`, entry]) : [[name, value] as [string, unknown]]
  })
}

function tensorsIn(module: Module): [string, Tensor][] {
  return entriesOf(module).filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor)
}

/** A copy of what belongs to a module; what is there twice is copied once. */
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
