import { hideFields } from '../memory/fields.ts'
import { type AnyOptimizer, Optimizer } from '../optimizer/optimizer.ts'
import { check, checkRange, DownhillError, isObject, shown } from '../validation/errors.ts'
import { checkOptions, type Declared, defaultsOf, type Values, withDefaults } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'

/** Declaration of a scheduler. */
export interface SchedulerDeclaration<D extends Declared = Declared> {
  readonly name: string
  readonly options: D
  /** The learning rate in LaTeX. */
  readonly math: string
}

/** Options as callers pass them: those without a default are required. */
export type Given<D extends Declared> = Partial<Values<D>> & Pick<Values<D>, RequiredOf<D>> & { readonly lastEpoch?: number }

type RequiredOf<D extends Declared> = { [K in keyof D]: D[K] extends { readonly required: true } ? K : never }[keyof D]

/** State of a scheduler, under torch's keys. */
export type SchedulerStateDict = Readonly<Record<string, unknown>>

/** A field of a scheduler, and its key in torch. */
export type Field = readonly [field: string, key: string]

/** Keys that schedulers add to the groups of their optimizer. */
export interface ScheduledGroup {
  lr: number
  momentum?: number
  betas?: readonly [number, number]
  initialLr?: number
  maxLr?: number
  minLr?: number
  swaLr?: number
  maxMomentum?: number
  baseMomentum?: number
}

/** Checks the given options and completes them with the declared defaults. */
export function checkedOptions<D extends Declared>({ name, options }: SchedulerDeclaration<D>, given: Given<D>): Values<D> {
  const { lastEpoch = -1, ...rest } = given ?? {}
  const isEpoch = Number.isInteger(lastEpoch) && lastEpoch >= -1
  checkRange(isEpoch, name, 'lastEpoch', 'an integer ≥ -1', lastEpoch)
  checkOptions(name, options, rest)
  const missing = Object.keys(options).find(
    (option) => options[option]!.required && (rest as Record<string, unknown>)[option] === undefined,
  )
  check(missing === undefined, 'option-range', `${name} needs ${missing}`)
  return withDefaults(rest as Partial<Values<D>>, defaultsOf(options))
}

/** Returns one value per group, from one for all or one for each. */
export function perGroup<T>(name: string, option: string, value: T | readonly T[], groups: number): T[] {
  if (!Array.isArray(value)) return Array<T>(groups).fill(value as T)
  check(value.length === groups, 'option-range', `${name}: ${option} must have ${groups} values, one per group, got ${value.length}`)
  return [...value]
}

/**
 * The base class of all schedulers. A scheduler writes `optimizer.paramGroups[i].lr` at its construction and at each `step()`.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.ExponentialLR(optimizer, { gamma: 0.5 })
 * scheduler.step()
 * const resumed = new downhill.ExponentialLR(optimizer, { gamma: 0.5 })
 * resumed.loadStateDict(scheduler.stateDict())
 * resumed.lastEpoch // 1
 */
export abstract class LRScheduler {
  readonly optimizer: AnyOptimizer
  /** Number of completed epochs (or steps); −1 before the first. */
  lastEpoch: number
  /** The initial learning rates, one per group. */
  baseLrs: readonly number[] = []
  protected stepCount = 0
  protected isInitial = false
  /** torch's flag for a call in progress; false between calls. */
  protected readonly calledWithinStep = false
  protected lastLr: readonly number[] = []
  protected abstract readonly name: string

  /** @internal */
  constructor(optimizer: AnyOptimizer, given: { readonly lastEpoch?: number } = {}) {
    checkRange(optimizer instanceof Optimizer, 'LRScheduler', 'optimizer', 'an Optimizer', optimizer)
    this.optimizer = optimizer
    this.lastEpoch = given?.lastEpoch ?? -1
  }

  /** @internal The class name in torch, which minifiers do not change. */
  get className(): string {
    return this.name
  }

  protected get groups(): readonly ScheduledGroup[] {
    return this.optimizer.paramGroups as unknown as readonly ScheduledGroup[]
  }

  /** Fields of this class, with torch's keys. */
  protected abstract readonly fields: readonly Field[]

  /** Returns the learning rates of the groups for `lastEpoch`, in torch's recursive form if it has one. */
  protected abstract getLr(): number[]

  /** Returns the same in closed form, from the base learning rates alone. */
  protected closedForm?(): number[]

  /** @internal Whether it multiplies the current learning rates instead of replacing them. */
  get multiplies(): boolean {
    return this.closedForm !== undefined
  }

  /** Takes step 0. Constructors call it last, when their fields are set. */
  protected start(): void {
    for (const [i, group] of this.groups.entries()) {
      if (this.lastEpoch === -1) group.initialLr ??= group.lr
      check(
        group.initialLr !== undefined,
        'state-mismatch',
        `${this.name}: group ${i} must have initialLr to resume from lastEpoch ${this.lastEpoch}`,
      )
    }
    this.baseLrs = this.groups.map(({ initialLr }) => initialLr!)
    hideFields(this, ['optimizer', 'stepCount', 'isInitial', 'calledWithinStep', 'lastLr', 'name', 'fields'])
    this.initialStep()
  }

