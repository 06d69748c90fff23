import type { Tape } from './autograd/tape.ts'
import { dispose } from './dispose.ts'
import { check, DownhillError, shown } from './errors.ts'
import type { Folds } from './folds.ts'
import { Frames } from './frames.ts'
import { newGenerator } from './generators.ts'
import { Heap, type Purpose } from './heap.ts'
import { checkNumbers, type Numbers } from './numbers.ts'
import { checkNames } from './options.ts'
import type { Generator } from './random.ts'
import { checkedShape, type Shape, sizeOf } from './shape.ts'
import { Buffer, bytesPerElement, type DType, Parameter, Tensor, type View } from './tensor.ts'
import {
  type BinaryName,
  type CompiledModule,
  compile,
  compileSync,
  createMemory,
  type FloatType,
  instantiate,
  type Kernels,
} from './wasm.ts'

/** Options of `Arena.create`. */
export interface ArenaOptions {
  /** A compiled `downhill/downhill.wasm` or `downhill/downhill-relaxed.wasm`; an embedded binary if absent. */
  readonly module?: CompiledModule
  /**
   * Whether products of matrices are summed with the machine's fused multiply-add, where it has one: a third faster, and no longer the same
   * bits everywhere. Default false.
   */
  readonly relaxed?: boolean
  /** How large the linear memory may become, in bytes. Default 4 GiB, all that 32-bit addresses reach. */
  readonly maximumBytes?: number
}

const OPTIONS = ['module', 'relaxed', 'maximumBytes']

interface TensorOptions<T extends DType> {
  readonly dtype?: T
  readonly data?: Numbers
}

/** The same with a shape, checked; data of this arena's own memory is copied. */
interface Checked<T extends DType = DType> extends TensorOptions<T> {
  readonly shape: Shape
  readonly dtype: T
}

/** Bytes in use, by purpose; `total` is the size of the linear memory. */
export type Usage = Readonly<Record<Purpose | 'total', number>>

const FOUR_GIB = 2 ** 32
const FIRST_PAGES = 4

/**
 * Linear memory with the compute module over it: everything a model, its gradients and its optimizers hold lives here.
 *
 * @example
 * const arena = await Arena.create()
 * const w = arena.parameter([2, 3], { data: [1, 2, 3, 4, 5, 6] })
 * w.data[0] // 1
 */
export class Arena {
  /** @internal What the views look at; another object after each growth. */
  memory!: ArrayBuffer
  /** @internal The whole memory as f64 and as 32-bit words, for tables that kernels read. */
  f64!: Float64Array
  /** @internal */
  f32!: Float32Array
  /** @internal */
  u32!: Uint32Array
  /** @internal */
  readonly heap: Heap
  /** @internal */
  kernels: Kernels
  /** @internal */
  readonly frames: Frames
  /** @internal What was computed and has a gradient; autograd makes it (autograd/tape.ts), and a programme without has no code for it. */
  tape!: Tape
  /** @internal See foldsOf. */
  folds: Folds | undefined
  /** @internal See scratchOf. */
  scratch = 0
  #generator: Generator | undefined
  #disposed = false

  /**
   * Compiles the binary, once per process, and makes an arena of its own over it.
   *
   * @throws `runtime-unsupported` where WebAssembly, SIMD or, with `relaxed`, relaxed SIMD is missing or not allowed
   */
  static async create(options: ArenaOptions = {}): Promise<Arena> {
    const name = binaryOf('Arena.create', options)
    return new Arena(options.module ?? (await compile(name)), options)
  }

  /** The same without waiting, where the runtime compiles synchronously (browsers: up to 8 MB on the main thread). */
  static createSync(options: ArenaOptions = {}): Arena {
    const name = binaryOf('Arena.createSync', options)
    return new Arena(options.module ?? compileSync(name), options)
  }

  private constructor(module: CompiledModule, { maximumBytes = FOUR_GIB }: ArenaOptions) {
    check(
      Number.isFinite(maximumBytes) && maximumBytes >= FIRST_PAGES * 65536 && maximumBytes <= FOUR_GIB,
      'option-range',
      () => `maximumBytes is between ${FIRST_PAGES * 65536} and 2^32, not ${shown(maximumBytes)}`,
    )
    const memory = createMemory(FIRST_PAGES)
    this.kernels = instantiate(module, memory)
    this.#lookAt(memory.buffer)
    this.heap = new Heap(memory, maximumBytes, (buffer) => this.#lookAt(buffer))
    this.frames = new Frames(this.heap)
  }

  #lookAt(buffer: ArrayBuffer): void {
    this.memory = buffer
    this.f64 = new Float64Array(this.memory)
    this.f32 = new Float32Array(this.memory)
    this.u32 = new Uint32Array(this.memory)
  }

  /** Initial weights come from here where no other generator is given. */
  get generator(): Generator {
    this.#generator ??= newGenerator.of!()
    return this.#generator
  }

