import { describe, expect, it } from 'vitest'
import {
  Arena,
  AveragedModel,
  type AveragedModelOptions,
  getEmaAvgFn,
  getEmaMultiAvgFn,
  getSwaAvgFn,
  getSwaMultiAvgFn,
  type Tensor,
  updateBn,
} from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

const arena = await Arena.create()

/** A module with a weight, a running mean and a batch counter. */
class Scale extends nn.Module {
  readonly weight = arena.parameter([2], { dtype: 'float64' })
  readonly mean = arena.buffer([1], { dtype: 'float64' })
  readonly batches = arena.buffer([], { dtype: 'int32' })

  forward(x: Tensor): Tensor {
    return x
  }

  set(value: number): this {
    this.weight.data.set([value, -value])
    this.mean.data[0] = value
    this.batches.data[0] = value
    return this
  }
}

/** Returns the averaged values after updates with 1, 2, 4 and 9. */
function averaged(options: AveragedModelOptions): number[] {
  const model = new Scale().set(8)
  const average = new AveragedModel(model, options)
  for (const value of [1, 2, 4, 9]) average.updateParameters(model.set(value))
  expect(average.nAveraged).toBe(4)
  const { weight, mean, batches } = average.module
  return [...weight.data, ...mean.data, ...batches.data]
}

describe('updateBn', () => {
  it('averages the statistics over batches, and restores momentum and training modes', () => {
    const norm = new nn.BatchNorm1d(arena, 2, { dtype: 'float64', momentum: 0.3 })
    const model = new nn.Sequential(norm, new nn.Dropout(0.5)).eval()
    norm.train()
    norm.runningMean!.data.fill(77)
    const batches = [
      [1, 2, 3, 4],
      [5, 6, 9, 0],
    ]
    updateBn(
      batches.map((data) => [arena.tensor(data, [2, 2], { dtype: 'float64' }), 'label'] as const),
      model,
    )
    expect([...norm.runningMean!.data]).toEqual([(2 + 7) / 2, (3 + 3) / 2])
    expect([...norm.runningVar!.data]).toEqual([(2 + 8) / 2, (2 + 18) / 2])
    expect([norm.numBatchesTracked!.item(), norm.momentum, norm.training, model.training]).toEqual([2, 0.3, true, false])
    expect([...model.parameters()].every(({ hasGrad }) => !hasGrad)).toBe(true)
  })

  it('restores momentum when a batch throws, and skips models without batch norm', () => {
    const model = new nn.Sequential(new nn.BatchNorm1d(arena, 2))
    expect(thrown(() => updateBn([arena.tensor([1, 2, 3], [1, 3])], model)).code).toBe('shape-mismatch')
    expect((model.layers[0] as nn.BatchNorm1d).momentum).toBe(0.1)
    updateBn([3 as never], new nn.Linear(arena, 1, 1))
    expect(thrown(() => updateBn(3 as never, model)).code).toBe('params-invalid')
    expect(thrown(() => updateBn([], {} as never)).code).toBe('params-invalid')
  })
})

