import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, clipGradNorm, clipGradsWithNorm, clipGradValue, getTotalNorm, type Parameter } from '../../host/index.ts'
import { thrown } from './thrown.ts'

const arena = await Arena.create()

function withGrads(...grads: (readonly number[] | null)[]): Parameter[] {
  return grads.map((grad) => {
    const parameter = arena.parameter([grad?.length ?? 2])
    parameter.grad = grad
    return parameter
  })
}

const gradsOf = (params: readonly Parameter[]) => params.map(({ grad }) => (grad ? [...grad] : null))

/** Returns the p-norm of all values, by its definition. */
function plainNorm(values: readonly number[], p: number): number {
  if (p === Infinity) return Math.max(0, ...values.map(Math.abs))
  return values.reduce((sum, value) => sum + Math.abs(value) ** p, 0) ** (1 / p)
}

describe('getTotalNorm', () => {
  it('returns the norm of all gradients together, for any sizes', () => {
    const grads = fc.array(fc.array(fc.integer({ min: -64, max: 64 }), { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(grads, fc.constantFrom(1, 2, 3, 0.5, Infinity), (lists, p) => {
        const params = withGrads(...lists.map((list) => list.map((value) => value / 8)))
        const expected = plainNorm(
          lists.flat().map((value) => value / 8),
          p,
        )
        expect(Math.abs(getTotalNorm(params, { normType: p }) - expected)).toBeLessThanOrEqual(2e-6 * expected)
        for (const parameter of params) parameter.dispose()
      }),
    )
  })

  it('counts the nonzero tensors for p = 0, returns the minimum for p = −∞, and returns 0 without gradients', () => {
    const params = withGrads([0, 0], [1, 0, 2], null, [5])
    expect(getTotalNorm(params, { normType: 0 })).toBe(2)
    expect(getTotalNorm(params, { normType: -Infinity })).toBe(0)
    expect(getTotalNorm(withGrads([3, -2], [4]), { normType: -Infinity })).toBe(2)
    expect([getTotalNorm(withGrads(null)), getTotalNorm([])]).toEqual([0, 0])
  })

  it('does not overflow or underflow in float32 where the norm can be represented', () => {
    expect(getTotalNorm(withGrads([3e30], [4e30])) / 5e30).toBeCloseTo(1, 6)
    expect(getTotalNorm(withGrads([3e-30], [4e-30])) / 5e-30).toBeCloseTo(1, 6)
  })

  it('calls WebAssembly once for all parameters of a dtype', () => {
    const params = withGrads(...Array.from({ length: 50 }, (_, i) => [i, 1]))
    const { kernels } = arena
    const original = kernels.float32.squaredNorm
    let calls = 0
    kernels.float32.squaredNorm = (...args) => {
      calls++
      original(...args)
    }
    try {
      getTotalNorm(params)
    } finally {
      kernels.float32.squaredNorm = original
    }
    expect(calls).toBe(1)
  })
})

describe('clipping', () => {
  it('scales all gradients by one factor, even if the norm equals the limit, like torch', () => {
    const params = withGrads([3, 0], null, [4])
    expect(clipGradNorm(params, 5)).toBe(5)
    const factor = Math.fround(5 / (5 + 1e-6))
    expect(gradsOf(params)).toEqual([[Math.fround(3 * factor), 0], null, [Math.fround(4 * factor)]])
    const small = withGrads([0.3], [0.4])
    const before = gradsOf(small)
    expect(clipGradNorm(small, 5)).toBeCloseTo(0.5, 6)
    expect(gradsOf(small)).toEqual(before)
  })

  it('turns an infinite norm into zeros and NaN, or throws with errorIfNonfinite and changes nothing', () => {
    const params = withGrads([Infinity, 1], [2])
    expect(thrown(() => clipGradNorm(params, 1, { errorIfNonfinite: true })).code).toBe('gradient-nonfinite')
    expect(gradsOf(params)).toEqual([[Infinity, 1], [2]])
    expect(clipGradNorm(params, 1)).toBe(Infinity)
    expect(gradsOf(params)).toEqual([[Number.NaN, 0], [0]])
  })

  it('clipGradValue clamps each element and keeps NaN', () => {
    const params = withGrads([5, -5, Number.NaN, Infinity, 0.5], null)
    clipGradValue(params, 1)
    expect(gradsOf(params)).toEqual([[1, -1, Number.NaN, 1, 0.5], null])
  })

  it('clips the rows of sparse gradients', () => {
    const [table] = withGrads(new Array(6).fill(0))
    table!.grad = { indices: [1, 4], values: [30, 40] }
    expect(clipGradNorm(table!, 5)).toBe(50)
    expect([...table!.sparseGrad!.values].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([3, 4])
    clipGradValue(table!, 3.5)
    expect(table!.sparseGrad!.values[1]).toBe(3.5)
  })

  it('throws for invalid parameters and options', async () => {
    const params = withGrads([1])
    const other = (await Arena.create()).parameter([1])
    expect(thrown(() => clipGradNorm([...params, other], 1)).code).toBe('params-invalid')
    expect(thrown(() => clipGradNorm([3] as never, 1)).message).toBe('clipGradNorm: params must be parameters, got 3')
    expect(thrown(() => clipGradNorm(params, '1' as never)).code).toBe('option-range')
    expect(thrown(() => clipGradNorm(params, 1, { norm: 2 } as never)).message).toContain('did you mean normType?')
    expect(thrown(() => getTotalNorm(params, { normType: Number.NaN })).code).toBe('option-range')
    expect(thrown(() => clipGradValue(params, undefined as never)).code).toBe('option-range')
    expect(thrown(() => clipGradsWithNorm(params, 1, 'x' as never)).code).toBe('option-range')
    expect(gradsOf(params)).toEqual([[1]])
  })
})
