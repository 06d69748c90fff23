import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, Generator, type Parameter, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'

const F = nn.functional
const arena = await Arena.create()
const generator = new Generator(7)

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)
const numbers = (shape: readonly number[]) => Float64Array.from({ length: sizeOf(shape) }, () => generator.uniform() - 0.5)
const parameter = (shape: readonly number[]) => arena.parameter(shape, { dtype: 'float64', data: numbers(shape) })

/** Returns a function's output, and the parameters' gradients under a fixed upstream gradient. */
function passed(parameters: readonly Parameter[], f: () => Tensor): number[][] {
  for (const one of parameters) one.grad = null
  const y = arena.frame(() => {
    const result = f()
    const upstream = Float64Array.from({ length: result.size }, (_, i) => Math.sin(i + 1))
    F.sum(F.mul(result, arena.tensor(upstream, result.shape, { dtype: 'float64' }))).backward()
    return [...result.data]
  })
  return [y, ...parameters.map(({ grad }) => [...grad!])]
}

function expectClose(got: number[][], want: number[][]): void {
  expect(got.length).toBe(want.length)
  for (const [i, numbers] of want.entries()) {
    const worst = numbers.reduce((most, value, k) => Math.max(most, Math.abs(value - got[i]![k]!)), 0)
    expect(worst).toBeLessThan(1e-12)
  }
}

/** An identity weightsMap, which forces the composed path. */
const same = (weights: Tensor) => weights

describe('blocked attention', () => {
  const size = (most: number) => fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: most }))

  it('matches attention composed of other functions for every batch, mask and length', () => {
    const shapes = fc.record({
      batch: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      queries: size(110),
      keys: size(110),
      width: size(9),
      valueWidth: size(9),
      mask: fc.constantFrom('none', 'causal', 'integers', 'floats'),
      isOneColumn: fc.boolean(),
      maskRank: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(shapes, ({ batch, queries, keys, width, valueWidth, mask, isOneColumn, maskRank }) => {
        const all = [parameter([...batch, queries, width]), parameter([...batch, keys, width]), parameter([...batch, keys, valueWidth])]
        const [query, key, value] = all as [Parameter, Parameter, Parameter]
        const full = [...batch, queries, isOneColumn ? 1 : keys].slice(-maskRank)
        const seen = Int32Array.from({ length: sizeOf(full) }, () => (generator.uniform() < 0.3 ? 0 : 1))
        const run = (weightsMap?: typeof same) => () => {
          const options = weightsMap ? { weightsMap } : {}
          if (mask === 'causal') return F.scaledDotProductAttention(query, key, value, { ...options, isCausal: true })
          if (mask === 'none') return F.scaledDotProductAttention(query, key, value, options)
          const floats = Float64Array.from(seen, (isSeen, i) => (isSeen ? i / 7 : Number.NEGATIVE_INFINITY))
          const attnMask =
            mask === 'integers' ? arena.tensor(seen, full, { dtype: 'int32' }) : arena.tensor(floats, full, { dtype: 'float64' })
          return F.scaledDotProductAttention(query, key, value, { ...options, attnMask, scale: 0.3 })
        }
        expectClose(passed(all, run()), passed(all, run(same)))
        for (const one of all) one.dispose()
      }),
      { numRuns: 60 },
    )
  })

  it('throws for a mask that does not broadcast to the scores', () => {
    arena.frame(() => {
      const x = arena.tensor(numbers([4, 2]), [4, 2], { dtype: 'float64' })
      const attnMask = arena.tensor([1, 1, 1], [3], { dtype: 'int32' })
      expect(() => F.scaledDotProductAttention(x, x, x, { attnMask })).toThrow(
        'scaledDotProductAttention: the mask must broadcast to [1, 1, 4, 4], got [3]',
      )
    })
  })
})

describe('MultiheadAttention', () => {
  it.each([
    [false, 0],
    [true, 0],
    [false, 0.4],
    [true, 0.4],
  ])('projects one shared input the same as three separate ones (batchFirst %s, dropout %s)', (batchFirst, dropout) => {
    const layer = new nn.MultiheadAttention(arena, 6, 3, { batchFirst, dropout, dtype: 'float64', generator: new Generator(1) })
    const x = parameter([5, 4, 6])
    const run = (f: () => Tensor) => {
      layer.dropout.generator!.state = new Generator(9).state
      return passed([x, ...layer.parameters()], f)
    }
    const copies = () => [F.affine(x, 1, 0), F.affine(x, 1, 0), F.affine(x, 1, 0)] as const
    const apart = run(() => layer.forward(...copies(), { isCausal: true }))
    expectClose(
      run(() => layer.forward(x, x, x, { isCausal: true })),
      apart,
    )
  })

  it('drops attention weights and scales the rest by 1 / (1 − dropout)', () => {
    const layer = new nn.MultiheadAttention(arena, 4, 2, { dropout: 0.5, batchFirst: true, dtype: 'float64', generator: new Generator(2) })
    const [query, key] = [parameter([2, 3, 4]), parameter([2, 5, 4])]
    const heads = (x: Tensor, part: number) => {
      const weight = F.narrow(layer.inProjWeight, 0, 4 * part, 4)
      const projected = F.linear(x, weight, F.narrow(layer.inProjBias!, 0, 4 * part, 4))
      return F.permute(F.reshape(projected, [2, -1, 2, 2]), [0, 2, 1, 3])
    }
    const start = () => {
      layer.dropout.generator!.state = new Generator(3).state
    }
    const parameters = [query, key, ...layer.parameters()]
    start()
    const got = passed(parameters, () => layer.forward(query, key))
    start()
    const want = passed(parameters, () => {
      const options = { weightsMap: (weights: Tensor) => layer.dropout.forward(weights) }
      const gathered = F.scaledDotProductAttention(heads(query, 0), heads(key, 1), heads(key, 2), options)
      return layer.outProj.forward(F.reshape(F.permute(gathered, [0, 2, 1, 3]), [2, 3, 4]))
    })
    expectClose(got, want)
  })

  it('throws for inputs with mismatched shapes', () => {
    const layer = new nn.MultiheadAttention(arena, 4, 2, { dtype: 'float64' })
    arena.frame(() => {
      const make = (...shape: number[]) => arena.tensor(numbers(shape), shape, { dtype: 'float64' })
      expect(() => layer.forward(make(3, 4))).toThrow('three sizes')
      expect(() => layer.forward(make(3, 2, 4), make(5, 1, 4))).toThrow(
        'MultiheadAttention: shapes [3, 2, 4] and [5, 1, 4] do not match: rows must be equal, and value must have as many positions as key',
      )
      expect(() => layer.forward(make(3, 2, 4), make(5, 2, 4), make(4, 2, 4))).toThrow('as many positions')
      expect(() => layer.forward(make(3, 2, 5))).toThrow('linear')
    })
  })
})
