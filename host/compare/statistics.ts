/** Intervals over few runs, and pairwise comparisons; bit-identical in every runtime. */
import { pow } from '../numerics/portable.ts'
import type { Comparison, Interval } from './report.ts'

/** Error rate: 5 %. */
const LEVEL = 0.05

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Returns the standard deviation of a sample. */
function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) * (value - middle), 0) / (values.length - 1))
}

/** Returns B(degrees/2, 1/2), from B(1/2, 1/2) = π and B(1, 1/2) = 2 up. */
function betaOf(degrees: number): number {
  let value = degrees % 2 ? Math.PI : 2
  for (let twice = degrees % 2 || 2; twice < degrees; twice += 2) value *= twice / (twice + 1)
  return value
}

/**
 * Returns the probability that Student's t with `degrees` degrees of freedom is further from 0 than `t`: the incomplete beta function
 * I_x(ν/2, 1/2) at x = ν/(ν + t²), by its continued fraction (Numerical Recipes, 6.4) where that converges fast.
 */
export function tailOfT(t: number, degrees: number): number {
  const x = degrees / (degrees + t * t)
  const [a, b] = [degrees / 2, 0.5]
  // x^a·(1 − x)^b / B(a, b), with 1 − x computed without cancellation.
  const rest = (t * t) / (degrees + t * t)
  const front = (pow(x, a) * Math.sqrt(rest)) / betaOf(degrees)
  if (x < (a + 1) / (a + b + 2)) return (front * fraction(a, b, x)) / a
  return 1 - (front * fraction(b, a, rest)) / b
}

/** Evaluates the continued fraction of I_x(a, b) with Lentz's method. */
function fraction(a: number, b: number, x: number): number {
  const tiny = 1e-300
  const nonZero = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let value = d
  for (let m = 1; m <= 300; m++) {
    for (const term of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / nonZero(1 + term * d)
      c = nonZero(1 + term / c)
      value *= d * c
    }
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return value
}

/** Returns the value that |t| exceeds with a probability, by bisection to the last bit. */
export function criticalT(probability: number, degrees: number): number {
  let [low, high] = [0, 1]
  while (tailOfT(high, degrees) > probability && high < 1e12) high *= 2
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (tailOfT(middle, degrees) > probability) low = middle
    else high = middle
  }
  return high
}

/** Returns the interval of the mean of a few values, at 95 % by default; null for a single value. */
export function intervalOf(values: readonly number[], level = LEVEL, leastDeviation = 0): Interval {
  if (values.length < 2) return null
  const half = (criticalT(level, values.length - 1) * Math.max(deviation(values), leastDeviation)) / Math.sqrt(values.length)
  return [mean(values) - half, mean(values) + half]
}

/** The metric of an optimizer under each seed. */
export interface Sample {
  readonly label: string
  readonly values: readonly number[]
}

/**
 * Compares every pair of samples over the same seeds, with t tests of the differences, after Holm (Scandinavian Journal of Statistics 6, 1979):
 * the smallest of m tail probabilities is compared with 5 %/m, the next with 5 %/(m − 1), until one is too large. Intervals have the level of
 * their step, and the remaining pairs that of the last step, so that an interval contains 0 if and only if no difference is detected.
 *
 * @param resolution the smallest difference of the metric; the standard deviation is at least half of it
 */
export function compareSamples(samples: readonly Sample[], resolution = 0): Comparison[] {
  const pairs = samples.flatMap((a, i) =>
    samples.slice(i + 1).map((b) => ({ a, b, differences: a.values.map((value, k) => value - b.values[k]!) })),
  )
  const tested = pairs
    .filter(({ differences }) => differences.length > 1)
    .map((pair) => ({ ...pair, tail: tailOf(pair.differences, resolution / 2) }))
    .sort((one, other) => one.tail - other.tail)
  const isTooLarge = tested.findIndex(({ tail }, i) => tail > LEVEL / (tested.length - i))
  const detected = isTooLarge < 0 ? tested.length : isTooLarge
  return tested.map(({ a, b, differences }, i) => ({
    a: a.label,
    b: b.label,
    difference: mean(differences),
    interval: intervalOf(differences, LEVEL / (tested.length - Math.min(i, detected)), resolution / 2)!,
    adjusted: true,
  }))
}

function tailOf(differences: readonly number[], leastDeviation: number): number {
  const middle = mean(differences)
  const error = Math.max(deviation(differences), leastDeviation) / Math.sqrt(differences.length)
  if (error === 0) return middle === 0 ? 1 : 0
  return tailOfT(middle / error, differences.length - 1)
}

/** Whether a comparison detects a difference. */
export function isDetected({ interval: [low, high] }: Comparison): boolean {
  return low > 0 || high < 0
}

/** Returns labels, best first, in groups that cannot be separated: a label opens a new group if it differs detectably from one of the current. */
export function rankingOf(labels: readonly string[], comparisons: readonly Comparison[]): string[][] {
  const detected = new Set(comparisons.filter(isDetected).flatMap(({ a, b }) => [JSON.stringify([a, b]), JSON.stringify([b, a])]))
  const ranking: string[][] = []
  for (const label of labels) {
    const present = ranking.at(-1)
    if (present?.every((other) => !detected.has(JSON.stringify([label, other])))) present.push(label)
    else ranking.push([label])
  }
  return ranking
}