  /** @internal */
  initialStep(): void {
    this.stepCount = 0
    this.isInitial = true
    try {
      this.step()
    } finally {
      this.isInitial = false
    }
  }

  /**
   * Updates the learning rates; call it after `optimizer.step()`. Given an epoch, jumps to it, in closed form if there is one.
   */
  step(epoch?: number): void {
    const isEpoch = epoch === undefined || (typeof epoch === 'number' && Number.isFinite(epoch))
    checkRange(isEpoch, `${this.name}.step`, 'epoch', 'a number', epoch)
    const { stepCount, lastEpoch } = this
    try {
      this.stepCount++
      this.updateLr(epoch)
    } catch (error) {
      Object.assign(this, { stepCount, lastEpoch })
      throw error
    }
  }

  /** @internal */
  updateLr(epoch?: number): void {
    this.lastEpoch = epoch ?? this.lastEpoch + 1
    this.write(epoch !== undefined && this.closedForm ? this.closedForm() : this.getLr())
  }

  /** Writes learning rates into the groups. */
  protected write(lrs: readonly number[]): void {
    const { groups } = this
    this.checkGroups(lrs.length)
    const wrong = lrs.findIndex((lr) => typeof lr !== 'number' || Number.isNaN(lr))
    check(wrong < 0, 'option-range', () => `${this.name}: the learning rate of group ${wrong} must be a number, got ${shown(lrs[wrong])}`)
    for (const [i, lr] of lrs.entries()) groups[i]!.lr = lr
    this.lastLr = this.presentLrs()
  }

  /** Throws if groups were added after construction. Only schedules that need each group's initial learning rate call it. */
  protected checkGroups(count: number = this.baseLrs.length): void {
    const { length } = this.groups
    check(length === count, 'state-mismatch', () => `${this.name}: the optimizer must have ${count} groups, got ${length}`)
  }

  protected presentLrs(): number[] {
    return this.groups.map(({ lr }) => lr)
  }

  /** Returns the learning rates of the last step, one per group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** Returns the scheduler's state under torch's keys. Functions are not saved. */
  stateDict(): SchedulerStateDict {
    return Object.fromEntries(
      [...this.fields, ...baseFields].map(([field, key]) => [key, copied((this as Record<string, unknown>)[field])]),
    )
  }

  /**
   * Resumes from the state of another scheduler.
   *
   * @throws `state-mismatch` if the state is not one of this class
   */
  loadStateDict(dict: SchedulerStateDict): void {
    this.prepareLoad(dict)()
  }

  /** @internal Checks a state. */
  prepareLoad(dict: SchedulerStateDict): Commit {
    const values = [...this.fields, ...baseFields].flatMap(([field, key]) => {
      const optional = OPTIONAL.has(key) || key === '_scale_fn_custom'
      if (optional && !Object.hasOwn(dict, key)) return []
      return [[field, this.checked(dict, key, (this as Record<string, unknown>)[field])] as const]
    })
    return () => {
      for (const [field, value] of values) (this as Record<string, unknown>)[field] = value
    }
  }

  /** Returns a saved value that has the type of the value it replaces. */
  protected checked(dict: SchedulerStateDict, key: string, like: unknown): unknown {
    const fail = (why: string) => new DownhillError('state-mismatch', `${this.name}.loadStateDict: ${why}`)
    if (!isObject(dict) || !Object.hasOwn(dict, key)) throw fail(`the state dict has no ${key}`)
    const value = dict[key]
    const isEpoch = key !== 'last_epoch' || Number.isFinite(value)
    if (!isEpoch || !isLike(value, like)) throw fail(`${key} must have the form of ${shown(like)}, got ${shown(value)}`)
    return copied(value)
  }
}

const baseFields: readonly Field[] = [
  ['baseLrs', 'base_lrs'],
  ['lastEpoch', 'last_epoch'],
  ['stepCount', '_step_count'],
  ['isInitial', '_is_initial'],
  ['calledWithinStep', '_get_lr_called_within_step'],
  ['lastLr', '_last_lr'],
]

/** Keys that state dicts of older torch versions lack. */
const OPTIONAL = new Set(['_is_initial', '_get_lr_called_within_step'])

/** Whether a saved value has the type of another: a number, an array of the same length, or an object with the same keys. */
function isLike(value: unknown, like: unknown): boolean {
  if (like === null) return value === null || typeof value !== 'object'
  if (typeof like === 'number') return typeof value === 'number' && !Number.isNaN(value)
  if (Array.isArray(like)) return Array.isArray(value) && value.length === like.length && value.every((entry, i) => isLike(entry, like[i]))
  if (typeof like !== 'object') return typeof value === typeof like
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const isCount = Object.values(like).every((entry) => typeof entry === 'number')
  const own = Object.entries(value)
  if (isCount) return own.every(([key, entry]) => !Number.isNaN(Number(key)) && isLike(entry, 0))
  return (
    own.length === Object.keys(like).length &&
    own.every(([key, entry]) => Object.hasOwn(like, key) && isLike(entry, (like as Record<string, unknown>)[key]))
  )
}

function copied(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}
