import type { GeneratorValue } from 'fast-check'
import fc from 'fast-check'
import { Arena, Generator, type Parameter, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'

const { add, affine, mul, sum } = nn.functional

/** An input's shape and how its values are drawn. */
export interface Input {
  readonly shape: readonly number[]
  readonly draw: (random: Generator, size: number) => ArrayLike<number>
}

/** A function with its options fixed, and the inputs it is differentiated with respect to. */
export interface Case {
  readonly inputs: readonly Input[]
  readonly f: (...x: Tensor[]) => Tensor | readonly Tensor[]
}

const each = (value: (u: number) => number) => (random: Generator, size: number) =>
  Array.from({ length: size }, () => value(random.uniform()))

/** Input distributions for a given shape. */
export const smooth = (shape: readonly number[]): Input => ({ shape, draw: each((u) => 4 * u - 2) })
export const positive = (shape: readonly number[]): Input => ({ shape, draw: each((u) => 0.2 + 1.8 * u) })
/** Values away from the kink at 0. */
export const away = (shape: readonly number[]): Input => ({ shape, draw: each((u) => (u < 0.5 ? 4 * u - 2.1 : 4 * u - 1.9)) })
/** Values that differ pairwise by at least a fixed gap. */
export const distinct = (shape: readonly number[]): Input => ({
  shape,
  draw: (random, size) => Array.from(random.permutation(size), (place) => (4 * (place + 0.5)) / size - 2),
})
/** Multiples of 1/4, and multiples of 1/4 plus 0.1: a difference between the two is never a multiple of 1/4. */
export const quarters = (shape: readonly number[]): Input => ({ shape, draw: each((u) => Math.floor(16 * u) / 4 - 2) })
export const between = (shape: readonly number[]): Input => ({ shape, draw: each((u) => Math.floor(16 * u) / 4 - 1.9) })

/** Random choices made by fast-check, so that it can shrink them. */
export class Choices {
  constructor(private readonly choose: GeneratorValue) {}

  int(min: number, max: number): number {
    return this.choose(fc.integer, { min, max })
  }

  bool(): boolean {
    return this.choose(fc.boolean)
  }

  of<T>(...values: readonly T[]): T {
    return values[this.int(0, values.length - 1)]!
  }

  /** Returns a shape with `least` to `most` axes of size 1 or more, and at most `elements` elements. */
  shape(least = 0, most = 4, elements = 32): number[] {
    let room = elements
    return Array.from({ length: this.int(least, most) }, () => {
      const size = this.int(1, Math.min(7, room))
      room = Math.floor(room / size)
      return size
    })
  }

  /** Returns a shape that broadcasts to `shape`. */
  within(shape: readonly number[]): number[] {
    return shape.slice(this.int(0, shape.length)).map((size) => (this.int(0, 3) ? size : 1))
  }

  /** Returns an axis, counted from either end. */
  axis(rank: number): number {
    return rank ? this.int(-rank, rank - 1) : this.int(-1, 0)
  }

  /** Returns a shape and one of its axes. */
  along(): [shape: number[], dim: number] {
    const shape = this.shape()
    return [shape, this.axis(shape.length)]
  }

  /** Returns the input or null. */
  maybe(input: Input): Input | null {
    return this.bool() ? input : null
  }

  /** Returns a permutation of the integers below n. */
  order(n: number): number[] {
    return this.choose(fc.shuffledSubarray, [...Array(n).keys()], { minLength: n, maxLength: n })
  }

  /** Returns `count` integers below n. */
  indices(count: number, n: number): number[] {
    return Array.from({ length: count }, () => this.int(0, n - 1))
  }
}

export const arena = await Arena.create()
const random = new Generator(17)

/** Creates parameters, passes them to `body`, and disposes them. */
export function withParameters<T>(inputs: readonly Input[], body: (...params: Parameter[]) => T): T {
  const params = inputs.map(({ shape, draw }) => {
    const size = shape.reduce((product, n) => product * n, 1)
    return arena.parameter(shape, { dtype: 'float64', data: draw(random, size) })
  })
  try {
    return body(...params)
  } finally {
    for (const parameter of params) parameter.dispose()
  }
}

export const one = (input: Input, f: (x: Tensor) => Tensor): Case => ({ inputs: [input], f: (x) => f(x!) })

/** Creates a case whose inputs may be null. */
export function some(inputs: readonly (Input | null)[], f: (...x: any[]) => Tensor | readonly Tensor[]): Case {
  return {
    inputs: inputs.filter((input) => input !== null),
    f: (...tensors) => f(...inputs.map((input) => input && tensors.shift()!)),
  }
}

/** Returns a distinct weight for each output element. */
const weight = (i: number) => (((7 * i) % 11) - 4.75) / 4

const list = (result: Tensor | readonly Tensor[]) => (Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor])

/** Returns Σ weight·output as a tensor. */
export function weighted(result: Tensor | readonly Tensor[]): Tensor {
  return list(result)
    .map((y) =>
      sum(
        mul(
          y,
          arena.tensor(
            Float64Array.from({ length: y.size }, (_, i) => weight(i)),
            y.shape,
            { dtype: 'float64' },
          ),
        ),
      ),
    )
    .reduce((a, b) => add(a, b))
}

/**
 * Returns the largest error of the gradients of Σ weight·f against fourth-order finite differences, relative to max(1, |difference|). The function is
 * applied twice, with factors 1 and 2, so that gradients also accumulate; `isInner` makes the inputs results of another function.
 */
export function worstError({ inputs, f }: Case, isInner: boolean): number {
  return withParameters(inputs, (...params) => {
    const value = () =>
      arena.frame(() => {
        const outputs = nn.noGrad(arena, () => list(f(...params)))
        return outputs.reduce((total, { data }) => (data as Float64Array).reduce((so, y, i) => so + y * weight(i), total), 0)
      })
    arena.frame(() => {
      const given = isInner ? params.map((parameter) => affine(parameter, 1, 0)) : params
      add(weighted(f(...given)), weighted(f(...given)), { alpha: 2 }).backward()
    })
    let worst = 0
    for (const parameter of params) {
      for (let i = 0; i < parameter.size; i++) {
        const x = parameter.data[i]!
        const h = 1e-4 * Math.max(1, Math.abs(x))
        const at = (steps: number) => {
          parameter.data[i] = x + steps * h
          return value()
        }
        const slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)
        parameter.data[i] = x
        const error = Math.abs(parameter.grad![i]! / 3 - slope) / Math.max(1, Math.abs(slope))
        worst = error <= worst ? worst : error
      }
    }
    return worst
  })
}

/** Returns the outputs and the gradients of Σ weight·f for float64 tensors of shapes [2, 3] and [3, 3]. */
export function passed(f: (x: Tensor, w: Parameter) => Tensor) {
  const data = { x: [0.3, -1.2, 2, 0.7, -0.1, 1.1], w: [1, -0.5, 0.25, 2, 0.75, -1.5, 0.4, 0.1, -0.9] }
  const inputs = [
    { shape: [2, 3], draw: () => data.x },
    { shape: [3, 3], draw: () => data.w },
  ]
  return withParameters(inputs, (x, w) => {
    const y = arena.frame(() => {
      const result = f(x!, w!)
      weighted(result).backward()
      return [...result.data]
    })
    return { y, x: x!.grad && [...x!.grad], w: w!.grad && [...w!.grad] }
  })
}
