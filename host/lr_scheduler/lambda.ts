import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { callable, doc, each, required, type Values } from '../validation/options.ts'
import {
  checkedOptions,
  type Field,
  type Given,
  LRScheduler,
  perGroup,
  type SchedulerDeclaration,
  type SchedulerStateDict,
} from './scheduler.ts'

/** Returns the factor for an epoch. */
export type LRLambda = (epoch: number) => number

const options = { lrLambda: required(each(callable<LRLambda>(doc`returns the factor for an epoch`))) }

export type LambdaLROptions = Values<typeof options>

const lambdaLR: SchedulerDeclaration<typeof options> = { name: 'LambdaLR', options, math: doc`\gamma_e = \gamma_0\,f(e)` }
const multiplicativeLR: SchedulerDeclaration<typeof options> = {
  name: 'MultiplicativeLR',
  options,
  math: doc`\gamma_e = \gamma_{e-1}\,f(e)`,
}

/** Base class of schedulers defined by functions, which state dicts store as null. */
abstract class OverFunctions extends LRScheduler {
  protected readonly lambdas: readonly LRLambda[]
  protected override readonly fields: readonly Field[] = []

  constructor(declaration: SchedulerDeclaration<typeof options>, optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(optimizer, given)
    const { lrLambda } = checkedOptions(declaration, given)
    this.lambdas = perGroup(declaration.name, 'lrLambda', lrLambda, this.groups.length)
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), lr_lambdas: this.lambdas.map(() => null) }
  }
}

/**
 * Sets the learning rate to the initial learning rate times a function of the epoch.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.LambdaLR(optimizer, { lrLambda: (epoch) => 1 / (1 + epoch) })
 * ;[0, 1, 3].map((epoch) => scheduler.lrAt(epoch)[0]) // [1,0.5,0.25]
 */
export class LambdaLR extends OverFunctions {
  static readonly declaration = lambdaLR
  protected override readonly name = lambdaLR.name

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(lambdaLR, optimizer, given)
    this.start()
  }

  protected override getLr(): number[] {
    return this.lrAt(this.lastEpoch)
  }

  /** Returns the learning rates of the groups at an epoch. */
  lrAt(epoch: number): number[] {
    return this.baseLrs.map((base, i) => base * this.lambdas[i]!(epoch))
  }
}

/**
 * Multiplies the learning rate by a function of the epoch at each step. The function is not called for epoch 0.
 *
 * @example
 * const optimizer = new downhill.SGD([arena.parameter([1])], { lr: 1 })
 * const scheduler = new downhill.MultiplicativeLR(optimizer, { lrLambda: () => 0.5 })
 * scheduler.step()
 * scheduler.getLastLr() // [0.5]
 */
export class MultiplicativeLR extends OverFunctions {
  static readonly declaration = multiplicativeLR
  protected override readonly name = multiplicativeLR.name

  constructor(optimizer: AnyOptimizer, given: Given<typeof options>) {
    super(multiplicativeLR, optimizer, given)
    this.start()
  }

  protected override getLr(): number[] {
    this.checkGroups()
    return this.groups.map(({ lr }, i) => (this.isInitial ? lr : lr * this.lambdas[i]!(this.lastEpoch)))
  }
}
