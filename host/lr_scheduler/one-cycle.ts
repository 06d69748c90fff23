import { cosPi } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import { choice, doc, each, flag, number, type Option, required, type Values } from '../validation/options.ts'
import { setMomentum, startMomentum, usesBeta1 } from './momentum.ts'
import {
  checkedOptions,
  type Field,
  type Given,
  LRScheduler,
  perGroup,
  type ScheduledGroup,
  type SchedulerDeclaration,
} from './scheduler.ts'

const count = (doc: string): Option<number | null> => ({
  default: null,
  range: 'an integer > 0, or null',
  doc,
  accepts: (v) => v === null || (Number.isSafeInteger(v) && (v as number) > 0),
})

const any = '[-∞, ∞]'
const factor = (value: number, doc: string): Option<number> => ({
  default: value,
  range: 'a nonzero number',
  doc,
  accepts: (v) => typeof v === 'number' && v !== 0 && !Number.isNaN(v),
})
const options = {
  maxLr: required(each(number(0, any, doc`maximum learning rate`))),
  totalSteps: count(doc`steps of the cycle; default: epochs · stepsPerEpoch`),
  epochs: count(doc`epochs of the cycle`),
  stepsPerEpoch: count(doc`steps per epoch`),
  pctStart: number(0.3, '[0, 1]', doc`fraction of the steps with increasing learning rates`),
  annealStrategy: choice<'cos' | 'linear'>('cos', ['cos', 'linear'], doc`shape of the annealing curve`),
  cycleMomentum: flag(true, doc`cycle the momentum inversely to the learning rate`),
  baseMomentum: each(number(0.85, any, doc`minimum momentum`)),
  maxMomentum: each(number(0.95, any, doc`maximum momentum`)),
  divFactor: factor(25, doc`initial learning rate = maxLr / divFactor`),
  finalDivFactor: factor(1e4, doc`final learning rate = initial / finalDivFactor`),
  threePhase: flag(false, doc`return to the initial learning rate, then decrease to the final one in a third phase`),
}

export type OneCycleLROptions = Values<typeof options>

const oneCycleLR: SchedulerDeclaration<typeof options> = {
  name: 'OneCycleLR',
  options,
  math: doc`\gamma_{\max}/d \to \gamma_{\max} \to \gamma_{\max}/(d\,d_f), \text{ each along } b + \tfrac{a-b}{2}(1 + \cos(\pi\,x))`,
}

/** A phase of the cycle. Learning rates and momenta are keys of torch's groups. */
interface Phase {
  readonly end_step: number
  readonly start_lr: keyof typeof GROUP_KEYS
  readonly end_lr: keyof typeof GROUP_KEYS
  readonly start_momentum: keyof typeof GROUP_KEYS
  readonly end_momentum: keyof typeof GROUP_KEYS
}

const GROUP_KEYS = {
  initial_lr: 'initialLr',
  max_lr: 'maxLr',
  min_lr: 'minLr',
  max_momentum: 'maxMomentum',
  base_momentum: 'baseMomentum',
} as const

function phasesOf(totalSteps: number, pctStart: number, threePhase: boolean): Phase[] {
  const up: Phase = {
    end_step: pctStart * totalSteps - 1,
    start_lr: 'initial_lr',
    end_lr: 'max_lr',
    start_momentum: 'max_momentum',
    end_momentum: 'base_momentum',
  }
  const down: Phase = {
    end_step: threePhase ? 2 * pctStart * totalSteps - 2 : totalSteps - 1,
    start_lr: 'max_lr',
    end_lr: threePhase ? 'initial_lr' : 'min_lr',
    start_momentum: 'base_momentum',
    end_momentum: 'max_momentum',
  }
  const out: Phase = {
    end_step: totalSteps - 1,
    start_lr: 'initial_lr',
    end_lr: 'min_lr',
    start_momentum: 'max_momentum',
    end_momentum: 'max_momentum',
  }
  return threePhase ? [up, down, out] : [up, down]
}

