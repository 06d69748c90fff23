import { pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  stepSize: required(number(1, '(0, ∞]', doc`epochs between changes`), 'step_size'),
  gamma: number(0.1, '[-∞, ∞]', doc`factor per change`),
}

export type StepLROptions = Values<typeof options>

const stepLR: SchedulerDeclaration<typeof options> = {
  name: 'StepLR',
  options,
  math: doc`\gamma_e = \gamma_0\,g^{\lfloor e/s\rfloor}`,
}

/**
 * Multiplies the learning rate by gamma every stepSize epochs.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.StepLR(optimizer, { stepSize: 2, gamma: 0.5 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,1,0.5,0.5,0.25]
 */
export class StepLR extends LRScheduler {
  static readonly declaration = stepLR
  protected override readonly name = stepLR.name
  protected override readonly fields: readonly Field[] = [
    ['stepSize', 'step_size'],
    ['gamma', 'gamma'],
  ]
  readonly stepSize: number
  readonly gamma: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(stepLR, given)
    this.stepSize = o.stepSize
    this.gamma = o.gamma
    this.start()
  }

  protected override getLr(): number[] {
    const changes = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0
    return this.groups.map(({ lr }) => (changes ? lr * this.gamma : lr))
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    return this.baseLrs.map((base) => base * pow(this.gamma, Math.floor(epoch / this.stepSize)))
  }
}
