import { cosPi } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { choice, doc, each, integer, number, required, type Values } from '../validation/options.ts'
import { checkedOptions, type Field, type Given, LRScheduler, perGroup, type SchedulerDeclaration } from './scheduler.ts'

const options = {
  swaLr: required(each(number(0, '[-∞, ∞]', doc`final learning rate`))),
  annealEpochs: integer(10, '[0, ∞)', doc`epochs until swaLr`),
  annealStrategy: choice<'cos' | 'linear'>('cos', ['cos', 'linear'], doc`shape of the annealing curve`),
}

export type SWALROptions = Values<typeof options>

const swaLR: SchedulerDeclaration<typeof options> = {
  name: 'SWALR',
  options,
  math: doc`\gamma_e = \alpha_e\,\gamma_{\text{swa}} + (1-\alpha_e)\,\gamma_0,\quad \alpha_e = \tfrac12(1 - \cos(\pi\min(1, e/n)))`,
}

/**
 * Anneals the learning rate to a constant, for weight averaging. It counts its own steps, not `lastEpoch`.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.SWALR(optimizer, { swaLr: 0.5, annealEpochs: 2, annealStrategy: 'linear' })
 * for (let epoch = 0; epoch < 2; epoch++) scheduler.step()
 * scheduler.getLastLr() // [0.5]
 */
export class SWALR extends LRScheduler {
  static readonly declaration = swaLR
  protected override readonly name = swaLR.name
  protected override readonly fields: readonly Field[] = [
    ['annealStrategy', '_anneal_strategy'],
    ['annealEpochs', 'anneal_epochs'],
  ]
  readonly annealStrategy: 'cos' | 'linear'
  readonly annealEpochs: number

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(swaLR, given)
    const swaLrs = perGroup('SWALR', 'swaLr', o.swaLr, this.groups.length)
    this.annealStrategy = o.annealStrategy
    this.annealEpochs = o.annealEpochs
    for (const [i, group] of this.groups.entries()) group.swaLr = swaLrs[i]!
    this.start()
  }

  /** Returns the fraction of the annealing that is complete after `step` steps. */
  #alpha(step: number): number {
    const share = Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs)))
    return this.annealStrategy === 'linear' ? share : (1 - cosPi(share)) / 2
  }

  protected override getLr(): number[] {
    this.checkGroups()
    const step = this.annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1
    const [before, now] = [this.#alpha(step - 1), this.#alpha(step)]
    return this.groups.map(({ lr, swaLr }) => {
      const from = before === 1 ? swaLr! : (lr - before * swaLr!) / (1 - before)
      return swaLr! * now + from * (1 - now)
    })
  }

  /** Returns the learning rates of the groups at a step, if nothing else changes them. */
  lrAt(step: number): number[] {
    const alpha = this.annealEpochs === 0 ? 1 : this.#alpha(step)
    return this.groups.map(({ swaLr }, i) => swaLr! * alpha + this.baseLrs[i]! * (1 - alpha))
  }
}
