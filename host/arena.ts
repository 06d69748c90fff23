import { Tape } from './autograd/tape.ts'
import { dispose } from './dispose.ts'
import { check, DownhillError, shown } from './errors.ts'
import { Frames } from './frames.ts'
import { Heap, type Purpose } from './heap.ts'
import { Generator } from './random.ts'
import { checkedShape, type Shape, showShape, sizeOf } from './shape.ts'
import { bytesPerElement, type DType, type Numbers, Parameter, Tensor, type View } from './tensor.ts'
import { compile, compileSync, type FloatType, instantiate, type Kernels } from './wasm.ts'

export interface ArenaOptions {
  /** A compiled `downhill/downhill.wasm`; the embedded binary if absent. */
  readonly module?: WebAssembly.Module
  /** How large the linear memory may become, in bytes. Default 4 GiB, all that 32-bit addresses reach. */
  readonly maximumBytes?: number
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
  /** Present buffer of the memory; another object after each growth. */
  buffer: ArrayBuffer
  /** The whole memory as f64 and as 32-bit words, for tables that kernels read. */
  f64: Float64Array
  f32: Float32Array
  u32: Uint32Array
  readonly heap: Heap
  readonly kernels: Kernels
  readonly frames: Frames
  readonly tape = new Tape()
  /** Initial weights come from here where no other generator is given. */
  readonly generator = new Generator()
  #disposed = false
  #scratch = 0

  /** Compiles the binary, once per process, and makes an arena of its own over it. */
  static async create(options: ArenaOptions = {}): Promise<Arena> {
    return new Arena(options.module ?? (await compile()), options)
  }

  /** The same without waiting, where the runtime compiles synchronously (browsers: up to 8 MB on the main thread). */
  static createSync(options: ArenaOptions = {}): Arena {
    return new Arena(options.module ?? compileSync(), options)
  }

  private constructor(module: WebAssembly.Module, { maximumBytes = FOUR_GIB }: ArenaOptions) {
    check(
      Number.isFinite(maximumBytes) && maximumBytes >= FIRST_PAGES * 65536 && maximumBytes <= FOUR_GIB,
      'option-range',
      () => `maximumBytes is between ${FIRST_PAGES * 65536} and 2^32, not ${shown(maximumBytes)}`,
    )
    const memory = new WebAssembly.Memory({ initial: FIRST_PAGES })
    this.kernels = instantiate(module, memory)
    this.buffer = memory.buffer
    this.f64 = new Float64Array(this.buffer)
    this.f32 = new Float32Array(this.buffer)
    this.u32 = new Uint32Array(this.buffer)
    this.heap = new Heap(memory, maximumBytes, () => this.#renew())
    this.frames = new Frames(this.heap)
  }

  #renew(): void {
    this.buffer = this.heap.memory.buffer
    this.f64 = new Float64Array(this.buffer)
    this.f32 = new Float32Array(this.buffer)
    this.u32 = new Uint32Array(this.buffer)
  }

  get disposed(): boolean {
    return this.#disposed
  }

  /** A window on `size` elements at an address. */
  view(dtype: DType, address: number, size: number): View {
    if (dtype === 'float32') return new Float32Array(this.buffer, address, size)
    if (dtype === 'float64') return new Float64Array(this.buffer, address, size)
    return new Int32Array(this.buffer, address, size)
  }

  /**
   * A parameter, zero unless `data` (row-major) is given.
   *
   * @param shape sizes of the axes; [] for a scalar
   * @throws `shape-mismatch` if data has another length, `out-of-memory`
   */
  parameter(shape: Shape, options: { readonly dtype?: FloatType; readonly data?: Numbers } = {}): Parameter {
    const { dtype = 'float32', data } = options
    const own = this.#checked(shape, dtype, data)
    check(dtype !== ('int32' as DType), 'dtype-mismatch', 'a parameter is float32 or float64, not int32')
    const address = this.heap.allocate(sizeOf(own) * bytesPerElement[dtype], 'parameters')
    const parameter = new Parameter(this, address, own, dtype)
    if (data) parameter.data.set(data)
    return parameter
  }

  /**
   * A tensor with a copy of `data`. Inside `frame` it lives until the frame ends, elsewhere until it is disposed.
   *
   * @throws `shape-mismatch` if data has another length than the shape, `out-of-memory`
   */
  tensor(data: Numbers, shape: Shape = [data.length], options: { readonly dtype?: DType } = {}): Tensor {
    const { dtype = 'float32' } = options
    const own = this.#checked(shape, dtype, data)
    const bytes = sizeOf(own) * bytesPerElement[dtype]
    const frame = this.frames.current
    const address = frame ? this.frames.allocate(bytes, 'tensor') : this.heap.allocate(bytes, 'tensors')
    const tensor = new Tensor(this, address, own, dtype, frame)
    tensor.data.set(data)
    return tensor
  }

  #checked(shape: Shape, dtype: DType, data: Numbers | undefined): Shape {
    this.assertAlive()
    check(dtype in bytesPerElement, 'dtype-mismatch', () => `dtype is float32, float64 or int32, not ${shown(dtype)}`)
    const own = checkedShape(shape)
    check(
      data === undefined || data?.length === sizeOf(own),
      'shape-mismatch',
      () => `${showShape(own)} has ${sizeOf(own)} numbers, and data has ${data?.length ?? shown(data)}`,
    )
    return own
  }

  /** A tensor of the current frame whose contents are not set yet. `by` is the function an error names. */
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
    const frame = this.frames.enter()
    const mark = this.tape.length
    try {
      const result = body()
      if (result instanceof Promise) {
        result.catch(() => {})
        throw new DownhillError('frame-async', 'arena.frame() takes a synchronous function: its tensors are gone when it returns')
      }
      return result
    } finally {
      this.tape.truncate(mark)
      this.frames.leave(frame)
    }
  }

  /** Working memory for `gemm`, made at its first use. */
  get scratch(): number {
    this.#scratch ||= this.heap.allocate(this.kernels.gemmScratch(), 'work')
    return this.#scratch
  }

  /** Bytes in use by purpose, and the size of the linear memory. */
  usage(): Usage {
    return { ...this.heap.used, total: this.buffer.byteLength }
  }

  /** Lets go of the memory. Its tensors and optimizers cannot be used any more; a second call is harmless. */
  dispose(): void {
    this.#disposed = true
    this.buffer = new ArrayBuffer(0)
    this.f64 = new Float64Array(0)
    this.f32 = new Float32Array(0)
    this.u32 = new Uint32Array(0)
  }

  [dispose](): void {
    this.dispose()
  }

  assertAlive(): void {
    if (this.#disposed) throw new DownhillError('disposed', 'the arena was disposed')
  }
}
