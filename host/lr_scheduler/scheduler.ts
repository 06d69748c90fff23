import { hideFields } from '../memory/fields.ts'
import { type AnyOptimizer, Optimizer } from '../optimizer/optimizer.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import { checkOptions, type Declared, defaultsOf, type Values, withDefaults } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'

/** What there is to say about a scheduler. */
export interface SchedulerDeclaration<D extends Declared = Declared> {
  readonly name: string
  readonly options: D
  /** The learning rate in LaTeX. */
  readonly math: string
}

/** Options as they are handed over: those without a default must be. */
export type Given<D extends Declared> = Partial<Values<D>> & Pick<Values<D>, RequiredOf<D>> & { readonly lastEpoch?: number }

type RequiredOf<D extends Declared> = { [K in keyof D]: D[K] extends { readonly required: true } ? K : never }[keyof D]

/** What a scheduler carries on, under torch's keys. */
export type SchedulerStateDict = Readonly<Record<string, unknown>>

/** A field of a scheduler and torch's key for it. */
export type Field = readonly [field: string, key: string]

/** What a scheduler adds to the groups of its optimizer. */
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

/** The given options over the declared defaults, checked. */
export function checkedOptions<D extends Declared>({ name, options }: SchedulerDeclaration<D>, given: Given<D>): Values<D> {
  const { lastEpoch = -1, ...rest } = given ?? {}
  const isEpoch = Number.isInteger(lastEpoch) && lastEpoch >= -1
  checkRange(isEpoch, name, 'lastEpoch', 'a whole number from -1 on', lastEpoch)
  checkOptions(name, options, rest)
  const missing = Object.keys(options).find(
    (option) => options[option]!.required && (rest as Record<string, unknown>)[option] === undefined,
  )
  check(missing === undefined, 'option-range', `${name} needs ${missing}`)
  return withDefaults(rest as Partial<Values<D>>, defaultsOf(options))
}

/** A value for each group, from one for all or one for each. */
export function perGroup<T>(name: string, option: string, value: T | readonly T[], groups: number): T[] {
  if (!Array.isArray(value)) return Array<T>(groups).fill(value as T)
  check(value.length === groups, 'option-range', `${name}: ${option} has ${value.length} values, and the optimizer ${groups} groups`)
  return [...value]
}

/**
 * What all schedulers share. A scheduler writes `optimizer.paramGroups[i].lr` when it is made and at each `step()`.
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
  /** How many epochs (or steps) have passed; −1 before the first. */
  lastEpoch: number
  /** The learning rates the schedule started from, one a group. */
  baseLrs: readonly number[] = []
  protected stepCount = 0
  protected isInitial = false
  /** torch's mark of a call in progress; between calls it is false. */
  protected readonly calledWithinStep = false
  protected lastLr: readonly number[] = []
  protected abstract readonly name: string

  /** @internal */
  constructor(optimizer: AnyOptimizer, given: { readonly lastEpoch?: number } = {}) {
    check(optimizer instanceof Optimizer, 'option-range', () => `a scheduler takes an optimizer, not ${shown(optimizer)}`)
    this.optimizer = optimizer
    this.lastEpoch = given?.lastEpoch ?? -1
  }

  /** @internal The class, as torch calls it, also where class names were shortened. */
  get className(): string {
    return this.name
  }

  protected get groups(): readonly ScheduledGroup[] {
    return this.optimizer.paramGroups as unknown as readonly ScheduledGroup[]
  }

  /** The fields of this class, with torch's keys. */
  protected abstract readonly fields: readonly Field[]

  /** The learning rates of the groups for the present `lastEpoch`, in torch's recursive form where it has one. */
  protected abstract getLr(): number[]

  /** The same from the base learning rates alone, where there is such a form. */
  protected closedForm?(): number[]

  /** @internal Whether it changes the present learning rates, and does not only write others in their place. */
  get multiplies(): boolean {
    return this.closedForm !== undefined
  }

  /** Takes step 0. Constructors end with it, when their fields are set. */
  protected start(): void {
    for (const [i, group] of this.groups.entries()) {
      if (this.lastEpoch === -1) group.initialLr ??= group.lr
      check(
        group.initialLr !== undefined,
        'state-mismatch',
        `${this.name}: group ${i} has no initialLr, which resuming from lastEpoch ${this.lastEpoch} needs`,
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
   * Goes on to the next learning rates; call it after `optimizer.step()`. With an epoch it goes there, by the closed form if there is one.
   */
  step(epoch?: number): void {
    const isEpoch = epoch === undefined || (typeof epoch === 'number' && Number.isFinite(epoch))
    check(isEpoch, 'option-range', () => `${this.name}.step: the epoch is a number, not ${shown(epoch)}`)
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
    check(wrong < 0, 'option-range', () => `${this.name}: the learning rate of group ${wrong} came out as ${shown(lrs[wrong])}`)
    for (const [i, lr] of lrs.entries()) groups[i]!.lr = lr
    this.lastLr = this.presentLrs()
  }

  /** Throws if groups were added since, where a schedule needs to know each from its start. */
  protected checkGroups(count: number = this.baseLrs.length): void {
    const { length } = this.groups
    check(length === count, 'state-mismatch', () => `${this.name} was made for ${count} groups, and the optimizer has ${length}`)
  }

  protected presentLrs(): number[] {
    return this.groups.map(({ lr }) => lr)
  }

  /** The learning rates written last, one a group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** Everything the scheduler carries on, under torch's keys. Functions are not saved. */
  stateDict(): SchedulerStateDict {
    return Object.fromEntries(
      [...this.fields, ...baseFields].map(([field, key]) => [key, copied((this as Record<string, unknown>)[field])]),
    )
  }

  /**
   * Goes on from where another stood.
   *
   * @throws `state-mismatch` if the state is not one of this kind of scheduler
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

  /** A saved value that is of the kind of what it replaces. */
  protected checked(dict: SchedulerStateDict, key: string, like: unknown): unknown {
    const fail = (why: string) => new DownhillError('state-mismatch', `${this.name}.loadStateDict: the state dict ${why}`)
    if (typeof dict !== 'object' || dict === null || !Object.hasOwn(dict, key)) throw fail(`has no ${key}`)
    const value = dict[key]
    const isEpoch = key !== 'last_epoch' || Number.isFinite(value)
    if (!isEpoch || !isLike(value, like)) throw fail(`has ${shown(value)} for ${key}, in place of ${shown(like)}`)
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

/** Keys that files of older versions of torch lack. */
const OPTIONAL = new Set(['_is_initial', '_get_lr_called_within_step'])

/** Whether a saved value is of the kind of another: numbers where numbers stand, as many in an array, the same keys. */
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
