/** Tensors and what allocates them, in one file because each refers to the other. */

import { newGenerator } from '../numerics/new-generator.ts'
import type { Generator } from '../numerics/random.ts'
import { checkRange, DownhillError } from '../validation/errors.ts'
import type { ElementKernels } from '../wasm/generated/kernels.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { dispose } from './dispose.ts'
import { bytesPerElement, type DType, type View, viewClasses } from './dtype.ts'
import type { Frame } from './frames.ts'
import { type Purpose, padded } from './heap.ts'
import { checkComputed, Memory } from './memory.ts'
import { type CheckedTensor, checkedTensor, checkNumbers, type Numbers, type TensorOptions } from './numbers.ts'
import { type Shape, showShape, sizeOf } from './shape.ts'
import { coalesced, isSparse, type SparseGradient, type SparseRows } from './sparse.ts'

/** Linear memory of tensors: the base class of arenas, independent of how the binary is compiled. */
export abstract class Allocator extends Memory {
  #generator: Generator | undefined

  /** Default generator of initial weights. */
  get generator(): Generator {
    this.#generator ??= newGenerator.of!() as Generator
    return this.#generator
  }

  /**
   * Allocates a parameter, zero unless `data` (row-major) is given.
   *
   * @param shape sizes of the axes; [] for a scalar
   * @throws `shape-mismatch` if data has another length, `out-of-memory`
   */
  parameter(shape: Shape, options: TensorOptions<FloatType> = {}): Parameter {
    const checked = this.#checked('parameter', shape, options)
    checkRange(checked.dtype !== ('int32' as DType), 'parameter', 'dtype', "'float32' or 'float64'", checked.dtype, 'dtype-mismatch')
    return this.#place(Parameter, 'parameters', checked)
  }

  /** Allocates a buffer of a module, zero unless `data` is given; it lives until it is disposed. Throws like `parameter`. */
  buffer(shape: Shape, options: TensorOptions<DType> = {}): Buffer {
    return this.#place(Buffer, 'tensors', this.#checked('buffer', shape, options))
  }

  /**
   * Allocates a tensor with a copy of `data`. Inside `frame` it lives until the frame ends, elsewhere until it is disposed.
   *
   * @throws `shape-mismatch` if data has another length than the shape, `out-of-memory`
   */
  tensor(data: Numbers, shape: Shape = [data?.length ?? 0], options: { readonly dtype?: DType } = {}): Tensor {
    const checked = this.#checked('tensor', shape, { ...options, data: data ?? null })
    if (!this.frames.current) return this.#place(Tensor, 'tensors', checked)
    const tensor = this.temporary(checked.shape, checked.dtype, 'tensor')
    tensor.data.set(checked.data!)
    return tensor
  }

  #place<T extends Tensor>(
    Kind: new (...of: ConstructorParameters<typeof Tensor>) => T,
    purpose: Purpose,
    { shape, dtype, data }: CheckedTensor,
  ): T {
    const address = this.heap.allocate(sizeOf(shape) * bytesPerElement[dtype], purpose)
    const tensor = new Kind(this, address, shape, dtype)
    if (data) tensor.data.set(data)
    return tensor
  }

  #checked<T extends DType>(by: string, shape: Shape, options: TensorOptions<T>): CheckedTensor<T> {
    this.assertAlive()
    const checked = checkedTensor(by, shape, options)
    return { ...checked, data: checked.data && this.detached(checked.data) }
  }

  /** @internal A tensor of the current frame, with contents not set yet. `by` is the function in an error. */
  temporary(shape: Shape, dtype: DType, by: string): Tensor {
    const address = this.frames.allocate(sizeOf(shape) * bytesPerElement[dtype], by)
    return new Tensor(this, address, shape, dtype, this.frames.current)
  }
}

/** Throws unless a function got an arena as its first argument. */
export function checkArena(by: string, arena: unknown): asserts arena is Allocator {
  checkRange(arena instanceof Allocator, by, 'the first argument', 'an Arena', arena, 'params-invalid')
}

/** The kernels for a tensor of floats. */
export function kernelsOf({ arena, dtype }: Tensor): ElementKernels {
  return arena.kernels[dtype as FloatType]
}

/**
 * An array of numbers in an arena, row-major. `arena.tensor`, `arena.parameter` and the functions of `downhill/nn` create tensors; the
 * constructor is not public. Keep the tensor, not its `data`: growth of the memory empties views, and each access returns a valid one.
 */
