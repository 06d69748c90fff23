import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as downhill from '../../host/index.ts'
import { type AnyOptimizer, Arena, type LRScheduler, SGD } from '../../host/index.ts'
import { thrown } from './thrown.ts'

type Make = (optimizer: AnyOptimizer) => LRScheduler

const triangle = { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 3 }
const every: Record<string, Make> = {
  LambdaLR: (o) => new downhill.LambdaLR(o, { lrLambda: (epoch) => 1 / (1 + epoch) }),
  MultiplicativeLR: (o) => new downhill.MultiplicativeLR(o, { lrLambda: [() => 0.9, (epoch) => 1 - epoch / 100] }),
  StepLR: (o) => new downhill.StepLR(o, { stepSize: 3, gamma: 0.5 }),
  MultiStepLR: (o) => new downhill.MultiStepLR(o, { milestones: [2, 2, 7], gamma: 0.3 }),
  ConstantLR: (o) => new downhill.ConstantLR(o, { factor: 0.25, totalIters: 4 }),
  LinearLR: (o) => new downhill.LinearLR(o, { startFactor: 0.1, totalIters: 6 }),
  ExponentialLR: (o) => new downhill.ExponentialLR(o, { gamma: 0.8 }),
  PolynomialLR: (o) => new downhill.PolynomialLR(o, { totalIters: 8, power: 2 }),
  CosineAnnealingLR: (o) => new downhill.CosineAnnealingLR(o, { tMax: 7, etaMin: 0.001 }),
  CosineAnnealingWarmRestarts: (o) => new downhill.CosineAnnealingWarmRestarts(o, { t0: 3, tMult: 2, etaMin: 0.001 }),
  'CyclicLR triangular': (o) => new downhill.CyclicLR(o, triangle),
  'CyclicLR triangular2': (o) => new downhill.CyclicLR(o, { ...triangle, mode: 'triangular2' }),
  'CyclicLR exp_range': (o) => new downhill.CyclicLR(o, { ...triangle, mode: 'exp_range', gamma: 0.9, stepSizeDown: 2 }),
  OneCycleLR: (o) => new downhill.OneCycleLR(o, { maxLr: [0.1, 0.5], totalSteps: 40 }),
  'OneCycleLR in three phases': (o) =>
    new downhill.OneCycleLR(o, { maxLr: 0.1, totalSteps: 40, threePhase: true, annealStrategy: 'linear' }),
  ReduceLROnPlateau: (o) => new downhill.ReduceLROnPlateau(o, { patience: 1, cooldown: 1, minLr: [0, 0.01] }),
  SWALR: (o) => new downhill.SWALR(o, { swaLr: [0.01, 0.02], annealEpochs: 5 }),
  ChainedScheduler: (o) =>
    new downhill.ChainedScheduler([new downhill.LinearLR(o, { totalIters: 4 }), new downhill.ExponentialLR(o, { gamma: 0.9 })]),
  SequentialLR: (o) => {
    const parts = [new downhill.LinearLR(o, { totalIters: 4 }), new downhill.CosineAnnealingLR(o, { tMax: 9 })]
    return new downhill.SequentialLR(o, parts, { milestones: [4] })
  },
}

const arena = await Arena.create()

function twoGroups(): SGD {
  return new SGD([{ params: [arena.parameter([1])] }, { params: [arena.parameter([1])], lr: 0.04 }], { lr: 0.2, momentum: 0.9 })
}

/** A metric that improves and then plateaus. */
const metric = (step: number) => Math.max(3 - step, 1) + (step % 3) / 10
const advance = (scheduler: LRScheduler, step: number) =>
  scheduler.step(scheduler instanceof downhill.ReduceLROnPlateau ? metric(step) : undefined)

/** Returns the learning rates and momenta before the first step and after each. */
function trajectory(scheduler: LRScheduler, from: number, to: number): unknown[] {
  const noted = () => scheduler.optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum])
  const result = [noted()]
  for (let step = from; step < to; step++) {
    advance(scheduler, step)
    result.push(noted())
  }
  return result
}

