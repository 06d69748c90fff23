import { pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, type Option, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const milestones: Option<readonly number[]> = {
  default: [],
  range: 'an array of integers',
  doc: doc`epochs at which the learning rate changes; repeated epochs multiply repeatedly`,
  accepts: (v) => Array.isArray(v) && v.every(Number.isInteger),
}

const options = { milestones: required(milestones), gamma: number(0.1, '[-∞, ∞]', doc`factor per milestone`) }

export type MultiStepLROptions = Values<typeof options>

const multiStepLR: SchedulerDeclaration<typeof options> = {
  name: 'MultiStepLR',
  options,
  math: doc`\gamma_e = \gamma_0\,g^{\#\{m \le e\}}`,
}

/**
 * Multiplies the learning rate by gamma at each milestone.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.MultiStepLR(optimizer, { milestones: [1, 3], gamma: 0.5 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.5,0.5,0.25,0.25]
 */
export class MultiStepLR extends LRScheduler {
  static readonly declaration = multiStepLR
  protected override readonly name = multiStepLR.name
  protected override readonly fields: readonly Field[] = [
    ['counts', 'milestones'],
    ['gamma', 'gamma'],
  ]
  /** Number of times that each epoch is a milestone. */
  readonly counts: Readonly<Record<string, number>>
  readonly gamma: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(multiStepLR, given)
    const counts: Record<string, number> = {}
    for (const milestone of o.milestones) counts[milestone] = (counts[milestone] ?? 0) + 1
    this.counts = counts
    this.gamma = o.gamma
    this.start()
  }

  protected override getLr(): number[] {
    const count = this.counts[this.lastEpoch]
    return this.groups.map(({ lr }) => (count === undefined ? lr : lr * pow(this.gamma, count)))
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    const passed = Object.entries(this.counts).reduce((sum, [milestone, count]) => (Number(milestone) <= epoch ? sum + count : sum), 0)
    return this.baseLrs.map((base) => base * pow(this.gamma, passed))
  }
}
