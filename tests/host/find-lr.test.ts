import { describe, expect, it } from 'vitest'
import * as downhill from '../../host/index.ts'
import { type AnyOptimizer, Arena, findLr } from '../../host/index.ts'
import { thrown } from './thrown.ts'

/** A quadratic whose steepest axis has curvature 4: SGD diverges above a learning rate of 1/2. */
async function bowl(Class: new (params: any, options: any) => AnyOptimizer = downhill.SGD, options: object = { lr: 0.1 }) {
  const arena = await Arena.create()
  const w = arena.parameter([2], { data: [3, -2], dtype: 'float64' })
  const optimizer = new Class([w], options)
  const closure = () => {
    const [x, y] = w.data as Float64Array
    w.grad = [4 * x!, 0.3 * y!]
    return 2 * x! * x! + 0.15 * y! * y!
  }
  return { w, optimizer, closure }
}

describe('findLr', () => {
  it('suggests a learning rate below divergence and stops soon after divergence', async () => {
    const { optimizer, closure } = await bowl()
    const { lrs, losses, smoothed, diverged, suggestion } = findLr(optimizer, closure, { from: 1e-3, to: 100, smoothing: 0.5 })
    expect(diverged).toBe(true)
    expect(new Set([lrs.length, losses.length, smoothed.length]).size).toBe(1)
    expect(lrs.at(-1)!).toBeGreaterThan(0.5)
    expect(lrs.at(-1)!).toBeLessThan(5)
    expect(suggestion!).toBeGreaterThan(0.01)
    expect(suggestion!).toBeLessThan(0.5)
    expect([lrs[0], losses[0], smoothed[0]]).toEqual([1e-3, 18.6, expect.closeTo(18.6, 12)])
  })

  it('spaces rates evenly on a log scale up to the end without divergence', async () => {
    const { optimizer, closure } = await bowl()
    const { lrs, diverged } = findLr(optimizer, closure, { from: 1e-6, to: 1e-2, steps: 5 })
    expect(diverged).toBe(false)
    for (const [i, lr] of [1e-6, 1e-5, 1e-4, 1e-3, 1e-2].entries()) expect(lrs[i]! / lr).toBeCloseTo(1, 12)
  })

  it.each([
    ['SGD', downhill.SGD, { lr: 0.1, momentum: 0.9 }],
    ['Adam', downhill.Adam, { lr: 0.1, amsgrad: true }],
    ['Adagrad', downhill.Adagrad, { lr: 0.1 }],
    ['LBFGS', downhill.LBFGS, { lr: 0.1, maxIter: 2 }],
    ['Adafactor', downhill.Adafactor, { lr: 0.1 }],
  ] as [string, never, object][])('restores %s, its parameters and gradients', async (_, Class, options) => {
    const { w, optimizer, closure } = await bowl(Class, options)
    optimizer.step(closure)
    w.grad = [5, 6]
    const [data, state] = [[...w.data], optimizer.stateDict()]
    findLr(optimizer, closure, { steps: 20 })
    expect([[...w.data], [...w.grad!], optimizer.stateDict()]).toEqual([data, [5, 6], state])
  })

  it('restores them before the first step and when the closure throws', async () => {
    const { w, optimizer, closure } = await bowl(downhill.Adam)
    const state = optimizer.stateDict()
    let calls = 0
    const broken = () => {
      if (++calls > 3) throw new Error('the batch is gone')
      return closure()
    }
    expect(() => findLr(optimizer, broken)).toThrow('the batch is gone')
    expect([[...w.data], w.grad, optimizer.stateDict()]).toEqual([[3, -2], null, state])
  })

  it('keeps the ratio between groups', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([1]), arena.parameter([1])]
    const optimizer = new downhill.SGD([{ params: [a] }, { params: [b], lr: 0.05 }], { lr: 0.2 })
    const seen: number[][] = []
    const closure = () => {
      seen.push(optimizer.paramGroups.map(({ lr }) => lr))
      return 1
    }
    const { suggestion } = findLr(optimizer, closure, { steps: 4 })
    for (const [first, second] of seen) expect(second! / first!).toBeCloseTo(0.25, 12)
    expect(suggestion).toBeNull()
  })

  it('stops at a non-finite loss', async () => {
    const { optimizer } = await bowl()
    const losses = [3, 2, Number.NaN]
    expect(findLr(optimizer, () => losses.shift() ?? 0)).toMatchObject({ losses: [3, 2, Number.NaN], diverged: true })
  })

  it('throws for out-of-range options', async () => {
    const { optimizer, closure } = await bowl()
    expect(thrown(() => findLr(optimizer, closure, { from: 1, to: 0.1 })).message).toBe('findLr: from must be less than to (0.1), got 1')
    expect(thrown(() => findLr(optimizer, closure, { steps: 1 })).code).toBe('option-range')
    expect(thrown(() => findLr(optimizer, closure, { start: 1 } as never)).code).toBe('option-unknown')
    expect(thrown(() => findLr(optimizer, (() => 'low') as never)).message).toBe("SGD: the closure's loss must be a number, got 'low'")
    expect(thrown(() => findLr(optimizer, undefined as never)).code).toBe('option-range')
    expect(thrown(() => findLr({} as never, closure)).message).toBe('findLr: optimizer must be an Optimizer, got an object')
    expect(optimizer.lr()).toBe(0.1)
  })

  it('restores sparse gradients and state that a state dict cannot hold', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([2, 1])
    w.grad = { indices: [1], values: [10] }
    const optimizer = new downhill.SGD([w], { lr: 0.1 })
    let hooked = 0
    optimizer.registerStateDictPreHook(() => void hooked++)
    optimizer.paramGroups[0]!.lr = -1e-20
    findLr(optimizer, () => downhill.clipGradNorm([w], 1), { steps: 3 })
    expect([[...w.sparseGrad!.values], [...w.data], optimizer.lr(), hooked]).toEqual([[10], [0, 0], -1e-20, 0])
    expect(thrown(() => findLr(null as never, () => 1)).code).toBe('option-range')
  })
})