/**
 * Increases the learning rate to maxLr, then decreases it to almost 0, once within a given number of steps.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.OneCycleLR(optimizer, { maxLr: 1, totalSteps: 10, cycleMomentum: false })
 * scheduler.lrAt(2) // [1]
 */
export class OneCycleLR extends LRScheduler {
  static readonly declaration = oneCycleLR
  protected override readonly name = oneCycleLR.name
  protected override readonly fields: readonly Field[]
  readonly totalSteps: number
  readonly phases: readonly Phase[]
  readonly annealStrategy: 'cos' | 'linear'
  readonly cycleMomentum: boolean
  readonly useBeta1: boolean

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(oneCycleLR, given)
    const totalSteps = o.totalSteps ?? (o.epochs !== null && o.stepsPerEpoch !== null ? o.epochs * o.stepsPerEpoch : undefined)
    check(totalSteps !== undefined, 'option-range', 'OneCycleLR: totalSteps, or epochs and stepsPerEpoch, must be given')
    const { groups } = this
    const fill = (option: string, value: number | readonly number[]) => perGroup('OneCycleLR', option, value, groups.length)
    const maxLrs = fill('maxLr', o.maxLr)
    const [least, most] = [fill('baseMomentum', o.baseMomentum), fill('maxMomentum', o.maxMomentum)]
    this.useBeta1 = o.cycleMomentum && usesBeta1('OneCycleLR', optimizer)
    this.totalSteps = totalSteps
    this.phases = phasesOf(totalSteps, o.pctStart, o.threePhase)
    this.annealStrategy = o.annealStrategy
    this.cycleMomentum = o.cycleMomentum
    this.fields = [
      ['totalSteps', 'total_steps'],
      ['phases', '_schedule_phases'],
      ['annealStrategy', '_anneal_func_type'],
      ['cycleMomentum', 'cycle_momentum'],
      ...(o.cycleMomentum ? [['useBeta1', 'use_beta1'] as const] : []),
    ]
    if (this.lastEpoch === -1) {
      for (const [i, group] of groups.entries()) {
        group.initialLr = maxLrs[i]! / o.divFactor
        group.maxLr = maxLrs[i]!
        group.minLr = group.initialLr / o.finalDivFactor
      }
      if (o.cycleMomentum) startMomentum(groups, this.useBeta1, least, most)
    }
    this.start()
  }

  #anneal(from: number, to: number, share: number): number {
    if (this.annealStrategy === 'linear') return (to - from) * share + from
    return to + ((from - to) / 2) * (cosPi(share) + 1)
  }

  /** Returns the phase of a step and the fraction of it that has passed. The last phase includes one step past the end. */
  #locate(step: number): { phase: Phase; share: number } {
    let from = 0
    for (const [i, phase] of this.phases.entries()) {
      if (step <= phase.end_step || i === this.phases.length - 1) return { phase, share: (step - from) / (phase.end_step - from) }
      from = phase.end_step
    }
    throw new DownhillError('state-mismatch', `OneCycleLR: phases must not be empty, got ${shown(this.phases)}`)
  }

  #between(group: ScheduledGroup, from: keyof typeof GROUP_KEYS, to: keyof typeof GROUP_KEYS, share: number): number {
    return this.#anneal(group[GROUP_KEYS[from]]!, group[GROUP_KEYS[to]]!, share)
  }

  protected override getLr(): number[] {
    this.checkGroups()
    const lrs = this.lrAt(this.lastEpoch)
    if (this.cycleMomentum) {
      const { phase, share } = this.#locate(this.lastEpoch)
      for (const group of this.groups) {
        setMomentum(group, this.useBeta1, this.#between(group, phase.start_momentum, phase.end_momentum, share))
      }
    }
    return lrs
  }

  /** Returns the learning rates of the groups at a step. */
  lrAt(step: number): number[] {
    checkRange(step <= this.totalSteps, 'OneCycleLR', 'step', `at most totalSteps, ${this.totalSteps}`, step)
    const { phase, share } = this.#locate(step)
    return this.groups.map((group) => this.#between(group, phase.start_lr, phase.end_lr, share))
  }
}
