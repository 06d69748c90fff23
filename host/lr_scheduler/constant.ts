import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { check } from '../validation/errors.ts'
import { doc, number, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  factor: number(1 / 3, '[0, 1]', doc`factor until totalIters`),
  totalIters: number(5, '[0, ∞]', doc`number of epochs with the factor`),
}

export type ConstantLROptions = Values<typeof options>

const constantLR: SchedulerDeclaration<typeof options> = {
  name: 'ConstantLR',
  options,
  math: doc`\gamma_e = \gamma_0\,f \text{ for } e < T,\quad \gamma_0 \text{ after}`,
}

/**
 * Multiplies the learning rate by factor until epoch totalIters.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.ConstantLR(optimizer, { factor: 0.5, totalIters: 2 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [0.5,0.5,1,1,1]
 */
export class ConstantLR extends LRScheduler {
  static readonly declaration = constantLR
  protected override readonly name = constantLR.name
  protected override readonly fields: readonly Field[] = [
    ['factor', 'factor'],
    ['totalIters', 'total_iters'],
  ]
  readonly factor: number
  readonly totalIters: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options> = {}) {
    super(optimizer, given)
    const o = checkedOptions(constantLR, given)
    this.factor = o.factor
    this.totalIters = o.totalIters
    this.start()
  }

  protected override getLr(): number[] {
    if (this.lastEpoch === 0) return this.groups.map(({ lr }) => lr * this.factor)
    if (this.lastEpoch !== this.totalIters) return this.presentLrs()
    check(this.factor !== 0, 'option-range', 'ConstantLR: a factor of 0 cannot be reversed')
    return this.groups.map(({ lr }) => lr * (1 / this.factor))
  }

  protected override closedForm(): number[] {
    return this.#restored(this.lastEpoch >= this.totalIters)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    // With totalIters 0, stepping never restores the rate; torch's closed form, step(epoch), does.
    return this.#restored(this.totalIters > 0 && epoch >= this.totalIters)
  }

  #restored(isOver: boolean): number[] {
    return this.baseLrs.map((base) => base * (this.factor + (isOver ? 1 - this.factor : 0)))
  }
}
