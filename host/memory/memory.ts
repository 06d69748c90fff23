import { check, checkRange, DownhillError } from '../validation/errors.ts'
import { type CompiledModule, createMemory, exportsOf, type Kernels, kernelsOf } from '../wasm/wasm.ts'
import { dispose } from './dispose.ts'
import { type DType, type View, viewClasses } from './dtype.ts'
import { hideFields } from './fields.ts'
import { Frames } from './frames.ts'
import { Heap, type Purpose } from './heap.ts'
import type { Numbers } from './numbers.ts'

/** Bytes in use, by purpose; `total` is the size of the linear memory. */
export type Usage = Readonly<Record<Purpose | 'total', number>>

const FOUR_GIB = 2 ** 32
const FIRST_PAGES = 4

/** @internal The computations that a backward pass goes through. Autograd creates it; a bundle without autograd has no code for it. */
export interface Recorded {
  readonly length: number
  truncate(length: number): void
  backward(loss: object): void
}

/** Throws unless there is a computation to pass a gradient back through. */
export function checkComputed(isComputed: boolean): asserts isComputed {
  check(isComputed, 'backward-invalid', 'backward: the tensor must be computed inside this frame')
}

/** Linear memory, with the kernels instantiated over it, a heap, and a stack of frames. */
export class Memory {
  /** @internal The buffer that views look at; replaced at each growth. */
  memory!: ArrayBuffer
  /** @internal The whole memory as f64, f32 and 32-bit words, for tables that kernels read. */
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
  /** @internal See scratchOf. */
  scratch = 0
  /** @internal See tapeOf (autograd/tape.ts). */
  recorded: Recorded | undefined = undefined
  /** @internal The threads, if there are more than one (threads/crew.ts). */
  crew: { readonly threads: number; readonly jobs: number; divideFrom(least: number): void; dispose(): void } | undefined = undefined
  #disposed = false

  /** @internal */
  constructor(module: CompiledModule, maximumBytes = FOUR_GIB, create = createMemory) {
    checkRange(
      Number.isFinite(maximumBytes) && maximumBytes >= FIRST_PAGES * 65536 && maximumBytes <= FOUR_GIB,
      'Arena.create',
      'maximumBytes',
      `a number in [${FIRST_PAGES * 65536}, 2^32]`,
      maximumBytes,
    )
    const memory = create(FIRST_PAGES, maximumBytes)
    this.kernels = kernelsOf(exportsOf(module, memory))
    this.#lookAt(memory.buffer)
    this.heap = new Heap(memory, maximumBytes, (buffer) => this.#lookAt(buffer))
    this.frames = new Frames(this.heap)
    hideFields(this)
  }

  #lookAt(buffer: ArrayBuffer): void {
    this.memory = buffer
    this.f64 = new Float64Array(buffer)
    this.f32 = new Float32Array(buffer)
    this.u32 = new Uint32Array(buffer)
  }

  /** Number of threads that compute. */
  get threads(): number {
    return this.crew?.threads ?? 1
  }

  /** Whether `dispose` was called. */
  get disposed(): boolean {
    return this.#disposed
  }

  /** @internal A view of `size` elements at an address. */
  view(dtype: DType, address: number, size: number): View {
    return new viewClasses[dtype](this.memory, address, size)
  }

  /** @internal The numbers, copied if they are a view of this memory, because a growth would empty it. */
  detached(numbers: Numbers): Numbers {
    return ArrayBuffer.isView(numbers) && numbers.buffer === this.memory ? (numbers as View).slice() : numbers
  }

  /**
   * Runs `body`, then frees every tensor created in it, with what autograd recorded of them. Frames nest.
   *
   * @throws `frame-async` if body is asynchronous: the frame would end before it does
   */
  frame<T>(body: () => T): T {
    this.assertAlive()
    checkRange(typeof body === 'function', 'arena.frame', 'body', 'a function', body)
    if (body.constructor.name === 'AsyncFunction') throw asynchronous()
    const frame = this.frames.enter()
    const mark = this.recorded?.length ?? 0
    try {
      const result = body()
      if (result instanceof Promise) {
        result.catch(() => {})
        throw asynchronous()
      }
      return result
    } finally {
      this.recorded?.truncate(mark)
      this.frames.leave(frame)
    }
  }

  /** Returns the bytes in use by purpose, and the size of the linear memory. */
  usage(): Usage {
    return { ...this.heap.used, total: this.memory.byteLength }
  }

  /** Returns the size of the linear memory. */
  toString(): string {
    return `Arena(${this.memory.byteLength} bytes)`
  }

  /** Returns the bytes in use. */
  toJSON(): Usage {
    return this.usage()
  }

  /** Releases the memory, even if references to the arena remain. Its tensors and optimizers then throw `disposed`; a second call has no effect. */
  dispose(): void {
    this.#disposed = true
    this.crew?.dispose()
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

function asynchronous(): DownhillError {
  return new DownhillError('frame-async', 'arena.frame: body must be synchronous')
}