describe('AveragedModel', () => {
  const mean = [4, -4]
  const ema = [1, 2, 4, 9].reduce((average, value) => average * 0.5 + value * 0.5)
  it.each([
    ['the mean', {}, [...mean, 9, 9]],
    ['getSwaAvgFn', { avgFn: getSwaAvgFn() }, [...mean, 9, 9]],
    ['getSwaMultiAvgFn', { multiAvgFn: getSwaMultiAvgFn() }, [...mean, 9, 9]],
    ['getEmaAvgFn', { avgFn: getEmaAvgFn(0.5) }, [ema, -ema, 9, 9]],
    ['getEmaMultiAvgFn', { multiAvgFn: getEmaMultiAvgFn(0.5) }, [ema, -ema, 9, 9]],
    // The counter is truncated to an integer at each update: 1, 1, 2, 3 (mean), and 1, 1, 2, 5 (EMA).
    ['the mean with buffers', { useBuffers: true }, [...mean, 4, 3]],
    ['EMA with buffers', { avgFn: getEmaAvgFn(0.5), useBuffers: true }, [ema, -ema, ema, 5]],
  ] as [string, AveragedModelOptions, number[]][])('%s', (_, options, expected) => {
    const got = averaged(options)
    for (const [i, value] of expected.entries()) expect(got[i], `number ${i}`).toBeCloseTo(value, 12)
  })

  it('accepts a custom avgFn', () => {
    const calls: number[] = []
    const greatest = (average: Tensor, current: Tensor, nAveraged: number) => {
      calls.push(nAveraged)
      for (const [i, value] of current.data.entries()) average.data[i] = Math.max(average.data[i]!, value)
    }
    expect(averaged({ avgFn: greatest }).slice(0, 2)).toEqual([9, -1])
    expect(calls).toEqual([1, 2, 3])
  })

  it('copies the parameters, shared ones once, and does not change the model', () => {
    const layer = new nn.Linear(arena, 2, 2)
    const model = new nn.Sequential(layer, new nn.Tanh(), layer)
    const average = new AveragedModel(model)
    expect([...average.parameters()].length).toBe(2)
    expect([...average.namedParameters()].map(([name]) => name)).toEqual(['module.0.weight', 'module.0.bias'])
    average.updateParameters(model)
    const before = [...layer.weight.data]
    for (const parameter of average.parameters()) parameter.data.fill(7)
    expect([...layer.weight.data]).toEqual(before)
    const x = arena.frame(() => [...average.forward(arena.tensor([0, 0], [1, 2])).data])
    expect(x[0]).toBeCloseTo(14 * Math.tanh(7) + 7, 4)
  })

  it('resumes from its state dict, which has n_averaged like torch', () => {
    const model = new nn.Linear(arena, 1, 1)
    const [one, other] = [new AveragedModel(model), new AveragedModel(model)]
    for (const value of [1, 5]) {
      for (const parameter of model.parameters()) parameter.data.fill(value)
      one.updateParameters(model)
    }
    const saved = one.stateDict()
    expect(Object.keys(saved)).toEqual(['n_averaged', 'module.weight', 'module.bias'])
    other.loadStateDict(saved)
    for (const average of [one, other]) average.updateParameters(model)
    expect([other.nAveraged, other.module.weight.data[0]]).toEqual([3, one.module.weight.data[0]])
    const { n_averaged: _, ...rest } = saved
    expect(thrown(() => other.loadStateDict(rest)).code).toBe('state-mismatch')
    expect(thrown(() => other.loadStateDict({ ...saved, 'module.bias': { shape: [2], data: [1, 2] } })).message).toContain(
      'module.bias must have shape [1]',
    )
    expect(other.nAveraged).toBe(3)
  })

  it('throws for two averaging functions, a different model, and a value that is not a model', () => {
    const model = new Scale()
    expect(thrown(() => new AveragedModel(model, { avgFn: getSwaAvgFn(), multiAvgFn: getSwaMultiAvgFn() })).code).toBe('option-range')
    expect(thrown(() => new AveragedModel(model, { useBuffer: true } as never)).message).toContain('did you mean useBuffers?')
    expect(thrown(() => new AveragedModel(3 as never)).message).toBe('AveragedModel: model must be a Module, got 3')
    expect(thrown(() => getEmaAvgFn(1.5)).message).toBe('getEmaAvgFn: decay must be a number in [0, 1], got 1.5')
    expect(thrown(() => getEmaMultiAvgFn(Number.NaN)).code).toBe('option-range')
    const average = new AveragedModel<nn.Module>(model)
    expect(thrown(() => average.updateParameters(new nn.Linear(arena, 3, 3))).code).toBe('state-mismatch')
    expect(average.nAveraged).toBe(0)
    expect(thrown(() => averaged({ multiAvgFn: getSwaMultiAvgFn(), useBuffers: true })).code).toBe('dtype-mismatch')
  })
})
