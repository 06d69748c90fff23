import { cosPi } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { doc, number, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  tMax: required(number(1, '(0, ∞]', doc`epochs from start to minimum`), 'T_max'),
  etaMin: number(0, '[-∞, ∞]', doc`minimum learning rate`),
}

export type CosineAnnealingLROptions = Values<typeof options>

const cosineAnnealingLR: SchedulerDeclaration<typeof options> = {
  name: 'CosineAnnealingLR',
  options,
  math: doc`\gamma_e = \gamma_{\min} + (\gamma_0 - \gamma_{\min})\,\tfrac12(1 + \cos(\pi e/T))`,
}

/**
 * Moves the learning rate between its start and etaMin along a cosine with period 2·tMax. It does not restart: after tMax it rises again.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.CosineAnnealingLR(optimizer, { tMax: 2 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.5,0,0.5,1]
 */
export class CosineAnnealingLR extends LRScheduler {
  static readonly declaration = cosineAnnealingLR
  protected override readonly name = cosineAnnealingLR.name
  protected override readonly fields: readonly Field[] = [
    ['tMax', 'T_max'],
    ['etaMin', 'eta_min'],
  ]
  readonly tMax: number
  readonly etaMin: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(cosineAnnealingLR, given)
    this.tMax = o.tMax
    this.etaMin = o.etaMin
    this.start()
  }

  protected override getLr(): number[] {
    this.checkGroups()
    const { tMax, etaMin, lastEpoch } = this
    if (this.isInitial) return this.presentLrs()
    if (this.stepCount === 1 && lastEpoch > 0) return this.closedForm()
    if ((lastEpoch - 1 - tMax) % (2 * tMax) === 0) {
      return this.groups.map(({ lr }, i) => lr + ((this.baseLrs[i]! - etaMin) * (1 - cosPi(1 / tMax))) / 2)
    }
    const ratio = (1 + cosPi(lastEpoch / tMax)) / (1 + cosPi((lastEpoch - 1) / tMax))
    return this.groups.map(({ lr }) => ratio * (lr - etaMin) + etaMin)
  }

  protected override closedForm(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    return this.baseLrs.map((base) => this.etaMin + ((base - this.etaMin) * (1 + cosPi(epoch / this.tMax))) / 2)
  }
}
