import { pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  gamma: required(number(1, '[-∞, ∞]', doc`factor per epoch`)),
}

export type ExponentialLROptions = Values<typeof options>

const exponentialLR: SchedulerDeclaration<typeof options> = {
  name: 'ExponentialLR',
  options,
  math: doc`\gamma_e = \gamma_0\,g^e`,
}

/**
 * Multiplies the learning rate by gamma every epoch.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.ExponentialLR(optimizer, { gamma: 0.5 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.5,0.25,0.125,0.0625]
 */
export class ExponentialLR extends LRScheduler {
  static readonly declaration = exponentialLR
  protected override readonly name = exponentialLR.name
  protected override readonly fields: readonly Field[] = [['gamma', 'gamma']]
  readonly gamma: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(exponentialLR, given)
    this.gamma = o.gamma
    this.start()
  }

  protected override getLr(): number[] {
    return this.groups.map(({ lr }) => (this.isInitial ? lr : lr * this.gamma))
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    return this.baseLrs.map((base) => base * pow(this.gamma, epoch))
  }
}
