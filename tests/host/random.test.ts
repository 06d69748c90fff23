import { describe, expect, it } from 'vitest'
import { Arena, Generator } from '../../host/index.ts'
import { thrown } from './thrown.ts'

describe('Generator', () => {
  it('returns the same numbers one at a time as the kernels do in bulk', async () => {
    const arena = await Arena.create()
    const seed = 2 ** 40 + 12345
    const tensor = arena.parameter([40], { dtype: 'float64' })
    new Generator(seed).fillUniform(tensor, 0, 1)
    const scalar = new Generator(seed)
    expect([...tensor.data]).toEqual(Array.from({ length: 40 }, () => scalar.uniform()))
  })

  it('resumes from its state, even in the middle of a block', () => {
    const one = new Generator(7)
    for (let i = 0; i < 5; i++) one.uniform()
    const other = new Generator()
    other.state = one.state
    expect(other.permutation(100)).toEqual(one.permutation(100))
    expect(other.state).toEqual(one.state)
  })

  it('never fills two tensors with the same numbers', async () => {
    const arena = await Arena.create()
    const generator = new Generator(1)
    generator.uniform()
    const tensors = [arena.parameter([3]), arena.parameter([20]), arena.parameter([3])]
    for (const tensor of tensors) generator.fillNormal(tensor)
    expect(new Set(tensors.flatMap(({ data }) => [...data])).size).toBe(26)
  })

  it('permutation returns every number once, in an order that depends on the seed', () => {
    const order = [...new Generator(3).permutation(1000)]
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(order).not.toEqual([...new Generator(4).permutation(1000)])
    expect([...new Generator(1).permutation(0)]).toEqual([])
  })

  it('throws for an invalid seed', () => {
    expect(thrown(() => new Generator(-1)).code).toBe('option-range')
    expect(thrown(() => new Generator(2 ** 53)).message).toBe('Generator: seed must be an integer in [0, 2^53), got 9007199254740992')
    expect(thrown(() => new Generator(0.5)).code).toBe('option-range')
  })
})
