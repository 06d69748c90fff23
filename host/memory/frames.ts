import { DownhillError } from '../validation/errors.ts'
import { type Heap, padded } from './heap.ts'

const SMALLEST_CHUNK = 256 * 1024

/** One call of `arena.frame`. Tensors created in it live until it returns. */
export interface Frame {
  ended: boolean
  /** Top of the stack when it began. */
  readonly index: number
  readonly top: number
}

/**
 * The stack of activations: chunks of the heap, filled from the bottom and kept for the next frame. A step that creates the same tensors as
 * the step before it gets the same addresses and allocates nothing.
 */
export class Frames {
  readonly #heap: Heap
  readonly #chunks: { readonly start: number; readonly end: number }[] = []
  readonly #open: Frame[] = []
  #index = 0
  #top = 0

  constructor(heap: Heap) {
    this.#heap = heap
  }

  get current(): Frame | undefined {
    return this.#open.at(-1)
  }

  /** Returns the current frame, or throws `frame-missing`. `by` is the function in the error. */
  required(by: string): Frame {
    const { current } = this
    if (!current) throw new DownhillError('frame-missing', `${by}: must be called inside arena.frame()`)
    return current
  }

  enter(): Frame {
    const frame = { ended: false, index: this.#index, top: this.#top }
    this.#open.push(frame)
    return frame
  }

  leave(frame: Frame): void {
    frame.ended = true
    this.#open.pop()
    this.#index = frame.index
    this.#top = frame.top || (this.#chunks[0]?.start ?? 0)
  }

  /** Allocates memory until the current frame ends, not zeroed. */
  allocate(bytes: number, by: string): number {
    this.required(by)
    const size = padded(Math.max(bytes, 1))
    let index = this.#index
    let start = this.#top
    while (index < this.#chunks.length && start + size > this.#chunks[index]!.end) start = this.#chunks[++index]?.start ?? 0
    if (index === this.#chunks.length) start = this.#addChunk(size)
    this.#index = index
    this.#top = start + size
    return start
  }

  #addChunk(size: number): number {
    const last = this.#chunks.at(-1)
    const generous = Math.max(size, SMALLEST_CHUNK, last ? 2 * (last.end - last.start) : 0)
    const allocate = (bytes: number) => {
      const start = this.#heap.allocate(bytes, 'activations')
      this.#chunks.push({ start, end: start + bytes })
      return start
    }
    try {
      return allocate(generous)
    } catch (error) {
      if (generous === size) throw error
      return allocate(size)
    }
  }
}