export class Tensor {
  readonly size: number
  /** Bytes of memory: a whole number of cache lines. */
  readonly bytes: number
  /** Whether `backward` computes a gradient for it. */
  requiresGrad = false
  readonly #arena: Allocator
  readonly #frame: Frame | undefined
  #gradAddress = 0
  #view: View | undefined
  #disposed = false

  /** @internal */
  constructor(
    arena: Allocator,
    readonly address: number,
    readonly shape: Shape,
    readonly dtype: DType,
    frame?: Frame,
  ) {
    this.#arena = arena
    this.#frame = frame
    this.size = sizeOf(shape)
    this.bytes = padded(this.size * bytesPerElement[dtype])
  }

  /** The arena of the tensor. */
  get arena(): Allocator {
    return this.#arena
  }

  /** The frame that frees it; undefined if it lives until `dispose()`. */
  get frame(): Frame | undefined {
    return this.#frame
  }

  /** @internal Address of the gradient during a backward pass; 0 while there is none. */
  get gradAddress(): number {
    return this.#gradAddress
  }

  /** @internal */
  set gradAddress(address: number) {
    this.#gradAddress = address
  }

  /** A live view of the numbers. The next operation reads the values written to it. */
  get data(): View {
    this.assertAlive('data')
    if (this.#view?.buffer !== this.#arena.memory) this.#view = this.#arena.view(this.dtype, this.address, this.size)
    return this.#view!
  }

  /** Returns the number in a tensor of size 1. */
  item(): number {
    checkRange(this.size === 1, 'item', 'the shape', '[] or all ones', this.shape, 'shape-mismatch')
    return this.data[0]!
  }

  /**
   * Computes the gradient of this number with respect to every parameter it was computed from, and adds it to their `grad`.
   *
   * @throws `backward-invalid` if it is not a scalar, needs no gradient, or was passed through before; `frame-ended` outside the frame that
   * computed it
   */
  backward(): void {
    this.assertAlive('backward')
    const { recorded } = this.#arena
    checkComputed(recorded !== undefined)
    recorded.backward(this)
  }

  /** Frees the memory, unless a frame owns it. A second call has no effect. */
  dispose(): void {
    if (this.#frame || this.#disposed || this.#arena.disposed) return
    this.#disposed = true
    this.#arena.heap.free(this.address)
  }

  [dispose](): void {
    this.dispose()
  }

  /** Whether the memory was freed by a frame, by `dispose()`, or with the arena. */
  get freed(): boolean {
    return this.#frame?.ended || this.#disposed || this.#arena.disposed
  }

  /** Returns the shape and dtype as a string, without the data. */
  toString(): string {
    return `tensor(shape=${showShape(this.shape)}, dtype=${this.dtype})`
  }

  /** Returns the shape and dtype, without the data. */
  toJSON(): { readonly shape: Shape; readonly dtype: DType } {
    return { shape: this.shape, dtype: this.dtype }
  }

  /** @internal Throws if its memory was freed. `use` is the operation in an error. */
  assertAlive(use: string): void {
    if (!this.freed) return
    this.#arena.assertAlive()
    if (this.#frame?.ended) throw new DownhillError('frame-ended', `${use}: ${this} was freed at the end of its frame`)
    throw new DownhillError('disposed', `${use}: ${this} was disposed`)
  }
}

/**
 * A tensor that belongs to a module and to its state dict, and that no optimizer updates: running means, counters (int32, which torch's files
 * store as int64).
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

  /** Whether it has a gradient, dense or sparse. Optimizers skip a parameter without one, as in torch. */
  get hasGrad(): boolean {
    return this.#hasGrad
  }

  /**
   * A live view of the gradient; null if there is none or if it is sparse. Assigning numbers copies them; assigning `{ indices, values }` makes
   * it sparse; assigning null removes it.
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
      this.#sparse = coalesced(this.shape, viewClasses[this.dtype], value)
      this.#hasGrad = true
      return
    }
    checkNumbers('Parameter', 'grad', this.shape, value)
    const own = this.arena.detached(value)
    this.makeGrad()
    this.grad!.set(own)
  }

  /** @internal Makes the gradient dense, with numbers to be written at the address returned. */
  makeGrad(): number {
    this.reserveGrad()
    this.#hasGrad = true
    this.#sparse = null
    return this.gradAddress
  }

  /** The rows of a sparse gradient; null if there is none or if it is dense. */
  get sparseGrad(): SparseRows | null {
    return this.#sparse
  }

  /** @internal Allocates memory for the gradient; `hasGrad` does not change. */
  reserveGrad(): number {
    if (!this.gradAddress) this.gradAddress = this.arena.heap.allocate(this.bytes, 'gradients')
    return this.gradAddress
  }

  /** Fills the gradient, if there is one, with zeros. */
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
