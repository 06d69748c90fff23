import { Buffer, Parameter, Tensor } from '../tensor.ts'
import type { FloatType } from '../wasm.ts'

/**
 * A part of a model. A module of your own is a class with a `forward`; what it holds in fields is found by itself, in the order of the
 * fields and also in arrays, under torch's names ('0.weight', 'layers.1.bias').
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
export abstract class Module {
  /** What the module makes of its input; called inside `arena.frame`. */
  abstract forward(x: Tensor): Tensor

  /** Parameters with their names, this module's own first and then those of the modules in it; one that is there twice comes once. */
  *namedParameters(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Parameter]> {
    for (const [name, value] of tensorsIn(this)) {
      if (!(value instanceof Parameter) || seen.has(value)) continue
      seen.add(value)
      yield [prefix + name, value]
    }
    for (const [name, child] of this.namedChildren()) yield* child.namedParameters(`${prefix}${name}.`, seen)
  }

  /** Parameters, in the same order. */
  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** Buffers with their names, in the order of the parameters. */
  *namedBuffers(prefix = '', seen: Set<Tensor> = new Set()): IterableIterator<[string, Buffer]> {
    for (const [name, value] of tensorsIn(this)) {
      if (!(value instanceof Buffer) || seen.has(value)) continue
      seen.add(value)
      yield [prefix + name, value]
    }
    for (const [name, child] of this.namedChildren()) yield* child.namedBuffers(`${prefix}${name}.`, seen)
  }

  /** Buffers, in the same order. */
  *buffers(): IterableIterator<Buffer> {
    for (const [, buffer] of this.namedBuffers()) yield buffer
  }

  /** This module and all in it. */
  *modules(): IterableIterator<Module> {
    yield this
    for (const [, child] of this.namedChildren()) yield* child.modules()
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

/** What stands in fields, and in arrays in fields. Not a private method: those are not there on a clone. */
function entriesOf(module: Module): [string, unknown][] {
  return Object.entries(module).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((entry, i): [string, unknown] => [`${name}.${i}`, entry]) : [[name, value] as [string, unknown]],
  )
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
