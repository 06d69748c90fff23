import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkOptions, choice, doc, each, number, type Values } from '../validation/options.ts'
import type { Commit } from '../validation/prepared.ts'
import { checkedOptions, type Field, LRScheduler, perGroup, type SchedulerDeclaration, type SchedulerStateDict } from './scheduler.ts'

const any = '[-∞, ∞]'
const options = {
  mode: choice<'min' | 'max'>('min', ['min', 'max'], doc`whether the metric should decrease or increase`),
  factor: number(0.1, '[-∞, 1)', doc`factor per reduction`),
  patience: number(10, any, doc`epochs without improvement before a reduction`),
  threshold: number(1e-4, any, doc`smallest improvement that counts`),
  thresholdMode: choice<'rel' | 'abs'>('rel', ['rel', 'abs'], doc`whether threshold is relative to the best metric, or absolute`),
  cooldown: number(0, any, doc`epochs after a reduction in which bad epochs are not counted`),
  minLr: each(number(0, any, doc`minimum learning rate`)),
  eps: number(1e-8, any, doc`smallest reduction; smaller ones are skipped`),
}

export type ReduceLROnPlateauOptions = Values<typeof options>

const plateau: SchedulerDeclaration<typeof options> = {
  name: 'ReduceLROnPlateau',
  options,
  math: doc`\gamma \leftarrow \max(f\,\gamma,\ \gamma_{\min}) \text{ after more than } p \text{ bad epochs}`,
}

/**
 * Reduces the learning rate when a metric stops improving. NaN counts as no improvement.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 1 })
 * for (const loss of [3, 2, 2, 2]) scheduler.step(loss)
 * optimizer.lr() // 0.5
 */
export class ReduceLROnPlateau extends LRScheduler {
  static readonly declaration = plateau
  protected override readonly name = plateau.name
  protected override readonly fields: readonly Field[] = [
    ['factor', 'factor'],
    ['defaultMinLr', 'default_min_lr'],
    ['minLrs', 'min_lrs'],
    ['patience', 'patience'],
    ['cooldown', 'cooldown'],
    ['eps', 'eps'],
    ['lastEpoch', 'last_epoch'],
    ['lastLr', '_last_lr'],
    ['worst', 'mode_worse'],
    ['mode', 'mode'],
    ['threshold', 'threshold'],
    ['thresholdMode', 'threshold_mode'],
    ['best', 'best'],
    ['cooldownCounter', 'cooldown_counter'],
    ['badEpochs', 'num_bad_epochs'],
  ]
  readonly factor: number
  readonly defaultMinLr: number | null
  protected minLrs: readonly number[]
  readonly patience: number
  readonly cooldown: number
  readonly eps: number
  readonly mode: 'min' | 'max'
  readonly threshold: number
  readonly thresholdMode: 'rel' | 'abs'
  readonly worst: number
  /** The best metric so far. */
  best: number
  cooldownCounter = 0
  badEpochs = 0

  constructor(optimizer: AnyOptimizer, given: Partial<ReduceLROnPlateauOptions> = {}) {
    super(optimizer, { lastEpoch: 0 })
    checkOptions(plateau.name, options, given)
    const o = checkedOptions(plateau, given)
    this.factor = o.factor
    this.minLrs = perGroup('ReduceLROnPlateau', 'minLr', o.minLr, this.groups.length)
    this.defaultMinLr = Array.isArray(o.minLr) ? null : (o.minLr as number)
    this.patience = o.patience
    this.cooldown = o.cooldown
    this.eps = o.eps
    this.mode = o.mode
    this.threshold = o.threshold
    this.thresholdMode = o.thresholdMode
    this.worst = o.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    this.best = this.worst
    this.lastLr = this.presentLrs()
  }

  protected override getLr(): number[] {
    return this.presentLrs()
  }

  /** Records a metric, and reduces the learning rates after too many epochs without improvement. */
  override step(metric?: number, epoch: number = this.lastEpoch + 1): void {
    checkRange(typeof metric === 'number', `${this.name}.step`, 'metric', 'a number', metric)
    this.lastEpoch = epoch
    if (this.#isBetter(metric)) {
      this.best = metric
      this.badEpochs = 0
    } else this.badEpochs++
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--
      this.badEpochs = 0
    }
    if (this.badEpochs > this.patience) {
      this.#reduce()
      this.cooldownCounter = this.cooldown
      this.badEpochs = 0
    }
    this.lastLr = this.presentLrs()
  }

  #reduce(): void {
    const { groups } = this
    if (groups.length !== this.minLrs.length) {
      const { defaultMinLr } = this
      check(
        defaultMinLr !== null,
        'state-mismatch',
        `${this.name}: minLr must have ${groups.length} values, one per group, got ${this.minLrs.length}`,
      )
      this.minLrs = groups.map(() => defaultMinLr)
    }
    for (const [i, group] of groups.entries()) {
      const lr = Math.max(group.lr * this.factor, this.minLrs[i]!)
      if (group.lr - lr > this.eps) group.lr = lr
    }
  }

  #isBetter(metric: number): boolean {
    const { best, threshold } = this
    if (this.mode === 'min') return metric < (this.thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
    return metric > (this.thresholdMode === 'rel' ? best * (threshold + 1) : best + threshold)
  }

  override stateDict(): SchedulerStateDict {
    const own = super.stateDict()
    return Object.fromEntries(this.fields.map(([, key]) => [key, own[key]]))
  }

  /** @internal */
  override prepareLoad(dict: SchedulerStateDict): Commit {
    // JSON cannot represent infinity, the initial value, and stores null.
    const worst = (key: string) => (dict?.[key] === null ? { [key]: this.worst } : {})
    return super.prepareLoad({ ...this.#others(), ...dict, ...worst('best'), ...worst('mode_worse') })
  }

  /** Returns the state that other schedulers save and this one omits. */
  #others(): SchedulerStateDict {
    const own = new Set(this.fields.map(([, key]) => key))
    return Object.fromEntries(Object.entries(super.stateDict()).filter(([key]) => !own.has(key)))
  }
}
