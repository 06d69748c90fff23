/** Parts of a checkpoint: live objects with state, and their saved form. */

import { LRScheduler } from '../lr_scheduler/scheduler.ts'
import type { DType } from '../memory/dtype.ts'
import type { Shape } from '../memory/shape.ts'
import type { Parameter } from '../memory/tensor.ts'
import { Module } from '../nn/module.ts'
import { Generator, type GeneratorState } from '../numerics/random.ts'
import { type AnyOptimizer, Optimizer } from '../optimizer/optimizer.ts'
import { Loader } from '../training/loader.ts'

/** An object with state: a model or its average, an optimizer, a scheduler, a generator, or a loader. */
export type Part = Module | AnyOptimizer | LRScheduler | Generator | Loader<string>

/** Parts under names of your choice. */
export type Parts = Readonly<Record<string, Part>>

/** Kinds of parts. */
export type Kind = 'model' | 'optimizer' | 'scheduler' | 'generator' | 'loader'

/** Returns the kind of a part; undefined for other values. */
export function kindOf(value: unknown): Kind | undefined {
  if (value instanceof Module) return 'model'
  if (value instanceof Optimizer) return 'optimizer'
  if (value instanceof LRScheduler) return 'scheduler'
  if (value instanceof Generator) return 'generator'
  return value instanceof Loader ? 'loader' : undefined
}

/** Returns the state of a part as a plain value, in torch's form if torch has one. */
export function stateOf(part: Part): unknown {
  return part instanceof Generator || part instanceof Loader ? part.state : part.stateDict()
}

/** A value in a file: the state of a part, or a user's value. */
export interface SavedPart {
  readonly kind: Kind | 'value'
  readonly state: unknown
  /** Information that torch's files lack: see {@link aboutOf}. */
  readonly about?: About
}

/** A parameter in the saved form of an optimizer. */
export interface SavedParameter {
  readonly name: string
  /** Missing in torch's files. */
  readonly dtype?: string
  readonly shape?: Shape
}

/** A parameter of a live optimizer. */
export interface OwnParameter extends SavedParameter {
  readonly dtype: DType
  readonly shape: Shape
}

/** Information that a part's state depends on, in addition to what torch saves. */
export interface About {
  /** For optimizers and schedulers. */
  readonly className?: string
  /** For optimizers whose parameters have names, in the order of the groups. */
  readonly parameters?: readonly SavedParameter[]
  /** For models: the generators of its modules, and its arena's. */
  readonly generators?: Readonly<Record<string, GeneratorState>>
  /** For models of torch files: the prefix of wrappers, such as `module.`, that all names have. */
  readonly wrapper?: string
  /** For loaders: the options that batches depend on. */
  readonly plan?: Readonly<Record<string, number | boolean>>
}

/** Returns the names that models among the parts give to parameters. */
export function parameterNames(parts: Readonly<Record<string, unknown>>): ReadonlyMap<Parameter, string> {
  const models = Object.values(parts).filter((part) => part instanceof Module)
  return new Map(models.flatMap((model) => [...model.namedParameters()].map(([name, parameter]) => [parameter, name] as const)))
}

/** Returns an optimizer's parameters with their names, its own or a model's; undefined if a name is missing or repeated. */
export function namedParameters(optimizer: AnyOptimizer, names: ReadonlyMap<Parameter, string>): OwnParameter[] | undefined {
  const found = optimizer.paramGroups.flatMap(({ params, paramNames }) =>
    (params as readonly Parameter[]).map((parameter, i) => ({
      parameter,
      name: (paramNames as string[] | undefined)?.[i] ?? names.get(parameter),
    })),
  )
  const distinct = new Set(found.map(({ name }) => name))
  if (distinct.has(undefined) || distinct.size < found.length) return undefined
  return found.map(({ parameter: { dtype, shape }, name }) => ({ name: name!, dtype, shape }))
}

/** Returns the generators that a model draws from, by path: those in fields of its modules, and its arena's. */
export function generatorsOf(model: Module): Map<string, Generator> {
  const found = new Map<string, Generator>()
  const collect = (module: Module, prefix: string) => {
    for (const [field, value] of Object.entries(module)) if (value instanceof Generator) found.set(`${prefix}${field}`, value)
    for (const [name, child] of module.namedChildren()) collect(child, `${prefix}${name}.`)
  }
  collect(model, '')
  const [tensor] = [...model.parameters(), ...model.buffers()]
  if (tensor) found.set('arena', tensor.arena.generator)
  return found
}

/** See {@link About}. */
export function aboutOf(part: Part, names: ReadonlyMap<Parameter, string>): About {
  if (part instanceof Loader) return { plan: part.plan }
  if (part instanceof Module) {
    return { generators: Object.fromEntries([...generatorsOf(part)].map(([name, generator]) => [name, generator.state])) }
  }
  if (part instanceof Generator) return {}
  const parameters = part instanceof Optimizer ? namedParameters(part, names) : undefined
  return { className: part.className, ...(parameters && { parameters }) }
}
