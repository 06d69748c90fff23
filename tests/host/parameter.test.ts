import { describe, expect, it } from 'vitest'
import { Arena } from '../../host/index.ts'
import { thrown } from './thrown.ts'

describe('grad', () => {
  it('is null, then a live view after assignment, then null again', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([3])
    expect(w.grad).toBeNull()
    w.grad = [1, 2, 3]
    const view = w.grad as unknown as Float32Array
    expect([...view]).toEqual([1, 2, 3])
    view[0] = 9
    expect(w.grad![0]).toBe(9)
    w.grad = null
    expect(w.grad).toBeNull()
  })

  it('copies assigned values', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([2])
    const mine = new Float32Array([1, 2])
    w.grad = mine
    mine[0] = 5
    expect(w.grad![0]).toBe(1)
  })

  it('of the wrong length throws, and the previous one is kept', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([2, 2])
    w.grad = [1, 2, 3, 4]
    expect(thrown(() => (w.grad = [1, 2, 3]))).toEqual({
      code: 'shape-mismatch',
      message: 'Parameter: grad must be of length 4 for shape [2, 2], got 3',
    })
    expect([...w.grad!]).toEqual([1, 2, 3, 4])
  })

  it('survives memory growth', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([2])
    w.grad = [1, 2]
    arena.parameter([1_000_000])
    expect([...w.grad!]).toEqual([1, 2])
  })
})
