/** Classical test functions with a known minimum of 0. */
import type { Arena } from '../memory/arena.ts'
import { cosPi, log, pow } from '../numerics/portable.ts'
import type { Generator } from '../numerics/random.ts'
import { checkRange } from '../validation/errors.ts'
import type { Problem, Session } from './problem.ts'

/** A test function. */
export interface Surface {
  readonly name: string
  /** Runs start with each number in this range. */
  readonly start: readonly (readonly [low: number, high: number])[]
  /** Returns the value at a point. */
  value(x: ArrayLike<number>): number
  /** Returns the gradient at a point. */
  gradient(x: ArrayLike<number>): number[]
}

/** ½ Σ κ^(i/(n−1)) xᵢ²: a bowl with condition number κ. */
export function quadratic(condition: number, dimensions = 10): Surface {
  const fits = Number.isFinite(condition) && condition >= 1 && condition <= 1e12
  checkRange(fits, 'quadratic', 'condition', 'a number in [1, 1e12]', condition)
  const curvature = Array.from({ length: dimensions }, (_, i) => pow(condition, i / (dimensions - 1)))
  return {
    name: `quadratic with condition number ${condition}`,
    start: curvature.map(() => [-1, 1]),
    value: (x) => curvature.reduce((sum, c, i) => sum + (c * x[i]! * x[i]!) / 2, 0),
    gradient: (x) => curvature.map((c, i) => c * x[i]!),
  }
}

const plane = (low: number, high: number) =>
  [
    [low, high],
    [low, high],
  ] as const

/** Rosenbrock (The Computer Journal 3, 1960): a curved valley. */
export const rosenbrock: Surface = {
  name: 'Rosenbrock',
  start: plane(-2, 2),
  value: (p) => square(1 - p[0]!) + 100 * square(p[1]! - p[0]! * p[0]!),
  gradient: (p) => {
    const [x, bend] = [p[0]!, p[1]! - p[0]! * p[0]!]
    return [-2 * (1 - x) - 400 * x * bend, 200 * bend]
  },
}

/** Beale: flat far from the minimum, with steep edges. */
export const beale: Surface = {
  name: 'Beale',
  start: plane(-2, 2),
  value: (p) => bealeTerms(p).reduce((sum, { term }) => sum + term * term, 0),
  gradient: (p) => [0, 1].map((axis) => bealeTerms(p).reduce((sum, { term, slopes }) => sum + 2 * term * slopes[axis]!, 0)),
}

function bealeTerms(p: ArrayLike<number>) {
  const [x, y] = [p[0]!, p[1]!]
  return [1.5, 2.25, 2.625].map((c, i) => {
    const power = i === 0 ? y : i === 1 ? y * y : y * y * y
    const slope = i === 0 ? 1 : i === 1 ? 2 * y : 3 * y * y
    return { term: c - x + x * power, slopes: [power - 1, x * slope] }
  })
}

/** Himmelblau: four minima. */
export const himmelblau: Surface = {
  name: 'Himmelblau',
  start: plane(-4, 4),
  value: (p) => square(p[0]! * p[0]! + p[1]! - 11) + square(p[0]! + p[1]! * p[1]! - 7),
  gradient: (p) => {
    const [x, y] = [p[0]!, p[1]!]
    const [a, b] = [x * x + y - 11, x + y * y - 7]
    return [4 * x * a + 2 * b, 2 * a + 4 * y * b]
  },
}

/** Rastrigin: a bowl with many local minima. */
export const rastrigin: Surface = {
  name: 'Rastrigin',
  start: plane(-4, 4),
  value: (p) => Array.from(p).reduce((sum, x) => sum + x * x + 10 - 10 * cosPi(2 * x), 0),
  gradient: (p) => Array.from(p, (x) => 2 * x + 20 * Math.PI * cosPi(2 * x - 0.5)),
}

function square(x: number): number {
  return x * x
}

/** Steps from one point of a curve to the next. */
export const STEPS_PER_POINT = 10
/** Smaller values count as this value. */
const SMALLEST = 1e-16

/** A function as a problem: seeds choose the starting points, and the metric is −log₁₀ of the value, the number of correct digits. */
export function surfaceProblem(surface: Surface, sha256: string): Problem {
  const { name, start } = surface
  return {
    facts: { name, kind: 'function', rows: 0, features: start.length, split: { train: 0, validation: 0, test: 0, seed: 0 }, sha256 },
    model: { layers: [`${start.length} numbers`] },
    metric: '−log₁₀ loss',
    resolution: 0,
    stepsPerPoint: STEPS_PER_POINT,
    notes: [],
    begin: (arena, generator) => begin(arena, surface, generator),
  }
}

function begin(arena: Arena, { start, value, gradient }: Surface, generator: Generator): Session {
  const data = start.map(([low, high]) => low + (high - low) * generator.uniform())
  const x = arena.parameter([start.length], { dtype: 'float64', data })
  const portion = {
    rows: 1,
    gradients() {
      x.grad = gradient(x.data)
      return value(x.data)
    },
  }
  return {
    parameters: [x],
    steps: STEPS_PER_POINT,
    epoch: () => Array(STEPS_PER_POINT).fill(portion),
    metric: () => -log(Math.max(value(x.data), SMALLEST)) / Math.LN10,
    dispose: () => x.dispose(),
  }
}
