import type { rules } from './generated/kernels.ts'
import { type Declared, flag, number, type Values } from './options.ts'
import type { RuleName } from './wasm.ts'

// biome-ignore lint/suspicious/noExplicitAny: options of whatever is declared
type Of<T> = Readonly<Record<string, (o: any, t?: any) => T>>

/** Any rule, where its names are looked up and not written. */
export interface AnyRule {
  readonly name: string
  readonly kernel: RuleName
  readonly options: Declared
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly conflict?: (o: any) => string | undefined
  readonly state: Of<boolean>
  readonly initial?: Of<number>
  readonly eager?: boolean
  readonly uncounted?: boolean
  readonly flags: Of<boolean>
  readonly uniforms: Of<number>
  readonly math: readonly string[]
  readonly paper: string
}

type Names<K extends RuleName, Part extends 'flags' | 'state' | 'uniforms'> = (typeof rules)[K][Part][number]

/** A number from a group's options `o` and the count `t` of this step, 1 for a parameter's first. */
type FromStep<O, T> = (o: O, t: number) => T

/**
 * What there is to say about an elementwise optimizer. Its names are those of the kernel's parameters (assembly/rules), so that a missing
 * or misspelt one does not compile; validation, class, state dict, documentation and tests follow from it.
 */
export interface Rule<K extends RuleName, D extends Declared> {
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
  /** State that exists from construction, not from the first step. */
  readonly eager?: boolean
  /** SGD has no counter: only whether there was a step before this one matters, and torch's state dict has no `step`. */
  readonly uncounted?: boolean
  /** Which form of the kernel runs. */
  readonly flags: Readonly<Record<Names<K, 'flags'>, (o: Values<D>) => boolean>>
  /** The kernel's uniforms, computed in f64 and rounded once. */
  readonly uniforms: Readonly<Record<Names<K, 'uniforms'>, FromStep<Values<D>, number>>>
  /** The update in LaTeX, one line an equation. */
  readonly math: readonly string[]
  /** Where it comes from. */
  readonly paper: string
}

/** Keeps the literal types of a declaration. */
export function defineRule<const K extends RuleName, const D extends Declared>(rule: Rule<K, D>): Rule<K, D> {
  return rule
}

interface Coupled {
  readonly maximize: boolean
  readonly weightDecay: number
}

/** What every rule has that reads its gradient through `gradient` (assembly/rules/gradient.ts). */
export const coupled = {
  maximize: flag(false, 'climb instead of descend: the gradient is negated before anything else'),
  weightDecay: (value = 0) => number(value, '[0, ∞)', 'adds weightDecay·p to the gradient'),
  flags: { decay: (o: Coupled) => o.weightDecay !== 0 },
  uniforms: {
    sign: (o: Coupled) => (o.maximize ? -1 : 1),
    weightDecay: (o: Coupled) => o.weightDecay,
  },
}

/** Options of nearly every rule. */
export const lr = (value: number) => number(value, '[0, ∞)', 'learning rate')
export const eps = (value: number, doc = 'added to the denominator') => number(value, '[0, ∞)', doc)

export const always = () => true

/** The weight of assembly/lanes.ts's `lerp` towards the new value, 1 − keep, in the form for `fromEnd`. */
export const lerpWeight = (keep: number) => (fromEnd(keep) ? -(1 - (1 - keep)) : 1 - keep)
export const fromEnd = (keep: number) => 1 - keep >= 0.5