describe.each(Object.entries(every))('%s', (_, make) => {
  it('resumes from its state dict', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 25 }), (at) => {
        const first = make(twoGroups())
        trajectory(first, 0, at)
        const optimizer = twoGroups()
        const second = make(optimizer)
        optimizer.loadStateDict(structuredClone(first.optimizer.stateDict()))
        second.loadStateDict(structuredClone(first.stateDict()))
        expect(second.stateDict()).toEqual(first.stateDict())
        expect(second.getLastLr()).toEqual(first.getLastLr())
        expect(trajectory(second, at, at + 10)).toEqual(trajectory(first, at, at + 10))
      }),
      { numRuns: 10 },
    )
  })

  it('predicts its learning rates in lrAt, where it has a closed form', () => {
    const scheduler = make(twoGroups()) as LRScheduler & { lrAt?(step: number): number[] }
    if (!scheduler.lrAt) return
    const foretold = Array.from({ length: 30 }, (_, step) => scheduler.lrAt!(step))
    for (let step = 0; step < 30; step++) {
      for (const [g, lr] of scheduler.getLastLr().entries()) expect(lr, `step ${step}`).toBeCloseTo(foretold[step]![g]!, 12)
      expect(scheduler.lrAt(7), 'lrAt does not depend on the current step').toEqual(foretold[7])
      advance(scheduler, step)
    }
  })

  it('copies its state, and is unchanged by an invalid one', () => {
    const scheduler = make(twoGroups())
    trajectory(scheduler, 0, 3)
    const saved = scheduler.stateDict() as Record<string, unknown>
    const before = structuredClone(saved)
    for (const value of Object.values(saved)) if (Array.isArray(value)) value.length = 0
    expect(scheduler.stateDict()).toEqual(before)
    for (const wrong of [null, {}, 3, { ...before, _last_lr: [1] }, { ...before, _last_lr: 'text' }]) {
      expect(thrown(() => scheduler.loadStateDict(wrong as never)).code).toBe('state-mismatch')
      expect(scheduler.stateDict()).toEqual(before)
    }
  })

  it('throws for a value that is not an optimizer', () => {
    expect(thrown(() => make({} as never)).code).toBe('option-range')
  })
})

