import { cosPi, log, pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { checkRange } from '../validation/errors.ts'
import { called, doc, integer, number, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  t0: required(integer(1, '[1, ∞)', doc`epochs of the first period`), 'T_0'),
  tMult: called('T_mult', integer(1, '[1, ∞)', doc`ratio of each period to the one before`)),
  etaMin: number(0, '[-∞, ∞]', doc`minimum learning rate`),
}

export type CosineAnnealingWarmRestartsOptions = Values<typeof options>

const warmRestarts: SchedulerDeclaration<typeof options> = {
  name: 'CosineAnnealingWarmRestarts',
  options,
  math: doc`\gamma_e = \gamma_{\min} + (\gamma_0 - \gamma_{\min})\,\tfrac12(1 + \cos(\pi\,T_{\text{cur}}/T_i))`,
}

/**
 * Decays the learning rate along a cosine and restarts it, in periods that may grow.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.CosineAnnealingWarmRestarts(optimizer, { t0: 2 })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.5,1,0.5,1]
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  static readonly declaration = warmRestarts
  protected override readonly name = warmRestarts.name
  protected override readonly fields: readonly Field[] = [
    ['t0', 'T_0'],
    ['period', 'T_i'],
    ['tMult', 'T_mult'],
    ['etaMin', 'eta_min'],
    ['elapsed', 'T_cur'],
  ]
  readonly t0: number
  readonly tMult: number
  readonly etaMin: number
  /** Epochs of the current period, T_i. */
  protected period: number
  /** Epochs since the start of the period, T_cur. */
  protected elapsed: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(warmRestarts, given)
    this.t0 = o.t0
    this.period = o.t0
    this.tMult = o.tMult
    this.etaMin = o.etaMin
    this.elapsed = this.lastEpoch
    this.start()
  }

  protected override getLr(): number[] {
    return this.#at(this.elapsed, this.period)
  }

  #at(elapsed: number, period: number): number[] {
    return this.baseLrs.map((base) => this.etaMin + ((base - this.etaMin) * (1 + cosPi(elapsed / period))) / 2)
  }

  /** Advances by one epoch, or to a given epoch, which may be fractional. */
  override step(epoch?: number): void {
    if (epoch === undefined && this.lastEpoch >= 0) {
      this.elapsed++
      if (this.elapsed >= this.period) {
        this.elapsed %= this.period
        this.period *= this.tMult
      }
      this.lastEpoch++
    } else {
      const to = epoch ?? 0
      checkRange(to >= 0, this.name, 'epoch', 'a number in [0, ∞)', to)
      Object.assign(this, this.#locate(to))
      this.lastEpoch = Math.floor(to)
    }
    this.write(this.getLr())
  }

  /** Returns the period of an epoch and its position in it. */
  #locate(epoch: number): { elapsed: number; period?: number } {
    const { t0, tMult } = this
    if (epoch < t0) return { elapsed: epoch, period: t0 }
    if (tMult === 1) return { elapsed: epoch % t0 }
    // The quotient of logarithms can fall short of an integer at the start of a period, as in torch.
    const n = Math.trunc(log((epoch / t0) * (tMult - 1) + 1) / log(tMult))
    return { elapsed: epoch - (t0 * (pow(tMult, n) - 1)) / (tMult - 1), period: t0 * pow(tMult, n) }
  }

  /** Returns the learning rates of the groups at an epoch, which may be fractional. */
  lrAt(epoch: number): number[] {
    let period = this.t0
    let elapsed = epoch
    if (this.tMult === 1) elapsed %= period
    else
      while (elapsed >= period) {
        elapsed -= period
        period *= this.tMult
      }
    return this.#at(elapsed, period)
  }
}
