import type { Arena } from './arena.ts'
import { dispose } from './dispose.ts'
import { check, DownhillError } from './errors.ts'
import type { Frame } from './frames.ts'
import type { ElementKernels } from './generated/kernels.ts'
import { padded } from './heap.ts'
import { checkNumbers, type Numbers } from './numbers.ts'
import { type Shape, showShape, sizeOf } from './shape.ts'
import { coalesced, isSparse, type SparseGradient, type SparseRows } from './sparse.ts'
import type { FloatType } from './wasm.ts'

/** Element types. Labels and indices are int32; everything differentiable is float32 or float64. */
export type DType = 'float32' | 'float64' | 'int32'

export const bytesPerElement: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4 }

/** A live window on linear memory. */
export type View = Float32Array | Float64Array | Int32Array

/** The kernels for a tensor of floats. */
export function kernelsOf({ arena, dtype }: Tensor): ElementKernels {
  return arena.kernels[dtype as FloatType]
}

/** Throws unless there is something to pass a gradient back through. */
export function checkComputed(isComputed: boolean): asserts isComputed {
  check(isComputed, 'backward-invalid', 'backward() from a tensor that was not computed from a parameter in this frame')
}

/**
 * An array of numbers in an arena, row-major. Made by `arena.tensor`, `arena.parameter` and the functions of `downhill/nn`, not by `new`.
 * Keep the tensor, not its `data`: views are empty after the arena's memory has grown, and each access gives a valid one.
 */
export class Tensor {
  readonly size: number
  /** Bytes of memory it takes: a whole number of cache lines. */
  readonly bytes: number
  /** Whether `backward` computes a gradient for it. */
  requiresGrad = false
  /** @internal Where the gradient stands during a backward pass; 0 while there is none. */
  gradAddress = 0
  #view: View | undefined
  #disposed = false

  /** @internal */
  constructor(
    readonly arena: Arena,
    readonly address: number,
    readonly shape: Shape,
    readonly dtype: DType,
    /** The frame it ends with; undefined if it lives until `dispose()`. */
    readonly frame?: Frame,
  ) {
    this.size = sizeOf(shape)
    this.bytes = padded(this.size * bytesPerElement[dtype])
  }

  /** Its numbers, live: what is written here is what the next operation reads. */
  get data(): View {
    this.assertAlive('data')
    if (this.#view?.buffer !== this.arena.memory) this.#view = this.arena.view(this.dtype, this.address, this.size)
    return this.#view!
  }

  /** The one number of a tensor of size 1. */
  item(): number {
    check(this.size === 1, 'shape-mismatch', () => `item() is for one number, and this tensor is ${showShape(this.shape)}`)
    return this.data[0]!
  }

  /**
   * Computes the gradient of this number with respect to every parameter it was computed from, and adds it to their `grad`.
   * Throws `backward-invalid` if it is not a scalar, needs no gradient, or was passed through before.
   */
  backward(): void {
    this.assertAlive('backward')
    const { tape } = this.arena
    checkComputed(tape !== undefined)
    tape.backward(this)
  }

  /** Gives its memory back, unless that belongs to a frame. Twice is harmless. */
  dispose(): void {
    if (this.#disposed || this.frame || this.arena.disposed) return
    this.#disposed = true
    this.arena.heap.free(this.address)
  }

  [dispose](): void {
    this.dispose()
  }

  /** @internal Throws if its memory is no longer its own. `use` says what was about to happen. */
  assertAlive(use: string): void {
    if (!this.frame?.ended && !this.#disposed && !this.arena.disposed) return
    const [code, why] = this.frame?.ended
      ? (['frame-ended', 'its frame has ended'] as const)
      : (['disposed', `${this.arena.disposed ? 'its arena' : 'it'} was disposed`] as const)
    throw new DownhillError(code, `${use}: the ${this.dtype} tensor ${showShape(this.shape)} is gone, ${why}`)
  }
}

/**
 * A tensor that belongs to a module and to its state, and that no optimizer updates: running means, counters (int32, which torch's files
 * have as int64).
 */
export class Buffer extends Tensor {}

/**
 * A tensor that optimizers update. It lives until it, or its arena, is disposed.
 *
 * @example
 * const embedding = arena.parameter([1000, 2])
 * embedding.grad = { indices: [7, 3, 7], values: [1, 1, 2, 2, 3, 3] }
 * Array.from(embedding.sparseGrad.values) // [2,2,4,4]
 * embedding.grad = null
 * embedding.hasGrad // false
 */
export class Parameter extends Tensor {
  #hasGrad = false
  #sparse: SparseRows | null = null
  #gradView: View | undefined
  override requiresGrad = true

  /** Whether there is a gradient, of all rows or of some. Without one an optimizer passes the parameter over, as in torch. */
  get hasGrad(): boolean {
    return this.#hasGrad
  }

  /**
   * The gradient, live; null if there is none or if it is sparse. Assigning numbers copies them in, assigning `{ indices, values }` makes it
   * sparse, assigning null removes it.
   */
  get grad(): View | null {
    this.assertAlive('grad')
    if (!this.#hasGrad || this.#sparse) return null
    if (this.#gradView?.buffer !== this.arena.memory) {
      this.#gradView = this.arena.view(this.dtype, this.gradAddress, this.size)
    }
    return this.#gradView!
  }

  set grad(value: Numbers | SparseGradient | null) {
    if (value === null) {
      this.#hasGrad = false
      this.#sparse = null
      return
    }
    this.assertAlive('grad')
    if (isSparse(value)) {
      const make = this.dtype === 'float32' ? (size: number) => new Float32Array(size) : (size: number) => new Float64Array(size)
      this.#sparse = coalesced(this.shape, make, value)
      this.#hasGrad = true
      return
    }
    checkNumbers('grad', this.shape, value)
    const own = this.arena.detached(value)
    this.makeGrad()
    this.grad!.set(own)
  }

  /** @internal Where to write the numbers of a gradient of all rows, which there is from now on. */
  makeGrad(): number {
    this.reserveGrad()
    this.#hasGrad = true
    this.#sparse = null
    return this.gradAddress
  }

  /** The rows of a sparse gradient; null if there is none or if it has all rows. */
  get sparseGrad(): SparseRows | null {
    return this.#sparse
  }

  /** @internal Memory for the gradient, without there being one yet. */
  reserveGrad(): number {
    if (!this.gradAddress) this.gradAddress = this.arena.heap.allocate(this.bytes, 'gradients')
    return this.gradAddress
  }

  /** Sets the gradient, if there is one, to zero. */
  zeroGrad(): void {
    if (this.#sparse) this.#sparse.values.fill(0)
    else this.grad?.fill(0)
  }

  override dispose(): void {
    if (this.gradAddress && !this.arena.disposed) this.arena.heap.free(this.gradAddress)
    this.gradAddress = 0
    this.#hasGrad = false
    this.#sparse = null
    super.dispose()
  }
}
