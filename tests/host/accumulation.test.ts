import { expect, it } from 'vitest'
import { Arena, GradientAccumulation, SGD, SparseAdam } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

it('accumulated batches of different sizes average to the full-batch gradient', async () => {
  const arena = await Arena.create()
  const layer = new nn.Linear(arena, 3, 2, { dtype: 'float64' })
  const params = [...layer.parameters()]
  const x = Array.from({ length: 21 }, (_, i) => ((i * 7) % 11) / 11)
  const y = [0, 1, 1, 0, 1, 0, 0]
  const backward = (from: number, to: number) =>
    arena.frame(() => {
      const rows = arena.tensor(x.slice(from * 3, to * 3), [to - from, 3], { dtype: 'float64' })
      nn.functional.crossEntropy(layer.forward(rows), y.slice(from, to)).backward()
    })
  backward(0, 7)
  const whole = params.map(({ grad }) => [...grad!])
  for (const parameter of params) parameter.grad = null
  const accumulation = new GradientAccumulation(params)
  for (const [from, to] of [
    [0, 3],
    [3, 6],
    [6, 7],
  ] as const) {
    backward(from, to)
    accumulation.add(to - from)
    expect(params.every(({ hasGrad }) => !hasGrad)).toBe(true)
  }
  expect(accumulation.samples).toBe(7)
  expect(accumulation.average()).toBe(7)
  for (const [i, { grad }] of params.entries()) {
    for (const [k, value] of whole[i]!.entries()) expect(grad![k]).toBeCloseTo(value, 14)
  }
  expect([accumulation.samples, accumulation.average()]).toEqual([0, 0])
})

it('a parameter without a gradient stays without one; otherwise average divides by all samples', async () => {
  const arena = await Arena.create()
  const [a, b] = [arena.parameter([1]), arena.parameter([1])]
  const accumulation = new GradientAccumulation([a, b])
  a.grad = [4]
  accumulation.add()
  accumulation.add()
  accumulation.average()
  expect([a.grad![0], b.grad]).toEqual([2, null])
  a.grad = null
  b.grad = [3]
  accumulation.add()
  accumulation.average()
  expect([a.grad, b.grad![0]]).toEqual([null, 3])
})

it('sparse gradients stay sparse until a dense one is added', async () => {
  const arena = await Arena.create()
  const table = arena.parameter([4, 1])
  const optimizer = new SparseAdam([table])
  const accumulation = new GradientAccumulation(table)
  for (const indices of [[0, 2], [2]]) {
    table.grad = { indices, values: indices.map(() => 6) }
    accumulation.add(indices.length)
  }
  accumulation.average()
  expect([...table.sparseGrad!.indices, ...table.sparseGrad!.values]).toEqual([0, 2, 4, 6])
  optimizer.step()
  table.grad = { indices: [1], values: [8] }
  accumulation.add()
  table.grad = [1, 1, 1, 1]
  accumulation.add()
  accumulation.average()
  expect([...table.grad!]).toEqual([0.5, 4.5, 0.5, 0.5])
})

it('averaging does not overflow, a repeated parameter throws, and a disposed parameter throws and changes nothing', async () => {
  const arena = await Arena.create()
  const w = arena.parameter([1])
  const accumulation = new GradientAccumulation([w])
  for (let i = 0; i < 3; i++) {
    w.grad = [2e38]
    accumulation.add(1000)
  }
  accumulation.average()
  expect(w.grad![0]! / 2e38).toBeCloseTo(1, 6)
  expect(thrown(() => new GradientAccumulation([w, w])).message).toBe('GradientAccumulation: a parameter appears twice')
  accumulation.add()
  w.dispose()
  const before = arena.usage()
  expect(thrown(() => accumulation.average()).code).toBe('disposed')
  expect(arena.usage()).toEqual(before)
})
it('add throws for an invalid sample count, and dispose frees the memory', async () => {
  const arena = await Arena.create()
  const w = arena.parameter([100])
  w.grad = new Float32Array(100)
  const before = arena.usage()
  const accumulation = new GradientAccumulation([w])
  for (const wrong of [0, -1, Number.NaN, Infinity, '3']) {
    expect(thrown(() => accumulation.add(wrong as never)).code).toBe('option-range')
    expect([accumulation.samples, w.hasGrad]).toEqual([0, true])
  }
  accumulation.add(2)
  accumulation.dispose()
  accumulation.dispose()
  expect(arena.usage()).toEqual(before)
  expect(thrown(() => new GradientAccumulation([{}] as never)).code).toBe('params-invalid')
  new SGD([w]).step()
})
