import { type Declared, doc, flag, number, type Values } from '../validation/options.ts'
import type { RuleNames } from '../wasm/wasm.ts'
import type { Rows, SparseForm } from './rows.ts'

// biome-ignore lint/suspicious/noExplicitAny: options of any declaration
type Any = any
type Of<T> = Readonly<Record<string, (o: Any, t?: Any, clock?: Any) => T>>

/** Any rule, with names as strings. */
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

/** A function of a group's options `o`, the step count `t` (1 at a parameter's first step), and the rule's own numbers. */
type FromStep<O, S extends string, T> = (o: O, t: number, clock: { t: number } & Record<S, number>) => T

/**
 * Declaration of an elementwise optimizer. Its names are those of the kernel's parameters (assembly/rules), so that a missing or misspelled
 * one does not compile. Validation, class, state dict, documentation and tests are derived from it.
 */
export interface Rule<K extends RuleNames, D extends Declared, S extends string = never> {
  /** The class name in torch. */
  readonly name: string
  readonly kernel: K
  /** Options, in the order of torch's param_groups. */
  readonly options: D
  /** Returns an error sentence if options contradict each other, which ranges cannot express. */
  readonly conflict?: (o: Values<D>) => string | undefined
  /** Whether a parameter has each state array, by the options. */
  readonly state: Readonly<Record<Names<K, 'state'>, (o: Values<D>) => boolean>>
  /** Values of a state array before the first step, from the options of the group and of the constructor; 0 by default. */
  readonly initial?: Partial<Readonly<Record<Names<K, 'state'>, (o: Values<D>, defaults: Values<D>) => number>>>
  /** Numbers that change from step to step, with their values before the first. */
  readonly scalars?: Readonly<Record<S, (o: Values<D>) => number>>
  /** Changes these numbers before the step. */
  readonly advance?: Change<Values<D>, S>
  /** Changes these numbers after the step. */
  readonly settle?: Change<Values<D>, S>
  /** Whether state exists from construction instead of from the first step. */
  readonly eager?: boolean
  /** Whether steps are not counted: only the first step differs from others, and torch's state dict has no `step`. */
  readonly uncounted?: boolean
  /** How it takes sparse gradients. Default: not at all. 'only': it takes no dense gradients. */
  readonly sparse?: 'only' | ((o: Values<D>) => SparseForm)
  /** The class that steps rows, if it takes sparse gradients. */
  readonly rows?: typeof Rows
  /** Conditions that select the form of the kernel. */
  readonly flags: Readonly<Record<Names<K, 'flags'>, FromStep<Values<D>, S, boolean>>>
  /** The kernel's uniforms, computed in f64 and rounded once. */
  readonly uniforms: Readonly<Record<Names<K, 'uniforms'>, FromStep<Values<D>, S, number>>>
  /** The update in LaTeX, one equation per line. */
  readonly math: readonly string[]
  /** Reference. */
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

/** Options and uniforms of every rule that reads its gradient through `gradient` (assembly/rules/gradient.ts). */
export const coupled = {
  maximize: flag(false, doc`maximize the objective: negates the gradient`),
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

/** Options and uniforms of rules with optional decoupled weight decay. */
export const decoupled = {
  option: (value = false) => flag(value, doc`shrink the parameter by lr·weightDecay instead of adding weightDecay·p to the gradient`),
  flags: { decay: (o: Decoupled) => o.weightDecay !== 0 && !o.decoupledWeightDecay },
  uniforms: {
    ...coupled.uniforms,
    shrink: (o: Decoupled) => (o.decoupledWeightDecay ? 1 - o.lr * o.weightDecay : 1),
  },
}

interface Averaging {
  readonly betas: readonly [number, number]
}

/** Flags and uniforms of rules that average the gradient with β₁ and its square with β₂. */
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

/** The weight 1 − keep of the new value in `lerp` of assembly/lanes.ts, in the form that `fromEnd` selects. */
export const lerpWeight = (keep: number) => (fromEnd(keep) ? -(1 - (1 - keep)) : 1 - keep)
export const fromEnd = (keep: number) => 1 - keep >= 0.5
