import { type Declared, doc, flag, number, type Values } from '../validation/options.ts'
import type { RuleNames } from '../wasm/wasm.ts'
import type { Rows, SparseForm } from './rows.ts'

// biome-ignore lint/suspicious/noExplicitAny: options of whatever is declared
type Any = any
type Of<T> = Readonly<Record<string, (o: Any, t?: Any, clock?: Any) => T>>

/** Any rule, where its names are looked up and not written. */
export interface AnyRule {
  readonly name: string
  readonly kernel: RuleNames
  readonly options: Declared
  readonly conflict?: (o: Any) => string | undefined
  readonly state: Of<boolean>
  readonly initial?: Of<number>
  readonly scalars?: Of<number>
  readonly advance?: (o: Any, clock: Any) => void
  readonly settle?: (o: Any, clock: Any) => void
  readonly eager?: boolean
  readonly uncounted?: boolean
  readonly sparse?: 'only' | ((o: Any) => SparseForm)
  readonly rows?: typeof Rows
  readonly flags: Of<boolean>
  readonly uniforms: Of<number>
  readonly math: readonly string[]
  readonly paper: string
}

type Names<K extends RuleNames, Part extends 'flags' | 'state' | 'uniforms'> = K[Part][number]

/** What follows from a group's options `o`, the count `t` of this step, 1 for a parameter's first, and the rule's own numbers. */
type FromStep<O, S extends string, T> = (o: O, t: number, clock: { t: number } & Record<S, number>) => T

/**
 * What there is to say about an elementwise optimizer. Its names are those of the kernel's parameters (assembly/rules), so that a missing
 * or misspelt one does not compile; validation, class, state dict, documentation and tests follow from it.
 */
export interface Rule<K extends RuleNames, D extends Declared, S extends string = never> {
  /** The class, as torch calls it. */
  readonly name: string
  readonly kernel: K
  /** In the order of torch's param_groups. */
  readonly options: D
  /** What the ranges cannot say; a sentence if the options do not go together. */
  readonly conflict?: (o: Values<D>) => string | undefined
  /** Which state a parameter has under which options. */
  readonly state: Readonly<Record<Names<K, 'state'>, (o: Values<D>) => boolean>>
  /** What a state array holds before the first step, from the group's options and the constructor's; 0 where not given. */
  readonly initial?: Partial<Readonly<Record<Names<K, 'state'>, (o: Values<D>, defaults: Values<D>) => number>>>
  /** Numbers that a parameter's steps carry on, with their values before the first. */
  readonly scalars?: Readonly<Record<S, (o: Values<D>) => number>>
  /** Changes them before the step… */
  readonly advance?: Change<Values<D>, S>
  /** …or after it. */
  readonly settle?: Change<Values<D>, S>
  /** State that exists from construction, not from the first step. */
  readonly eager?: boolean
  /** Only whether there was a step before this one matters, and torch's state dict has no `step`. */
  readonly uncounted?: boolean
  /** Takes sparse gradients, and how; without it none, with 'only' no others. */
  readonly sparse?: 'only' | ((o: Values<D>) => SparseForm)
  /** What steps its rows: `Rows`, where there are any. */
  readonly rows?: typeof Rows
  /** Which form of the kernel runs. */
  readonly flags: Readonly<Record<Names<K, 'flags'>, FromStep<Values<D>, S, boolean>>>
  /** The kernel's uniforms, computed in f64 and rounded once. */
  readonly uniforms: Readonly<Record<Names<K, 'uniforms'>, FromStep<Values<D>, S, number>>>
  /** The update in LaTeX, one line an equation. */
  readonly math: readonly string[]
  /** Where it comes from. */
  readonly paper: string
}

type Change<O, S extends string> = (o: O, clock: { t: number } & Record<S, number>) => void

/** Keeps the literal types of a declaration. */
export function defineRule<const K extends RuleNames, const D extends Declared, const S extends string = never>(
  rule: Rule<K, D, S>,
): Rule<K, D, S> {
  return rule
}

interface Coupled {
  readonly maximize: boolean
  readonly weightDecay: number
}

/** What every rule has that reads its gradient through `gradient` (assembly/rules/gradient.ts). */
export const coupled = {
  maximize: flag(false, doc`climb instead of descend: the gradient is negated before anything else`),
  weightDecay: (value = 0) => number(value, '[0, ∞]', doc`adds weightDecay·p to the gradient`),
  flags: { decay: (o: Coupled) => o.weightDecay !== 0 },
  uniforms: {
    weightDecay: (o: Coupled) => o.weightDecay,
  },
}

interface Decoupled extends Coupled {
  readonly lr: number
  readonly decoupledWeightDecay: boolean
}

/** The same for rules whose decay may also shrink the parameter. */
export const decoupled = {
  option: (value = false) => flag(value, doc`shrink the parameter by lr·weightDecay instead of changing the gradient`),
  flags: { decay: (o: Decoupled) => o.weightDecay !== 0 && !o.decoupledWeightDecay },
  uniforms: {
    ...coupled.uniforms,
    shrink: (o: Decoupled) => (o.decoupledWeightDecay ? 1 - o.lr * o.weightDecay : 1),
  },
}

interface Averaging {
  readonly betas: readonly [number, number]
}

/** What rules share that average the gradient with β₁ and its square with β₂. */
export const averaging = {
  flags: { fromEnd: (o: Averaging) => fromEnd(o.betas[0]) },
  uniforms: {
    gain1: (o: Averaging) => lerpWeight(o.betas[0]),
    keep2: (o: Averaging) => o.betas[1],
    gain2: (o: Averaging) => 1 - o.betas[1],
  },
}

/** Options of nearly every rule. */
export const lr = (value: number) => number(value, '[0, ∞]', doc`learning rate`)
export const eps = (value: number, what = doc`added to the denominator`) => number(value, '[0, ∞]', what)

export const always = () => true

/** The weight of assembly/lanes.ts's `lerp` towards the new value, 1 − keep, in the form for `fromEnd`. */
export const lerpWeight = (keep: number) => (fromEnd(keep) ? -(1 - (1 - keep)) : 1 - keep)
export const fromEnd = (keep: number) => 1 - keep >= 0.5
