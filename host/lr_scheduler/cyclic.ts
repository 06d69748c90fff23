import { pow } from '../numerics/portable.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { checkRange } from '../validation/errors.ts'
import { callable, choice, doc, each, flag, number, type Option, orNull, required, type Values } from '../validation/options.ts'
import { setMomentum, startMomentum, usesBeta1 } from './momentum.ts'
import {
  checkedOptions,
  type Field,
  type Given,
  LRScheduler,
  perGroup,
  type SchedulerDeclaration,
  type SchedulerStateDict,
} from './scheduler.ts'

const any = '[-∞, ∞]'
const stepSizeDown: Option<number | null> = {
  default: null,
  range: 'a number > 0, or null',
  doc: doc`decreasing steps of a cycle; null: stepSizeUp`,
  accepts: (v) => v === null || (typeof v === 'number' && v > 0),
}
const mode: Option<string> = {
  default: 'triangular',
  range: "'triangular', 'triangular2' or 'exp_range'",
  doc: doc`how the amplitude changes: constant, halved each cycle, or multiplied by gamma each step`,
  accepts: (v) => typeof v === 'string',
}

const options = {
  baseLr: required(each(number(0, any, doc`minimum learning rate`))),
  maxLr: required(each(number(0, any, doc`maximum learning rate`))),
  stepSizeUp: number(2000, '(0, ∞]', doc`increasing steps of a cycle`),
  stepSizeDown,
  mode,
  gamma: number(1, any, doc`factor per step in mode 'exp_range'`),
  scaleFn: orNull(callable<(x: number) => number>(doc`returns the amplitude; overrides mode`)),
  scaleMode: choice<'cycle' | 'iterations'>('cycle', ['cycle', 'iterations'], doc`argument of scaleFn`),
  cycleMomentum: flag(true, doc`cycle the momentum inversely to the learning rate`),
  baseMomentum: each(number(0.8, any, doc`minimum momentum`)),
  maxMomentum: each(number(0.9, any, doc`maximum momentum`)),
}

export type CyclicLROptions = Values<typeof options>

const MODES = ['triangular', 'triangular2', 'exp_range']

const cyclicLR: SchedulerDeclaration<typeof options> = {
  name: 'CyclicLR',
  options,
  math: doc`\gamma_e = \gamma_{\min} + (\gamma_{\max} - \gamma_{\min})\,h_e\,\mathrm{triangle}(e)`,
}

/**
 * Cycles the learning rate linearly between baseLr and maxLr.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.CyclicLR(optimizer, { baseLr: 0.5, maxLr: 1, stepSizeUp: 2, cycleMomentum: false })
 * ;[0, 1, 2, 3, 4].map((epoch) => scheduler.lrAt(epoch)[0]) // [0.5,0.75,1,0.75,0.5]
 */
export class CyclicLR extends LRScheduler {
  static readonly declaration = cyclicLR
  protected override readonly name = cyclicLR.name
  protected override readonly fields: readonly Field[]
  readonly maxLrs: readonly number[]
  /** Steps per cycle, and the fraction of them with increasing rates. */
  readonly totalSize: number
  readonly stepRatio: number
  readonly mode: string
  readonly gamma: number
  readonly scaleMode: string
  readonly cycleMomentum: boolean
  readonly useBeta1: boolean
  readonly baseMomentums: readonly number[]
  readonly maxMomentums: readonly number[]
  readonly #scaleFn: ((x: number) => number) | null

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const o = checkedOptions(cyclicLR, given)
    checkRange(MODES.includes(o.mode) || o.scaleFn !== null, 'CyclicLR', 'mode', mode.range, o.mode)
    const { groups } = this
    const fill = (option: string, value: number | readonly number[]) => perGroup('CyclicLR', option, value, groups.length)
    const baseLrs = fill('baseLr', o.baseLr)
    this.maxLrs = fill('maxLr', o.maxLr)
    this.useBeta1 = o.cycleMomentum && usesBeta1('CyclicLR', optimizer)
    this.baseMomentums = fill('baseMomentum', o.baseMomentum)
    this.maxMomentums = fill('maxMomentum', o.maxMomentum)
    this.totalSize = o.stepSizeUp + (o.stepSizeDown ?? o.stepSizeUp)
    this.stepRatio = o.stepSizeUp / this.totalSize
    this.mode = o.mode
    this.gamma = o.gamma
    this.#scaleFn = o.scaleFn
    this.scaleMode = o.scaleFn ? o.scaleMode : o.mode === 'exp_range' ? 'iterations' : 'cycle'
    this.cycleMomentum = o.cycleMomentum
    this.fields = [
      ['maxLrs', 'max_lrs'],
      ['totalSize', 'total_size'],
      ['stepRatio', 'step_ratio'],
      ['mode', 'mode'],
      ['gamma', 'gamma'],
      ['scaleMode', 'scale_mode'],
      ['cycleMomentum', 'cycle_momentum'],
      ...(o.cycleMomentum ? MOMENTUM_FIELDS : []),
    ]
    if (this.lastEpoch === -1) {
      for (const [i, group] of groups.entries()) group.lr = baseLrs[i]!
      if (o.cycleMomentum) startMomentum(groups, this.useBeta1, this.baseMomentums, this.maxMomentums)
    }
    this.start()
    this.baseLrs = baseLrs
  }

  #scale(x: number): number {
    if (this.#scaleFn) return this.#scaleFn(x)
    if (this.mode === 'triangular2') return 1 / pow(2, x - 1)
    return this.mode === 'exp_range' ? pow(this.gamma, x) : 1
  }

  /** Returns the position of an epoch within its triangle, from 0 to 1, times the amplitude. */
  #height(epoch: number): number {
    const cycle = Math.floor(1 + epoch / this.totalSize)
    const x = 1 + epoch / this.totalSize - cycle
    const triangle = x <= this.stepRatio ? x / this.stepRatio : (x - 1) / (this.stepRatio - 1)
    return triangle * this.#scale(this.scaleMode === 'cycle' ? cycle : epoch)
  }

  protected override getLr(): number[] {
    this.checkGroups()
    const lrs = this.lrAt(this.lastEpoch)
    if (this.cycleMomentum && !lrs.some(Number.isNaN)) {
      const height = this.#height(this.lastEpoch)
      for (const [i, group] of this.groups.entries()) {
        const most = this.maxMomentums[i]!
        setMomentum(group, this.useBeta1, most - (most - this.baseMomentums[i]!) * height)
      }
    }
    return lrs
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    const height = this.#height(epoch)
    return this.baseLrs.map((base, i) => base + (this.maxLrs[i]! - base) * height)
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), _scale_fn_custom: null }
  }
}

const MOMENTUM_FIELDS: readonly Field[] = [
  ['useBeta1', 'use_beta1'],
  ['baseMomentums', 'base_momentums'],
  ['maxMomentums', 'max_momentums'],
]
