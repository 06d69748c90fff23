import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Arena, Generator, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import * as plain from '../../host/nn/plain.ts'
import { fromTorchKey } from '../../host/validation/options.ts'
import { thrown } from './thrown.ts'

interface Saved {
  readonly shape: number[]
  readonly data: number[]
}

interface Case {
  readonly name: string
  readonly args: any[]
  readonly options: Record<string, unknown>
  readonly forward: Record<string, unknown>
  readonly state: Record<string, Saved>
  readonly inputs: Saved[]
  readonly outputs: Saved[]
}

/** Written by tests/conformance/modules.py. */
const cases: Case[] = JSON.parse(readFileSync(new URL('modules.json', import.meta.url), 'utf8'))
const arena = await Arena.create()

const camelCase = (options: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [fromTorchKey(name), value]))

function make(name: string, args: readonly any[], options: Record<string, unknown>): nn.Module {
  if (name === 'Sequential') return new nn.Sequential(...args.map((one: [string, any[], Record<string, unknown>]) => make(...one)))
  const Class = (nn as any)[name]
  const own = Object.keys(options).length ? [camelCase(options)] : []
  return name in plain ? new Class(...args, ...own) : new Class(arena, ...args, ...own)
}

function outputs(module: any, inputs: readonly Tensor[], options: Record<string, unknown>): Tensor[] {
  const given = Object.keys(options).length ? [camelCase(options)] : []
  if (module instanceof nn.Recurrent) return Object.values((module as any).run(...inputs))
  if (!(module instanceof nn.MultiheadAttention)) return [module.forward(...inputs, ...given)]
  const [query, key = query, value = key] = inputs
  return [module.forward(query!, key, value, ...given)]
}

describe("torch's modules", () => {
  it('are all there', () => {
    const abstract = ['Module', 'BatchNorm', 'Recurrent']
    const classes = Object.entries(nn).filter(([name, value]) => !abstract.includes(name) && (value as any).prototype instanceof nn.Module)
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(classes.map(([name]) => name)))
  })

  it.each(cases)(
    "$name $args $options: torch's keys, shapes and numbers",
    ({ name, args, options, forward, state, inputs, outputs: want }) => {
      const module = make(name, args, options).eval()
      const own = Object.entries(module.stateDict()).map(([key, { shape }]) => [key, shape])
      expect(own).toEqual(Object.entries(state).map(([key, { shape }]) => [key, shape]))
      module.loadStateDict(state)
      for (const [key, { data }] of Object.entries(module.stateDict()))
        expect([...(data as Float32Array)], key).toEqual(state[key]!.data.map(Math.fround))
      const dtype = name === 'Embedding' ? 'int32' : 'float32'
      arena.frame(() => {
        const got = outputs(
          module,
          inputs.map(({ shape, data }) => arena.tensor(data, shape, { dtype })),
          forward,
        )
        expect(got.map(({ shape }) => shape)).toEqual(want.map(({ shape }) => shape))
        for (const [o, { data }] of want.entries()) {
          const largest = Math.max(...data.map(Math.abs))
          const worst = Math.max(...data.map((value, i) => Math.abs(value - got[o]!.data[i]!)))
          expect(worst).toBeLessThanOrEqual(1e-5 * largest)
        }
      })
    },
  )
})

