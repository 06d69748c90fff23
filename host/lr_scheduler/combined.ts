/** Schedulers that combine other schedulers. */

import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'
import { ReduceLROnPlateau } from './plateau.ts'
import { type Field, LRScheduler, type SchedulerStateDict } from './scheduler.ts'
import { SWALR } from './swa.ts'

/** A scheduler with a closed form: it can compute the learning rates of any step. */
type Predictable = LRScheduler & { lrAt(step: number): number[] }

function isPredictable(scheduler: LRScheduler): scheduler is Predictable {
  return 'lrAt' in scheduler && typeof scheduler.lrAt === 'function'
}

/** Whether a scheduler multiplies learning rates that have changed since its construction. */
function startsElsewhere(scheduler: LRScheduler): boolean {
  const groups = scheduler.optimizer.paramGroups as readonly { initialLr?: number }[]
  return scheduler.multiplies && scheduler.baseLrs.some((base, i) => base !== groups[i]?.initialLr)
}

abstract class Combined extends LRScheduler {
  readonly schedulers: readonly LRScheduler[]
  protected override readonly fields: readonly Field[] = []
  /** Whether the scheduler is part of another combined one. Its state dict then has two more keys, as in torch. */
  protected nested = false

  constructor(name: string, optimizer: AnyOptimizer, schedulers: readonly LRScheduler[]) {
    super(optimizer)
    for (const [i, scheduler] of schedulers.entries()) {
      const what = `${name}: schedulers[${i}]`
      checkRange(scheduler instanceof LRScheduler, name, `schedulers[${i}]`, 'an LRScheduler', scheduler)
      check(!(scheduler instanceof ReduceLROnPlateau), 'option-range', `${what} must not be a ReduceLROnPlateau, whose steps need a metric`)
      check(scheduler.optimizer === optimizer, 'option-range', `${what} must have the same optimizer`)
    }
    this.schedulers = [...schedulers]
  }

  protected override getLr(): number[] {
    throw new DownhillError('option-range', `${this.name}: cannot start at a milestone of a SequentialLR, because it has no closed form`)
  }

  /** @internal */
  override initialStep(): void {
    super.initialStep()
    this.stepCount = 0
    this.nested = true
  }

  override stateDict(): SchedulerStateDict {
    return {
      ...(this.nested && { _step_count: this.stepCount, _is_initial: false }),
      ...this.ownState(),
      _last_lr: [...this.lastLr],
      _schedulers: this.schedulers.map((scheduler) => scheduler.stateDict()),
    }
  }

  protected abstract ownState(): SchedulerStateDict

  /** @internal */
  override prepareLoad(dict: SchedulerStateDict): Commit {
    const inner = dict?._schedulers as SchedulerStateDict[]
    const { length } = this.schedulers
    const fits = Array.isArray(inner) && inner.length === length
    check(fits, 'state-mismatch', () => `${this.name}.loadStateDict: _schedulers must have ${length} states, got ${shown(inner)}`)
    const lastLr = this.checked(dict, '_last_lr', this.lastLr) as number[]
    const loads = this.schedulers.map((scheduler, i) => scheduler.prepareLoad(inner[i]!))
    return () => {
      this.lastLr = lastLr
      for (const load of loads) load()
    }
  }
}

/**
 * Steps several schedulers one after another, each from the learning rates of the one before.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const warmUp = new downhill.LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 })
 * const decay = new downhill.ExponentialLR(optimizer, { gamma: 0.5 })
 * const scheduler = new downhill.ChainedScheduler([warmUp, decay])
 * scheduler.step()
 * scheduler.getLastLr() // [0.375]
 */
export class ChainedScheduler extends Combined {
  protected override readonly name = 'ChainedScheduler'

  constructor(schedulers: readonly LRScheduler[], optimizer: AnyOptimizer | undefined = schedulers?.[0]?.optimizer) {
    checkRange(Array.isArray(schedulers) && schedulers.length > 0, 'ChainedScheduler', 'schedulers', 'a list of schedulers', schedulers)
    super('ChainedScheduler', optimizer!, schedulers)
    this.lastLr = this.presentLrs()
  }

  /** Steps every scheduler. */
  override step(): void {
    for (const scheduler of this.schedulers) scheduler.step()
    this.lastLr = this.presentLrs()
  }

  protected override ownState(): SchedulerStateDict {
    return {}
  }
}

