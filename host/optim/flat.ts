/** Vectors over all parameters of an optimizer, concatenated without gaps. */
import type { Arena } from '../memory/arena.ts'
import { densifyGrad } from '../memory/densify.ts'
import { bytesPerElement, type View } from '../memory/dtype.ts'
import { foldsOf } from '../memory/folds.ts'
import { padded } from '../memory/heap.ts'
import type { Parameter } from '../memory/tensor.ts'
import type { FloatType } from '../wasm/wasm.ts'

/** A vector's address. */
export type Flat = number

export class FlatVectors {
  readonly size: number
  readonly dtype: FloatType
  readonly #arena: Arena
  readonly #parameters: readonly Parameter[]
  readonly #free: Flat[] = []
  readonly #all: Flat[] = []

  constructor(parameters: readonly Parameter[]) {
    this.#arena = parameters[0]!.arena
    this.#parameters = parameters
    this.dtype = parameters[0]!.dtype as FloatType
    this.size = parameters.reduce((sum, { size }) => sum + size, 0)
  }

  /** Bytes of a vector. */
  get bytes(): number {
    return padded(this.size * bytesPerElement[this.dtype])
  }

  /** Returns a vector with unspecified contents, recycled if possible. */
  take(): Flat {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const made = this.#arena.heap.allocate(this.bytes, 'state')
    this.#all.push(made)
    return made
  }

  /** Makes vectors available to `take`. */
  recycle(...vectors: readonly Flat[]): void {
    this.#free.push(...vectors)
  }

  /** Recycles all vectors but these. */
  keepOnly(kept: readonly Flat[]): void {
    this.#free.length = 0
    this.#free.push(...this.#all.filter((vector) => !kept.includes(vector)))
  }

  release(): void {
    for (const vector of this.#all) this.#arena.heap.free(vector)
  }

  view(vector: Flat): View {
    return this.#arena.view(this.dtype, vector, this.size)
  }

  /** Computes out = a·x + b·y and returns out. */
  combine(out: Flat, x: Flat, y: Flat, a: number, b: number): Flat {
    this.#arena.kernels[this.dtype].combine(this.bytes, out, x, y, a, b)
    return out
  }

  /** Computes out = a·x and returns out. */
  scale(out: Flat, x: Flat, a: number): Flat {
    this.#arena.kernels[this.dtype].scale(this.bytes, out, x, a)
    return out
  }

  dot(x: Flat, y: Flat): number {
    return foldsOf(this.#arena).one('dot', this.dtype, this.size, x, y)
  }

  /** Returns the largest magnitude. */
  largest(x: Flat): number {
    return foldsOf(this.#arena).one('absMax', this.dtype, this.size, x)
  }

  /** Returns the sum of the magnitudes. */
  absSum(x: Flat): number {
    return foldsOf(this.#arena).one('absSum', this.dtype, this.size, x)
  }

  /** Concatenates all gradients, with zeros for parameters without one. */
  gradients(out: Flat): Flat {
    return this.#gather(out, (parameter) => {
      densifyGrad(parameter)
      return parameter.grad
    })
  }

  parameters(out: Flat): Flat {
    return this.#gather(out, ({ data }) => data)
  }

  #gather(out: Flat, part: (parameter: Parameter) => View | null): Flat {
    const all = this.view(out)
    let at = 0
    for (const parameter of this.#parameters) {
      const view = part(parameter)
      if (view) all.set(view, at)
      else all.fill(0, at, at + parameter.size)
      at += parameter.size
    }
    return out
  }

  setParameters(from: Flat): void {
    const all = this.view(from)
    let at = 0
    for (const parameter of this.#parameters) {
      parameter.data.set(all.subarray(at, at + parameter.size))
      at += parameter.size
    }
  }

  /** Moves the parameters by t along a direction. */
  move(t: number, direction: Flat): void {
    const kernels = this.#arena.kernels[this.dtype]
    let at = direction
    for (const { address, bytes, size } of this.#parameters) {
      kernels.combine(bytes, address, address, at, 1, t)
      at += size * bytesPerElement[this.dtype]
    }
  }
}
