import { describe, expect, it } from 'vitest'
import { compareSamples, criticalT, intervalOf, isDetected, rankingOf, tailOfT } from '../../host/compare/index.ts'
import { Generator } from '../../host/index.ts'

describe("Student's t", () => {
  // From scipy.stats.t.isf(p/2, df), SciPy 1.17.1.
  it.each([
    [0.05, 1, 12.706204736174705],
    [0.05, 4, 2.7764451051977934],
    [0.05, 9, 2.262157162798205],
    [0.05 / 15, 4, 6.254070518916924],
    [0.05 / 15, 9, 3.9542188938267384],
    [1e-6, 9, 11.636782027328891],
  ])('has two-sided tail probability %d at %d degrees of freedom beyond %d', (probability, degrees, t) => {
    expect(Math.abs(criticalT(probability, degrees) / t - 1)).toBeLessThan(1e-12)
    expect(tailOfT(criticalT(probability, degrees), degrees)).toBeCloseTo(probability, 12)
  })

  it('has tail probability 1 beyond 0', () => {
    for (let degrees = 1; degrees < 30; degrees++) expect(tailOfT(0, degrees)).toBe(1)
  })

  it('matches the closed forms with one and two degrees of freedom', () => {
    for (const t of [0.1, 0.5, 1, 2, 10, 1000]) {
      expect(tailOfT(t, 1)).toBeCloseTo(1 - (2 / Math.PI) * Math.atan(t), 13)
      expect(tailOfT(t, 2)).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 13)
    }
  })
})

/** Draws from three distributions with mean 0: normal, skewed, and discrete like accuracies. */
const draws = {
  normal: (g: Generator) => Math.sqrt(-2 * Math.log(1 - g.uniform())) * Math.cos(2 * Math.PI * g.uniform()),
  skewed: (g: Generator) => -Math.log(1 - g.uniform()) - 1,
  stepped: (g: Generator) => Array.from({ length: 60 }, () => g.uniform()).filter((u) => u < 0.9).length / 60 - 0.9,
}

describe('coverage, by simulation', () => {
  const REPEATS = 2000
  // Three standard deviations of the observed coverage at a true coverage of 0.95.
  const chance = 3 * Math.sqrt((0.05 * 0.95) / REPEATS)

  it.each([5, 7, 10])('intervals of %d values contain the mean in 95 of 100 cases', (size) => {
    const generator = new Generator(size)
    const shareOf = (draw: (g: Generator) => number) => {
      let held = 0
      for (let i = 0; i < REPEATS; i++) {
        const [low, high] = intervalOf(Array.from({ length: size }, () => draw(generator)))!
        if (low <= 0 && 0 <= high) held++
      }
      return held / REPEATS
    }
    expect(Math.abs(shareOf(draws.normal) - 0.95)).toBeLessThan(chance)
    // The comparison uses differences, whose distribution is symmetric for any metric.
    expect(shareOf((g) => draws.skewed(g) - draws.skewed(g))).toBeGreaterThan(0.95 - chance)
    expect(shareOf((g) => draws.stepped(g) - draws.stepped(g))).toBeGreaterThan(0.95 - chance)
  })

  it.each([
    [2, 5],
    [6, 5],
    [6, 10],
    [13, 10],
  ])('%d identical optimizers over %d seeds show a difference in at most 5 of 100 comparisons', (optimizers, seeds) => {
    const generator = new Generator(100 * optimizers + seeds)
    for (const draw of [draws.normal, draws.stepped]) {
      let seen = 0
      for (let i = 0; i < 1000; i++) {
        const samples = Array.from({ length: optimizers }, (_, k) => ({
          label: `L${k}`,
          values: Array.from({ length: seeds }, () => draw(generator)),
        }))
        if (compareSamples(samples, 1 / 60).some(isDetected)) seen++
      }
      expect(seen / 1000).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 1000))
    }
  })

  it('a difference of three standard deviations from five others is detected over ten seeds in 9 of 10 cases', () => {
    const generator = new Generator(3)
    let seen = 0
    for (let i = 0; i < 200; i++) {
      const values = (shift: number) => Array.from({ length: 10 }, () => draws.normal(generator) + shift)
      const samples = [0, 0, 0, 0, 0, 3].map((shift, k) => ({ label: `L${k}`, values: values(shift) }))
      const found = compareSamples(samples).filter(isDetected)
      if (found.filter(({ a, b }) => a === 'L5' || b === 'L5').length === 5) seen++
    }
    expect(seen).toBeGreaterThan(170)
  })
})

describe('the Holm correction', () => {
  const samples = [
    { label: 'A', values: [5, 6, 7, 8, 9] },
    { label: 'B', values: [4, 5.1, 5.9, 7.05, 8] },
    { label: 'C', values: [5.2, 5.7, 7.3, 7.9, 9.1] },
  ]

  it("uses the level of each pair's step, and an interval contains 0 if and only if no difference is detected", () => {
    const [first, second, third] = compareSamples(samples)
    expect([first!.a, first!.b, first!.difference]).toEqual(['A', 'B', 0.99])
    const halves = [first!, second!, third!].map(({ interval: [low, high] }) => (high - low) / 2)
    const errorOf = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / 5
      return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4 / 5)
    }
    const differences = (a: number, b: number) => samples[a]!.values.map((x, i) => x - samples[b]!.values[i]!)
    expect(halves[0]).toBeCloseTo(criticalT(0.05 / 3, 4) * errorOf(differences(0, 1)), 10)
    expect(halves[1]).toBeCloseTo(criticalT(0.05 / 2, 4) * errorOf(differences(1, 2)), 10)
    expect(halves[2]).toBeCloseTo(criticalT(0.05, 4) * errorOf(differences(0, 2)), 10)
    expect([first, second, third].map((comparison) => isDetected(comparison!))).toEqual([true, true, false])
    expect(rankingOf(['C', 'A', 'B'], compareSamples(samples))).toEqual([['C', 'A'], ['B']])
  })

  it("assumes at least half of the metric's resolution as spread", () => {
    const same = [
      { label: 'A', values: [0.91, 0.92] },
      { label: 'B', values: [0.9, 0.91] },
    ]
    expect(compareSamples(same, 0.01).some(isDetected)).toBe(false)
    const equal = compareSamples([same[0]!, { ...same[0]!, label: 'B' }])
    expect(equal[0]).toMatchObject({ difference: 0, interval: [0, 0] })
    expect(isDetected(equal[0]!)).toBe(false)
  })
})
