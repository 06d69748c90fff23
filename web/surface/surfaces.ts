/** The surfaces. */
import { beale, himmelblau, quadratic, rastrigin, rosenbrock } from '../../host/compare/surfaces.ts'
import { parseExpression } from './expression.ts'

export type Pair = readonly [number, number]

export interface Ground {
  value(at: ArrayLike<number>): number
  gradient(at: ArrayLike<number>): number[]
  /** The part that is always visible. */
  readonly box: { readonly x: Pair; readonly y: Pair }
  readonly minima: readonly Pair[]
}

/** Settings of a surface. */
export interface Making {
  readonly condition: number
  readonly expression: string
  /** Visible distance from the origin, for a typed function. */
  readonly extent: number
}

interface Kind {
  readonly title: string
  readonly start: Pair
  /** A stable learning rate for plain gradient descent. */
  readonly rate: number
  make(making: Making): Ground
}

const box = (low: number, high: number) => ({ x: [low, high], y: [low, high] }) as const

/** ½x² + ¼y⁴ − ½y²: a saddle at the origin, with a minimum on either side. */
export const saddle = {
  value: (p: ArrayLike<number>) => (p[0]! * p[0]!) / 2 + (p[1]! * p[1]! * p[1]! * p[1]!) / 4 - (p[1]! * p[1]!) / 2,
  gradient: (p: ArrayLike<number>) => [p[0]!, p[1]! * p[1]! * p[1]! - p[1]!],
}

export const kinds = {
  rosenbrock: {
    title: 'Rosenbrock: a bent valley',
    start: [-1.2, 1],
    rate: 0.0003,
    make: () => ({ ...rosenbrock, box: { x: [-2, 2], y: [-0.9, 3.1] }, minima: [[1, 1]] }),
  },
  quadratic: {
    title: 'Quadratic: a bowl, steeper along one axis',
    start: [-1, 0.8],
    rate: 0.005,
    make: ({ condition }) => ({ ...quadratic(condition, 2), box: box(-1.2, 1.2), minima: [[0, 0]] }),
  },
  beale: {
    title: 'Beale: flat, with steep rims',
    start: [0.5, -1.5],
    rate: 0.0003,
    make: () => ({ ...beale, box: { x: [-3, 4.5], y: [-3, 3] }, minima: [[3, 0.5]] }),
  },
  himmelblau: {
    title: 'Himmelblau: four minima',
    start: [-0.5, -1],
    rate: 0.002,
    make: () => ({
      ...himmelblau,
      box: box(-5.5, 5.5),
      minima: [
        [3, 2],
        [-2.805118, 3.131312],
        [-3.77931, -3.283186],
        [3.584428, -1.848126],
      ],
    }),
  },
  rastrigin: {
    title: 'Rastrigin: many local minima',
    start: [3.4, -2.7],
    rate: 0.001,
    make: () => ({ ...rastrigin, box: box(-4.5, 4.5), minima: [[0, 0]] }),
  },
  saddle: {
    title: 'Saddle: flat between two minima',
    start: [-1.6, 0.01],
    rate: 0.05,
    make: () => ({
      ...saddle,
      box: box(-1.9, 1.9),
      minima: [
        [0, 1],
        [0, -1],
      ],
    }),
  },
  typed: {
    title: 'Your own function',
    start: [0.7, 0.25],
    rate: 0.01,
    make: ({ expression, extent }) => ({ ...parseExpression(expression), box: box(-extent, extent), minima: [] }),
  },
} as const satisfies Readonly<Record<string, Kind>>

export type SurfaceName = keyof typeof kinds
export const surfaceNames = Object.keys(kinds) as SurfaceName[]