describe('schedulers', () => {
  it('throw for missing or invalid options and change nothing', () => {
    const optimizer = twoGroups()
    const saved = optimizer.stateDict()
    expect(thrown(() => new downhill.StepLR(optimizer, undefined as never)).message).toBe('StepLR needs stepSize')
    expect(thrown(() => new downhill.StepLR(optimizer, { stepSize: 0 })).message).toBe('StepLR: stepSize must be a number in (0, ∞], got 0')
    expect(thrown(() => new downhill.StepLR(optimizer, { stepsize: 3 } as never)).message).toContain('did you mean stepSize?')
    expect(thrown(() => new downhill.LinearLR(optimizer, { lastEpoch: 0.5 })).message).toContain('lastEpoch')
    expect(thrown(() => new downhill.LambdaLR(optimizer, { lrLambda: [() => 1] })).message).toContain(
      'LambdaLR: lrLambda must have 2 values, one per group, got 1',
    )
    expect(thrown(() => new downhill.ChainedScheduler(undefined as never)).code).toBe('option-range')
    expect(thrown(() => new downhill.ChainedScheduler([])).code).toBe('option-range')
    expect(optimizer.stateDict()).toEqual(saved)
    const parts = [new downhill.LinearLR(optimizer), new downhill.LinearLR(optimizer)]
    expect(thrown(() => new downhill.SequentialLR(optimizer, parts, { milestones: [] })).message).toContain(
      'SequentialLR: milestones must have length 1, one less than schedulers, got 0',
    )
    expect(thrown(() => new downhill.SequentialLR(optimizer, parts, undefined as never)).message).toContain('milestones')
  })

  it('require initialLr in each group to resume from lastEpoch', () => {
    const optimizer = twoGroups()
    expect(thrown(() => new downhill.StepLR(optimizer, { stepSize: 2, lastEpoch: 3 })).message).toBe(
      'StepLR: group 0 must have initialLr to resume from lastEpoch 3',
    )
    for (const group of optimizer.paramGroups) group.initialLr = 1
    const scheduler = new downhill.StepLR(optimizer, { stepSize: 2, gamma: 0.5, lastEpoch: 3 })
    expect([scheduler.lastEpoch, ...scheduler.baseLrs]).toEqual([4, 1, 1])
  })

  it('with a value per group throw after a group was added', () => {
    const optimizer = twoGroups()
    const scheduler = new downhill.LambdaLR(optimizer, { lrLambda: () => 1 })
    optimizer.addParamGroup({ params: [arena.parameter([1])] })
    expect(thrown(() => scheduler.step()).message).toBe('LambdaLR: the optimizer must have 2 groups, got 3')
  })

  it('throw for an invalid step or learning rate and stay unchanged', () => {
    const optimizer = twoGroups()
    const scheduler = new downhill.LambdaLR(optimizer, { lrLambda: (epoch) => (epoch === 2 ? (undefined as never) : 1) })
    scheduler.step()
    const saved = scheduler.stateDict()
    expect(thrown(() => scheduler.step()).message).toBe('LambdaLR: the learning rate of group 0 must be a number, got NaN')
    for (const wrong of ['3', Number.NaN, {}, 1n, true]) expect(thrown(() => scheduler.step(wrong as never)).code).toBe('option-range')
    expect([scheduler.stateDict(), optimizer.lr()]).toEqual([saved, 0.2])
    for (const lrLambda of [null, [null, null]]) {
      expect(thrown(() => new downhill.LambdaLR(twoGroups(), { lrLambda } as never)).code).toBe('option-range')
    }
    expect(thrown(() => new downhill.OneCycleLR(twoGroups(), { maxLr: 1, totalSteps: 9, divFactor: 0 })).code).toBe('option-range')
    expect(thrown(() => new downhill.ReduceLROnPlateau(twoGroups(), { lastEpoch: 3 } as never)).code).toBe('option-unknown')
  })

  it.each(['OneCycleLR', 'SWALR', 'CosineAnnealingLR', 'MultiplicativeLR', 'CyclicLR triangular'])(
    '%s throws after a group was added',
    (name) => {
      const optimizer = twoGroups()
      const scheduler = every[name]!(optimizer)
      optimizer.addParamGroup({ params: [arena.parameter([1])] })
      const saved = optimizer.stateDict()
      expect(thrown(() => scheduler.step()).message).toContain('the optimizer must have 2 groups, got 3')
      expect(optimizer.stateDict()).toEqual(saved)
    },
  )

  it('load a state from JSON, which lacks Infinity', () => {
    const scheduler = new downhill.ReduceLROnPlateau(twoGroups(), { patience: 0 })
    scheduler.loadStateDict(JSON.parse(JSON.stringify(scheduler.stateDict())))
    for (const loss of [5, 4, 3]) scheduler.step(loss)
    expect([scheduler.best, scheduler.optimizer.lr()]).toEqual([3, 0.2])
  })

  it('throw for state values of the wrong type', () => {
    const refused = (scheduler: LRScheduler, change: object) => {
      const saved = scheduler.stateDict()
      expect(thrown(() => scheduler.loadStateDict({ ...saved, ...change })).code).toBe('state-mismatch')
      expect(scheduler.stateDict()).toEqual(saved)
    }
    for (const change of [{ last_epoch: null }, { last_epoch: Number.NaN }, { base_lrs: ['a', 'b'] }, { base_lrs: [1] }, { gamma: null }]) {
      refused(new downhill.ExponentialLR(twoGroups(), { gamma: 0.5 }), change)
    }
    const phases = new downhill.OneCycleLR(twoGroups(), { maxLr: 1, totalSteps: 9 })
    refused(phases, { _schedule_phases: [null, null] })
    for (const milestones of [null, [2, 4], { x: 1 }]) refused(every.MultiStepLR!(twoGroups()), { milestones })
    refused(every.SequentialLR!(twoGroups()), { _milestones: ['x'] })
  })

  it('in a SequentialLR throw from lrAt where there is no closed form', () => {
    const optimizer = twoGroups()
    const parts = [new downhill.ExponentialLR(optimizer, { gamma: 0.9 }), new downhill.SWALR(optimizer, { swaLr: 0.1 })]
    const averaging = new downhill.SequentialLR(optimizer, parts, { milestones: [3] })
    expect(averaging.lrAt(2)[0]).toBeCloseTo(0.2 * 0.81, 12)
    expect(thrown(() => averaging.lrAt(3)).message).toContain('has no closed form here')
    const other = twoGroups()
    const linear = new downhill.LinearLR(other)
    const cycle = new downhill.OneCycleLR(other, { maxLr: 1, totalSteps: 10 })
    const cycled = new downhill.SequentialLR(other, [linear, cycle], { milestones: [3] })
    expect(thrown(() => cycled.lrAt(0)).code).toBe('option-range')
    expect(cycled.lrAt(3)).toEqual(cycle.lrAt(0))
  })

  it('with totalIters 0 predict the same as stepping', () => {
    for (const Class of [downhill.ConstantLR, downhill.LinearLR, downhill.PolynomialLR]) {
      const scheduler = new Class(twoGroups(), { totalIters: 0 })
      scheduler.step()
      expect(scheduler.lrAt(1)).toEqual(scheduler.getLastLr())
    }
  })
})
