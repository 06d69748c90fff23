/** Random choices, and the computations that they are made for. */
import * as downhill from '../../host/index.ts'

type Shape = readonly number[]

/** Random choices. */
export class Draw {
  readonly #random: downhill.Generator

  constructor(seed: number) {
    this.#random = new downhill.Generator(seed)
  }

  int(min: number, max: number): number {
    return min + Math.floor(this.#random.uniform() * (max - min + 1))
  }

  bool(): boolean {
    return this.int(0, 1) === 1
  }

  of<T>(...values: readonly T[]): T {
    return values[this.int(0, values.length - 1)]!
  }

  /** Returns a size that is often small and seldom large. */
  size(most: number): number {
    return Math.ceil(most * this.#random.uniform() ** 3) || 1
  }

  shape(least = 0, most = 4, elements = 4000): number[] {
    let room = elements
    return Array.from({ length: this.int(least, most) }, () => {
      const size = this.size(room)
      room = Math.floor(room / size)
      return size
    })
  }

  /** Returns a shape that broadcasts to `shape`. */
  within(shape: Shape): number[] {
    return shape.slice(this.int(0, shape.length)).map((size) => (this.int(0, 3) ? size : 1))
  }

  order(n: number): number[] {
    return Array.from(this.#random.permutation(n))
  }

  numbers(size: number, low = -2, high = 2): number[] {
    return Array.from({ length: size }, () => low + (high - low) * this.#random.uniform())
  }

  indices(size: number, n: number): number[] {
    return Array.from({ length: size }, () => this.int(0, n - 1))
  }
}

/** A computation with its choices made: the shapes of its parameters, the range of their numbers, and what is done with them. */
export interface Call {
  readonly shapes: readonly Shape[]
  readonly low?: number
  /** Returns tensors to differentiate, or arrays to compare. */
  readonly run: (
    arena: downhill.Arena,
    params: downhill.Parameter[],
    dtype: downhill.FloatType,
  ) => readonly (downhill.Tensor | downhill.View)[]
}
