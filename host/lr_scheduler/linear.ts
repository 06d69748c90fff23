import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  startFactor: number(1 / 3, '(0, 1]', doc`factor at epoch 0`),
  endFactor: number(1, '[0, 1]', doc`factor from epoch totalIters on`),
  totalIters: number(5, '[0, ∞]', doc`epochs from startFactor to endFactor`),
}

export type LinearLROptions = Values<typeof options>

const linearLR: SchedulerDeclaration<typeof options> = {
  name: 'LinearLR',
  options,
  math: doc`\gamma_e = \gamma_0\,(s + (f - s)\min(e, T)/T)`,
}

/**
 * Multiplies the learning rate by a factor that changes linearly from startFactor to endFactor in totalIters epochs.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.LinearLR(optimizer, { startFactor: 0.25, totalIters: 3 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [0.25,0.5,0.75,1,1]
 */
export class LinearLR extends LRScheduler {
  static readonly declaration = linearLR
  protected override readonly name = linearLR.name
  protected override readonly fields: readonly Field[] = [
    ['startFactor', 'start_factor'],
    ['endFactor', 'end_factor'],
    ['totalIters', 'total_iters'],
  ]
  readonly startFactor: number
  readonly endFactor: number
  readonly totalIters: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options> = {}) {
    super(optimizer, given)
    const o = checkedOptions(linearLR, given)
    this.startFactor = o.startFactor
    this.endFactor = o.endFactor
    this.totalIters = o.totalIters
    this.start()
  }

  protected override getLr(): number[] {
    const { startFactor, endFactor, totalIters, lastEpoch } = this
    if (lastEpoch === 0) return this.groups.map(({ lr }) => lr * startFactor)
    if (this.isInitial || lastEpoch > totalIters) return this.presentLrs()
    const rise = endFactor - startFactor
    return this.groups.map(({ lr }) => lr * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise)))
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    const { startFactor, endFactor, totalIters } = this
    if (totalIters === 0) return this.baseLrs.map((base) => base * startFactor)
    return this.baseLrs.map((base) => base * (startFactor + ((endFactor - startFactor) * Math.min(totalIters, epoch)) / totalIters))
  }
}
