/** Loads a file into live parts: all of them, or none. */

import { LRScheduler } from '../lr_scheduler/scheduler.ts'
import type { Parameter } from '../memory/tensor.ts'
import { Module, mayLack, type SavedTensor } from '../nn/module.ts'
import { Generator } from '../numerics/random.ts'
import { isStateTensor } from '../optimizer/state-dict.ts'
import { Loader } from '../training/loader.ts'
import { check, checkRange, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { Commit, Reserve } from '../validation/prepared.ts'
import { alignedState } from './aligned.ts'
import { type Dict, isDict } from './dict.ts'
import { Findings } from './findings.ts'
import { type About, generatorsOf, kindOf, type Part, type Parts, parameterNames, type SavedPart } from './parts.ts'

/** Options for loading. */
export interface LoadOptions {
  /** Whether missing, unknown or differently shaped names throw. Default true; if false, matching names are loaded. */
  readonly strict?: boolean
}

/** Result of loading. */
export interface Loaded {
  /** Values in the file that were not loaded: your plain values; with `strict: false` also parts and tensors that only the file has. */
  readonly rest: Readonly<Record<string, unknown>>
  /** With `strict: false`: names that the file lacks; their values are unchanged. */
  readonly missing: readonly string[]
  /** With `strict: false`: names that only the file has. */
  readonly extra: readonly string[]
  /** With `strict: false`: tensors with another shape or type; they are unchanged. */
  readonly reshaped: readonly string[]
  /** With `strict: false`: other differences, one sentence each. */
  readonly other: readonly string[]
}

/** How to load a part: a check of values, once names and shapes match, and the leftover of the part in the file. */
interface Fit {
  readonly prepare: () => Reserve
  readonly rest?: unknown
}

const unlessEmpty = (rest: Dict) => (Object.keys(rest).length ? rest : undefined)

/** Merges commits that need no memory. */
function together(commits: readonly Commit[]): Reserve {
  return () => () => {
    for (const commit of commits) commit()
  }
}

class Fitting {
  readonly findings = new Findings()
  readonly #names: ReadonlyMap<Parameter, string>
  readonly #strict: boolean

  constructor(parts: Parts, strict: boolean) {
    this.#names = parameterNames(parts)
    this.#strict = strict
  }

  fit(name: string, part: Part, { kind, state, about = {} }: SavedPart): Fit {
    if (kind !== kindOf(part) || !isDict(state)) {
      this.findings.other.push(`${name} is of kind ${kindOf(part)} here and ${kind === kindOf(part) ? shown(state) : kind} in the file`)
      return { prepare: () => together([]), rest: state }
    }
    if (part instanceof Module) return this.#model(name, part, state, about)
    if (part instanceof Generator) return { prepare: () => together([part.prepareLoad(state as never)]) }
    if (part instanceof Loader) return this.#loader(name, part, state, about)
    if (about.className !== undefined && about.className !== part.className) {
      this.findings.other.push(`${name} is ${part.className} here and ${about.className} in the file`)
    }
    if (part instanceof LRScheduler) return { prepare: () => together([part.prepareLoad(state)]) }
    const { dict, rest } = alignedState(name, part, state, about, this.#names, this.findings)
    return { prepare: () => part.prepareLoad(dict()), rest: unlessEmpty(rest) }
  }

  #model(name: string, model: Module, state: Dict, { generators, wrapper }: About): Fit {
    const own = new Map(model.stateTensors())
    const fitting: Record<string, SavedTensor> = {}
    const rest: Record<string, unknown> = {}
    for (const [key, tensor] of own) {
      const saved = Object.hasOwn(state, key) ? state[key] : undefined
      // torch files may have another type, which is converted as in torch.
      const told = isStateTensor(saved) && { shape: saved.shape, ...(generators && { dtype: saved.dtype }) }
      if (!told) {
        // Checkpoints have the generators of models, and all of their tensors.
        if (generators || Object.hasOwn(state, key) || !mayLack(state, key)) this.findings.missing.push(`${name}.${key}`)
      } else if (this.findings.fits(`${name}.${key}`, tensor, told)) fitting[key] = saved as SavedTensor
      else rest[key] = saved
    }
    for (const key of Object.keys(state).filter((key) => !own.has(key))) {
      this.findings.extra.push(`${name}.${key}`)
      rest[key] = state[key]
    }
    const isWrapped = wrapper && !Object.keys(fitting).length && Object.keys(rest).some((key) => own.has(key.slice(wrapper.length)))
    if (isWrapped) this.findings.advice.push(`all names of ${name} begin with '${wrapper}', which { stripPrefix: '${wrapper}' } removes`)
    const states = generators && this.#generators(name, model, generators)
    return {
      prepare: () => together([...(states?.() ?? []), model.prepareLoad(fitting, { strict: this.#strict })]),
      rest: unlessEmpty(rest),
    }
  }

  #generators(name: string, model: Module, saved: NonNullable<About['generators']>): () => Commit[] {
    const own = generatorsOf(model)
    for (const key of own.keys()) if (!Object.hasOwn(saved, key)) this.findings.missing.push(`${name}.${key}`)
    for (const key of Object.keys(saved)) if (!own.has(key)) this.findings.extra.push(`${name}.${key}`)
    return () => [...own].flatMap(([key, generator]) => (saved[key] ? [generator.prepareLoad(saved[key])] : []))
  }

  #loader(name: string, loader: Loader<string>, state: Dict, { plan = {} }: About): Fit {
    for (const [key, value] of Object.entries(loader.plan)) {
      const isOther = Object.hasOwn(plan, key) && plan[key] !== value
      if (isOther) this.findings.other.push(`${name} has ${key} ${value} here and ${shown(plan[key])} in the file`)
    }
    return { prepare: () => together([loader.prepareLoad(state as never)]) }
  }
}

/** Loads parts from a file. `by` is the function in an error. */
export function restore(by: string, saved: Readonly<Record<string, SavedPart>>, parts: Parts, options: LoadOptions = {}): Loaded {
  checkNames(by, ['strict'], options)
  const { strict = true } = options
  const isPlain = isDict(parts) && !kindOf(parts)
  checkRange(isPlain, by, 'parts', '{ model, optimizer, … }', parts)
  for (const [name, part] of Object.entries(parts)) {
    const what = 'a model, an optimizer, a scheduler, a generator or a loader'
    check(kindOf(part) !== undefined, 'option-range', () => `${by}: ${name} must be ${what}, got ${shown(part)}`)
  }
  const fitting = new Fitting(parts, strict)
  const { findings } = fitting
  const rest: Record<string, unknown> = {}
  for (const [name, { kind, state }] of Object.entries(saved)) {
    if (Object.hasOwn(parts, name)) continue
    if (kind !== 'value') findings.extra.push(name)
    rest[name] = state
  }
  const fits = Object.entries(parts).flatMap(([name, part]) => {
    if (!Object.hasOwn(saved, name)) findings.missing.push(name)
    return Object.hasOwn(saved, name) ? [[name, fitting.fit(name, part, saved[name]!)] as const] : []
  })
  if (strict) findings.throwIfAny(by)
  const reserves = fits.map(([, { prepare }]) => prepare())
  const commits = reserves.map((reserve) => reserve())
  for (const commit of commits) commit()
  for (const [name, fit] of fits) if (fit.rest !== undefined) rest[name] = fit.rest
  const { missing, extra, reshaped, other } = findings
  return { rest, missing, extra, reshaped, other }
}