describe('loadStateDict', () => {
  const model = () => new nn.Sequential(new nn.Linear(arena, 3, 2), new nn.BatchNorm1d(arena, 2))
  const [bias, mean] = ['0.bias', '1.running_mean']

  it.each<[string, (dict: any) => void, string]>([
    ['a missing parameter', (dict) => delete dict[bias!], 'the state dict has no 0.bias'],
    ['a missing buffer', (dict) => delete dict[mean!], 'the state dict has no 1.running_mean'],
    ['another name', (dict) => (dict['2.weight'] = dict[bias!]), 'the model has no 2.weight'],
    ['another shape', (dict) => (dict[bias!] = { shape: [3], data: [1, 2, 3] }), '0.bias is [2], not [3]'],
    ['another rank', (dict) => (dict[bias!] = { shape: [1, 2], data: [1, 2] }), '0.bias is [2], not [1, 2]'],
    [
      'another rank of a counter',
      (dict) => (dict['1.num_batches_tracked'] = { shape: [1], data: [1] }),
      '1.num_batches_tracked is [], not [1]',
    ],
    ['numbers without a shape', (dict) => (dict[bias!] = [1, 2]), '0.bias is [2], not '],
    ['nothing', (dict) => (dict[bias!] = null), '0.bias is [2], not null'],
    ['too few numbers', (dict) => (dict[mean!] = { shape: [2], data: [1] }), '1.running_mean must be of length 2 for shape [2], got 1'],
    ['texts', (dict) => (dict[mean!] = { shape: [2], data: [1, '2'] }), "1.running_mean[1] must be a number, got '2'"],
    ['no numbers', (dict) => (dict[mean!] = { shape: [2], data: 'ab' }), "1.running_mean must be an array of numbers, got 'ab'"],
  ])('refuses %s, and changes nothing', (_, change, why) => {
    const module = model()
    const before = module.stateDict()
    const dict: any = model().stateDict()
    change(dict)
    const { code, message } = thrown(() => module.loadStateDict(dict))
    expect(code).toBe('state-mismatch')
    expect(message).toContain(`loadStateDict: ${why}`)
    expect(module.stateDict()).toEqual(before)
  })

  it('refuses what is no state dict', () => {
    for (const wrong of [null, 3, 'weights']) expect(thrown(() => model().loadStateDict(wrong as never)).code).toBe('state-mismatch')
  })

  it('not strict takes what there is, but no other shapes', () => {
    const module = model()
    const before = module.stateDict()
    module.loadStateDict({ [bias!]: { shape: [2], data: [5, 6] }, other: { shape: [1], data: [1] } }, { strict: false })
    expect(module.stateDict()).toEqual({ ...before, [bias!]: { ...before[bias!], data: Float32Array.of(5, 6) } })
    const wrong = { [bias!]: { shape: [2], data: [7, 8] }, [mean!]: { shape: [3], data: [1, 2, 3] } }
    expect(thrown(() => module.loadStateDict(wrong, { strict: false })).code).toBe('state-mismatch')
    expect([...(module.stateDict()[bias!]!.data as Float32Array)]).toEqual([5, 6])
  })

  it('copies, as stateDict does', () => {
    const [one, other] = [model(), model()]
    const dict = one.stateDict()
    other.loadStateDict(dict)
    ;(dict[bias!]!.data as Float32Array).fill(9)
    expect(other.stateDict()).toEqual(one.stateDict())
    expect(other.stateDict()[bias!]).not.toEqual(dict[bias!])
  })

  it('takes what one and the same parameter is called twice', () => {
    const shared = new nn.Linear(arena, 2, 2)
    const tied = new nn.Sequential(shared, new nn.Tanh(), shared)
    expect(Object.keys(tied.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    expect([...tied.parameters()].length).toBe(2)
    tied.loadStateDict(tied.stateDict())
  })
})

describe('train and eval', () => {
  it('reach modules in modules, in fields and arrays', () => {
    class Own extends nn.Module {
      readonly blocks = [
        new nn.Sequential(new nn.Dropout(), new nn.Sequential(new nn.Dropout())),
        new nn.TransformerEncoderLayer(arena, 4, 2),
      ]
      forward(x: Tensor): Tensor {
        return this.blocks.reduce((y, block) => block.forward(y), x)
      }
    }
    const model = new Own()
    const modes = () => new Set([...model.modules()].map(({ training }) => training))
    expect([...model.modules()].length).toBeGreaterThan(12)
    expect(modes()).toEqual(new Set([true]))
    expect(model.eval()).toBe(model)
    expect(modes()).toEqual(new Set([false]))
    const run = () => arena.frame(() => [...model.forward(arena.tensor([1, -2, 3, 4, 0, 1, 2, 3], [2, 1, 4])).data])
    expect(run()).toEqual(run())
    model.train()
    expect(modes()).toEqual(new Set([true]))
    expect(run()).not.toEqual(run())
    expect(thrown(() => model.train(1 as never)).code).toBe('option-range')
  })
})

describe('initial weights', () => {
  const options = () => ({ generator: new Generator(11) })
  const uniform: [string, () => nn.Module, Record<string, number>][] = [
    ['Linear', () => new nn.Linear(arena, 64, 50, options()), { weight: 1 / 8, bias: 1 / 8 }],
    ['Conv1d', () => new nn.Conv1d(arena, 8, 60, 5, { ...options(), groups: 2 }), { weight: 1 / Math.sqrt(20), bias: 1 / Math.sqrt(20) }],
    ['Conv2d', () => new nn.Conv2d(arena, 3, 60, [3, 5], options()), { weight: 1 / Math.sqrt(45), bias: 1 / Math.sqrt(45) }],
    [
      'GRU',
      () => new nn.GRU(arena, 7, 25, { ...options(), numLayers: 2 }),
      { weight_ih_l0: 0.2, weight_hh_l1: 0.2, bias_ih_l1: 0.2, bias_hh_l0: 0.2 },
    ],
    ['LSTM', () => new nn.LSTM(arena, 7, 25, options()), { weight_ih_l0: 0.2, weight_hh_l0: 0.2, bias_ih_l0: 0.2, bias_hh_l0: 0.2 }],
    [
      'MultiheadAttention',
      () => new nn.MultiheadAttention(arena, 24, 4, options()),
      // Glorot's for [72, 24], and that of Linear
      { in_proj_weight: Math.sqrt(6 / 96), in_proj_bias: 0, 'out_proj.weight': 1 / Math.sqrt(24), 'out_proj.bias': 0 },
    ],
    [
      'TransformerEncoderLayer',
      () => new nn.TransformerEncoderLayer(arena, 16, 2, { ...options(), dimFeedforward: 100 }),
      { 'self_attn.in_proj_weight': Math.sqrt(6 / 64), 'linear1.weight': 0.25, 'linear1.bias': 0.25, 'linear2.weight': 0.1 },
    ],
  ]

  it.each(uniform)('of %s are within the bound, and near it', (_, create, bounds) => {
    const state = create().stateDict()
    for (const [key, bound] of Object.entries(bounds)) {
      const data = [...(state[key]!.data as Float32Array)]
      const [low, high] = [-Math.min(...data), Math.max(...data)]
      expect(Math.max(low, high), key).toBeLessThanOrEqual(bound * (1 + 2 ** -23))
      expect(Math.max(low, high), key).toBeGreaterThanOrEqual(0.9 * bound)
      expect(Math.min(low, high), key).toBeGreaterThanOrEqual(0.7 * bound)
    }
  })

  it('of Embedding are normal, and the padding row 0', () => {
    const data = [...new nn.Embedding(arena, 200, 50, { ...options(), paddingIdx: -2 }).weight.data]
    expect(data.splice(198 * 50, 50)).toEqual(Array(50).fill(0))
    const mean = data.reduce((a, b) => a + b) / data.length
    const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length
    expect(Math.abs(mean)).toBeLessThan(0.05)
    expect(Math.abs(variance - 1)).toBeLessThan(0.07)
  })

  it('of normalizations are 1 and 0', () => {
    const norms = [new nn.LayerNorm(arena, 3), new nn.RMSNorm(arena, 3), new nn.BatchNorm1d(arena, 3), new nn.BatchNorm2d(arena, 3)]
    for (const norm of norms) {
      for (const [key, { data }] of Object.entries(norm.stateDict())) {
        expect(new Set(data as Float32Array), key).toEqual(new Set([/weight|var/.test(key) ? 1 : 0]))
      }
    }
  })

  it("are the same for the same seed of the arena's generator, which is one unless it is set", async () => {
    const weights = async (seed?: number) => {
      const own = await Arena.create()
      if (seed !== undefined) own.generator.state = { seed, position: 0 }
      const encoder = new nn.TransformerEncoderLayer(own, 4, 2, { dimFeedforward: 4 })
      const model = new nn.Sequential(new nn.Linear(own, 3, 4), new nn.Conv1d(own, 2, 2, 3), encoder, new nn.LSTM(own, 2, 2))
      return [model.stateDict(), new nn.Embedding(own, 3, 2).stateDict()]
    }
    expect(await weights()).toEqual(await weights())
    expect(await weights(3)).toEqual(await weights(3))
    expect(await weights(3)).not.toEqual(await weights())
  })
})

describe('BatchNorm', () => {
  const batches = [
    [1, 2, 4, 9],
    [-3, 0, 1, 1],
    [2, 2, 5, 7],
  ]
  const statistics = (data: readonly number[]) => {
    const mean = data.reduce((a, b) => a + b) / 4
    return [mean, data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3] as const
  }
  const pass = (norm: nn.BatchNorm, data: readonly number[]) =>
    arena.frame(() => [...norm.forward(arena.tensor(data, [4, 1], { dtype: 'float64' })).data])
  const average = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b) / numbers.length

  it('with momentum null keeps the mean of all batches', () => {
    const norm = new nn.BatchNorm1d(arena, 1, { momentum: null, dtype: 'float64' })
    for (const batch of batches) pass(norm, batch)
    expect(norm.runningMean!.data[0]).toBeCloseTo(average(batches.map((batch) => statistics(batch)[0])), 14)
    expect(norm.runningVar!.data[0]).toBeCloseTo(average(batches.map((batch) => statistics(batch)[1])), 13)
    expect(norm.numBatchesTracked!.data[0]).toBe(3)
    norm.resetRunningStats()
    expect([norm.runningMean, norm.runningVar, norm.numBatchesTracked].map((buffer) => buffer!.data[0])).toEqual([0, 1, 0])
  })

  it('with a momentum moves by it, in training only', () => {
    const norm = new nn.BatchNorm1d(arena, 1, { momentum: 0.25, dtype: 'float64' })
    let [mean, variance] = [0, 1]
    for (const batch of batches) {
      pass(norm, batch)
      const own = statistics(batch)
      mean += 0.25 * (own[0] - mean)
      variance += 0.25 * (own[1] - variance)
    }
    expect([norm.runningMean!.data[0], norm.runningVar!.data[0]]).toEqual([expect.closeTo(mean, 13), expect.closeTo(variance, 13)])
    const before = norm.eval().stateDict()
    expect(pass(norm, [mean, 0, 1, 2])[0]).toBeCloseTo(0, 13)
    expect(norm.stateDict()).toEqual(before)
  })

  it('with trackRunningStats false has no buffers, and normalizes by the batch in eval too', () => {
    const norm = new nn.BatchNorm1d(arena, 1, { trackRunningStats: false, dtype: 'float64' })
    expect(Object.keys(norm.stateDict())).toEqual(['weight', 'bias'])
    const inTraining = pass(norm, batches[0]!)
    expect(inTraining.reduce((a, b) => a + b)).toBeCloseTo(0, 14)
    expect(pass(norm.eval(), batches[0]!)).toEqual(inTraining)
    norm.resetRunningStats()
  })

  it('refuses one number a channel in training, and counts no such batch', () => {
    const norm = new nn.BatchNorm1d(arena, 2)
    const before = norm.stateDict()
    const one = () => arena.frame(() => [...norm.forward(arena.tensor([1, 2], [1, 2])).data])
    expect(thrown(one).code).toBe('option-range')
    expect(thrown(() => arena.frame(() => norm.forward(arena.tensor([1, 2], [2])))).message).toBe(
      'BatchNorm1d: the shape of the input must be [rows, channels] or [rows, channels, length], got [2]',
    )
    expect(norm.stateDict()).toEqual(before)
    expect(norm.eval() && one().length).toBe(2)
  })
})