  /** Whether `dispose` was called. */
  get disposed(): boolean {
    return this.#disposed
  }

  /** @internal A window on `size` elements at an address. */
  view(dtype: DType, address: number, size: number): View {
    if (dtype === 'float32') return new Float32Array(this.memory, address, size)
    if (dtype === 'float64') return new Float64Array(this.memory, address, size)
    return new Int32Array(this.memory, address, size)
  }

  /**
   * A parameter, zero unless `data` (row-major) is given.
   *
   * @param shape sizes of the axes; [] for a scalar
   * @throws `shape-mismatch` if data has another length, `out-of-memory`
   */
  parameter(shape: Shape, options: TensorOptions<FloatType> = {}): Parameter {
    const checked = this.#checked('parameter', shape, options)
    check(checked.dtype !== ('int32' as DType), 'dtype-mismatch', 'a parameter is float32 or float64, not int32')
    return this.#place(Parameter, 'parameters', checked)
  }

  /** A buffer of a module, zero unless `data` is given; it lives until it is disposed. Throws like `parameter`. */
  buffer(shape: Shape, options: TensorOptions<DType> = {}): Buffer {
    return this.#place(Buffer, 'tensors', this.#checked('buffer', shape, options))
  }

  /**
   * A tensor with a copy of `data`. Inside `frame` it lives until the frame ends, elsewhere until it is disposed.
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
    { shape, dtype, data }: Checked,
  ): T {
    const address = this.heap.allocate(sizeOf(shape) * bytesPerElement[dtype], purpose)
    const tensor = new Kind(this, address, shape, dtype)
    if (data) tensor.data.set(data)
    return tensor
  }

  #checked<T extends DType>(by: string, shape: Shape, options: TensorOptions<T>): Checked<T> {
    this.assertAlive()
    checkNames(by, ['dtype', 'data'], options)
    const { dtype = 'float32' as T, data } = options
    check(
      typeof dtype === 'string' && Object.hasOwn(bytesPerElement, dtype),
      'dtype-mismatch',
      () => `dtype is float32, float64 or int32, not ${shown(dtype)}`,
    )
    const own = checkedShape(shape)
    if (data !== undefined) checkNumbers(by, own, data)
    return { shape: own, dtype, ...(data && { data: this.detached(data) }) }
  }

  /** @internal The numbers, copied if they are a view of this arena's own memory: a growth would empty it. */
  detached(numbers: Numbers): Numbers {
    return ArrayBuffer.isView(numbers) && numbers.buffer === this.memory ? (numbers as View).slice() : numbers
  }

  /** @internal A tensor of the current frame whose contents are not set yet. `by` is the function an error names. */
  temporary(shape: Shape, dtype: DType, by: string): Tensor {
    const address = this.frames.allocate(sizeOf(shape) * bytesPerElement[dtype], by)
    return new Tensor(this, address, shape, dtype, this.frames.current)
  }

  /**
   * Runs `body`; the tensors made in it, and what autograd remembers of them, are gone when it returns. Frames nest.
   *
   * @throws `frame-async` if body is asynchronous: the frame would end before it does
   */
  frame<T>(body: () => T): T {
    this.assertAlive()
    check(typeof body === 'function', 'option-range', () => `arena.frame() takes a function, not ${shown(body)}`)
    if (body.constructor.name === 'AsyncFunction') throw asynchronous()
    const frame = this.frames.enter()
    const mark = this.tape?.length ?? 0
    try {
      const result = body()
      if (result instanceof Promise) {
        result.catch(() => {})
        throw asynchronous()
      }
      return result
    } finally {
      this.tape?.truncate(mark)
      this.frames.leave(frame)
    }
  }

  /** Bytes in use by purpose, and the size of the linear memory. */
  usage(): Usage {
    return { ...this.heap.used, total: this.memory.byteLength }
  }

  /** Lets go of the memory, also where something still refers to the arena. Its tensors and optimizers cannot be used any more; a second call is harmless. */
  dispose(): void {
    this.#disposed = true
    this.heap.release()
    this.kernels = undefined as unknown as Kernels
    this.#lookAt(new ArrayBuffer(0))
  }

  [dispose](): void {
    this.dispose()
  }

  /** @internal */
  assertAlive(): void {
    if (this.#disposed) throw new DownhillError('disposed', 'the arena was disposed')
  }
}

/** Which binary is asked for. */
function binaryOf(by: string, options: ArenaOptions): BinaryName {
  checkNames(by, OPTIONS, options)
  const { module, relaxed = false } = options
  check(typeof relaxed === 'boolean', 'option-range', () => `${by}: relaxed is true or false, not ${shown(relaxed)}`)
  check(!(relaxed && module), 'option-range', `${by} takes relaxed or module, not both: the module says which it is`)
  return relaxed ? 'relaxed' : 'downhill'
}

function asynchronous(): DownhillError {
  return new DownhillError('frame-async', 'arena.frame() takes a synchronous function: its tensors are gone when it returns')
}
