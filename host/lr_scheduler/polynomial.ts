import { pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  totalIters: number(5, '[0, ∞]', doc`epochs until the learning rate is 0`),
  power: number(1, '[-∞, ∞]', doc`exponent of the decay`),
}

export type PolynomialLROptions = Values<typeof options>

const polynomialLR: SchedulerDeclaration<typeof options> = {
  name: 'PolynomialLR',
  options,
  math: doc`\gamma_e = \gamma_0\,(1 - \min(e, T)/T)^p`,
}

/**
 * Decays the learning rate to 0 in totalIters epochs, as a power of the remaining fraction.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.PolynomialLR(optimizer, { totalIters: 4 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.75,0.5,0.25,0]
 */
export class PolynomialLR extends LRScheduler {
  static readonly declaration = polynomialLR
  protected override readonly name = polynomialLR.name
  protected override readonly fields: readonly Field[] = [
    ['totalIters', 'total_iters'],
    ['power', 'power'],
  ]
  readonly totalIters: number
  readonly power: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options> = {}) {
    super(optimizer, given)
    const o = checkedOptions(polynomialLR, given)
    this.totalIters = o.totalIters
    this.power = o.power
    this.start()
  }

  protected override getLr(): number[] {
    const { totalIters, lastEpoch } = this
    if (this.isInitial || lastEpoch > totalIters) return this.presentLrs()
    const factor = pow((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters), this.power)
    return this.groups.map(({ lr }) => lr * factor)
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    if (this.totalIters === 0) return [...this.baseLrs]
    return this.baseLrs.map((base) => base * pow(1 - Math.min(this.totalIters, epoch) / this.totalIters, this.power))
  }
}
