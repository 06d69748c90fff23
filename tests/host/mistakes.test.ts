import { beforeEach, describe, expect, it } from 'vitest'
import { AdamW, Arena, Loader } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

let arena: Arena
beforeEach(async () => {
  arena = await Arena.create()
})

// JavaScript callers do not have types.
const untyped = nn as any

describe('a missing arena', () => {
  it.each([
    ['Linear', [3, 2], '3'],
    ['Conv1d', [1, 8, 3], '1'],
    ['Conv2d', [1, 8, 3], '1'],
    ['Embedding', [10, 4], '10'],
    ['LSTM', [3, 2], '3'],
    ['GRU', [3, 2], '3'],
    ['MultiheadAttention', [8, 2], '8'],
    ['TransformerEncoderLayer', [8, 2], '8'],
    ['BatchNorm1d', [8], '8'],
    ['BatchNorm2d', [8], '8'],
    ['LayerNorm', [[8]], '[8]'],
    ['RMSNorm', [[8]], '[8]'],
  ])('throws in %s', (name, args, got) => {
    const { code, message } = thrown(() => new untyped[name](...args))
    expect([code, message]).toEqual(['params-invalid', `${name}: the first argument must be an Arena, got ${got}`])
  })

  it('throws in Loader', () => {
    expect(thrown(() => new Loader({ x: { data: [1] } } as never, {})).message).toBe(
      'Loader: the first argument must be an Arena, got an object',
    )
  })
})

describe("torch's option names in constructors", () => {
  it('suggest the camelCase option', () => {
    const options = (name: string) => ({ [name]: 1 })
    expect(thrown(() => new untyped.MultiheadAttention(arena, 8, 2, options('batch_first'))).message).toBe(
      'MultiheadAttention has no option batch_first, did you mean batchFirst?',
    )
    expect(thrown(() => new untyped.LSTM(arena, 3, 2, options('num_layers'))).message).toContain('did you mean numLayers?')
    expect(thrown(() => new untyped.BatchNorm2d(arena, 3, options('track_running_stats'))).message).toContain('trackRunningStats?')
    expect(thrown(() => new AdamW([arena.parameter([1])], options('weight_decay') as never)).message).toContain('weightDecay?')
  })

  it('explain the order of positional sizes', () => {
    const order = 'sizes are positional, as in new nn.Linear(arena, inFeatures, outFeatures)'
    expect(thrown(() => new untyped.Linear(arena, 3, 2, { in_features: 3 })).message).toContain(order)
    expect(thrown(() => new untyped.Linear(arena, { in_features: 3, out_features: 2 })).message).toContain(order)
  })
})

describe('a module called like a function', () => {
  it('does not compile, and the error type names forward', () => {
    const model = new nn.Linear(arena, 2, 1)
    // @ts-expect-error the type of the call names model.forward(x)
    expect(() => model(arena.tensor([1, 2], [1, 2]))).toThrow(TypeError)
  })
})

describe('a tensor or model passed for its contents', () => {
  const hint = 'must be an array of numbers, got a Tensor; pass its data'

  it('suggests data', () => {
    const w = arena.parameter([2])
    const x = arena.tensor([1, 2]) as never
    expect(thrown(() => arena.tensor(x)).message).toBe(`tensor: data ${hint}`)
    expect(thrown(() => arena.parameter([2], { data: x })).message).toBe(`parameter: data ${hint}`)
    expect(thrown(() => (w.grad = x)).message).toBe(`Parameter: grad ${hint}`)
    expect(w.hasGrad).toBe(false)
  })

  it('suggests parameters()', () => {
    expect(thrown(() => new AdamW(new nn.Linear(arena, 2, 1) as never)).message).toBe(
      'AdamW: params must be parameters or groups, as in model.parameters(), got a Linear',
    )
  })
})

describe('an array passed for a tensor', () => {
  it('suggests arena.tensor', () => {
    const message = 'must be a Tensor, got [1, 2]; pass arena.tensor(data, shape)'
    const model = new nn.Linear(arena, 2, 1)
    arena.frame(() => {
      expect(thrown(() => model.forward([1, 2] as never)).message).toBe(`linear: the input ${message}`)
      expect(thrown(() => nn.functional.relu([1, 2] as never)).message).toBe(`relu: the input ${message}`)
      expect(thrown(() => nn.functional.add(arena.tensor([1, 2]), [1, 2] as never)).message).toBe(`add: the input ${message}`)
    })
  })
})

describe('a missing or ended frame', () => {
  it('throws in functions and in backward', () => {
    const model = new nn.Linear(arena, 2, 1)
    const x = arena.tensor([1, 2], [1, 2])
    expect(thrown(() => model.forward(x))).toEqual({ code: 'frame-missing', message: 'linear: must be called inside arena.frame()' })
    const loss = arena.frame(() => nn.functional.sum(model.forward(x)))
    expect(thrown(() => loss.backward())).toEqual({
      code: 'frame-ended',
      message: 'backward: tensor(shape=[], dtype=float32) was freed at the end of its frame',
    })
    expect(thrown(() => arena.tensor([1]).backward())).toEqual({
      code: 'backward-invalid',
      message: 'backward: the tensor must be computed inside this frame',
    })
  })
})