/**
 * Runs schedulers in sequence: scheduler i starts at milestone i − 1.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const warmUp = new downhill.LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 })
 * const rest = new downhill.CosineAnnealingLR(optimizer, { tMax: 4 })
 * const scheduler = new downhill.SequentialLR(optimizer, [warmUp, rest], { milestones: [2] })
 * ;[0, 1, 2, 4].map((step) => scheduler.lrAt(step)[0]) // [0.5,0.75,1,0.5]
 */
export class SequentialLR extends Combined {
  protected override readonly name = 'SequentialLR'
  readonly milestones: readonly number[]
  /** Whether `startsElsewhere` holds for the first scheduler, which then has no closed form. */
  readonly #startsElsewhere: boolean

  constructor(
    optimizer: AnyOptimizer,
    schedulers: readonly LRScheduler[],
    options: { readonly milestones: readonly number[]; readonly lastEpoch?: number },
  ) {
    checkRange(Array.isArray(schedulers) && schedulers.length > 0, 'SequentialLR', 'schedulers', 'a list of schedulers', schedulers)
    super('SequentialLR', optimizer, schedulers)
    checkNames('SequentialLR', ['milestones', 'lastEpoch'], options)
    const { milestones, lastEpoch = -1 } = options
    const isEpoch = Number.isInteger(lastEpoch) && lastEpoch >= -1
    checkRange(isEpoch, 'SequentialLR', 'lastEpoch', 'an integer ≥ -1', lastEpoch)
    const fits = Array.isArray(milestones) && milestones.every(Number.isInteger)
    checkRange(fits, 'SequentialLR', 'milestones', 'an array of integers', milestones)
    check(
      milestones.length === schedulers.length - 1,
      'option-range',
      `SequentialLR: milestones must have length ${schedulers.length - 1}, one less than schedulers, got ${milestones.length}`,
    )
    this.milestones = [...milestones]
    this.lastEpoch = lastEpoch + 1
    this.#startsElsewhere = startsElsewhere(schedulers[0]!)
    for (const group of this.groups) group.lr = group.initialLr!
    this.#undo(this)
    const first = this.#at(0)
    first.initialStep()
    this.lastLr = first.getLastLr()
  }

  /** Undoes the step 0 that the schedulers took at their construction. */
  #undo(combined: Combined): void {
    for (const scheduler of combined.schedulers) {
      if (scheduler instanceof Combined) this.#undo(scheduler)
      else scheduler.lastEpoch--
    }
  }

  #index(epoch: number): number {
    // Same as Python's bisect_right, also for unsorted milestones.
    let [low, high] = [0, this.milestones.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (epoch < this.milestones[middle]!) high = middle
      else low = middle + 1
    }
    return low
  }

  #at(epoch: number): LRScheduler {
    return this.schedulers[this.#index(epoch)]!
  }

  /** Steps the active scheduler; at a milestone the next one starts. */
  override step(): void {
    this.lastEpoch++
    const index = this.#index(this.lastEpoch)
    const scheduler = this.schedulers[index]!
    if (index > 0 && this.milestones[index - 1] === this.lastEpoch) scheduler.updateLr(0)
    else scheduler.step()
    this.lastLr = scheduler.getLastLr()
  }

  /**
   * Returns the learning rates of the groups at a step, if the scheduler active at that step has a closed form.
   *
   * @throws `option-range` if it has none: MultiplicativeLR, ChainedScheduler, SWALR (which starts from the current learning rates), or the
   * first scheduler if a OneCycleLR follows (which overwrites the initial learning rates)
   */
  lrAt(step: number): number[] {
    const index = this.#index(step)
    const scheduler = this.schedulers[index]!
    const isPlain = isPredictable(scheduler) && !(scheduler instanceof SWALR) && !(index === 0 && this.#startsElsewhere)
    check(isPlain, 'option-range', `SequentialLR: schedulers[${index}] has no closed form here`)
    return scheduler.lrAt(index > 0 ? step - this.milestones[index - 1]! : step)
  }

  protected override ownState(): SchedulerStateDict {
    return { _milestones: [...this.milestones], last_epoch: this.lastEpoch }
  }

  /** @internal */
  override prepareLoad(dict: SchedulerStateDict): Commit {
    const milestones = this.checked(dict, '_milestones', this.milestones) as number[]
    const lastEpoch = this.checked(dict, 'last_epoch', this.lastEpoch) as number
    const load = super.prepareLoad(dict)
    return () => {
      Object.assign(this, { milestones })
      this.lastEpoch = lastEpoch
      load()
    }
  }
}
