import { check } from '../validation/errors.ts'
import type { LinearMemory } from '../wasm/wasm.ts'

/** Alignment of every block's address and size, in bytes: one cache line, which is a whole number of vectors. */
export const ALIGNMENT = 64

const PAGE = 65536

/** Purpose of a block of linear memory. `Arena.usage` counts bytes by it. */
export type Purpose = 'parameters' | 'gradients' | 'state' | 'activations' | 'tensors' | 'work'

/** Rounds a size up to whole cache lines. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

/** Allocates blocks of a WebAssembly memory: best fit, and adjacent gaps are joined. */
export class Heap {
  readonly used: Record<Purpose, number> = { parameters: 0, gradients: 0, state: 0, activations: 0, tensors: 0, work: 0 }
  #memory: LinearMemory
  #gaps: { start: number; end: number }[] = []
  #blocks = new Map<number, { bytes: number; purpose: Purpose }>()
  /** End of the managed memory. Kernels may read 64 bytes past an array, so the last 64 bytes stay free. */
  #end: number

  /**
   * @param memory the memory, whose first page belongs to the module
   * @param maximumBytes the largest size of the memory
   * @param grown called after each growth, which empties every earlier view of the memory
   */
  constructor(
    memory: LinearMemory,
    readonly maximumBytes: number,
    readonly grown: (buffer: ArrayBuffer) => void,
  ) {
    this.#memory = memory
    this.#end = PAGE
    this.#extend(memory.buffer.byteLength - ALIGNMENT)
  }

  /** Releases the memory. */
  release(): void {
    this.#memory = { buffer: new ArrayBuffer(0), grow: () => 0 }
    this.#blocks.clear()
    this.#gaps = []
  }

  /** Allocates a zeroed block of at least `bytes` bytes and returns its address. Throws `out-of-memory` and changes nothing if there is no room. */
  allocate(bytes: number, purpose: Purpose): number {
    const size = Math.max(padded(bytes), ALIGNMENT)
    let gap = this.#fitting(size)
    if (!gap) {
      this.#grow(size, purpose)
      gap = this.#fitting(size)!
    }
    const address = gap.start
    gap.start += size
    if (gap.start === gap.end) this.#gaps.splice(this.#gaps.indexOf(gap), 1)
    this.#blocks.set(address, { bytes: size, purpose })
    this.used[purpose] += size
    new Uint8Array(this.#memory.buffer, address, size).fill(0)
    return address
  }

  free(address: number): void {
    const block = this.#blocks.get(address)
    if (!block) return
    this.#blocks.delete(address)
    this.used[block.purpose] -= block.bytes
    this.#insert(address, address + block.bytes)
  }

  #fitting(size: number) {
    let best: { start: number; end: number } | undefined
    for (const gap of this.#gaps) {
      const room = gap.end - gap.start
      if (room >= size && (!best || room < best.end - best.start)) best = gap
    }
    return best
  }

  /** Adds a gap, joined with the gaps it touches. */
  #insert(start: number, end: number): void {
    const before = this.#gaps.filter((gap) => gap.end < start)
    const after = this.#gaps.filter((gap) => gap.start > end)
    const joined = this.#gaps.slice(before.length, this.#gaps.length - after.length)
    this.#gaps = [...before, { start: Math.min(start, joined[0]?.start ?? start), end: Math.max(end, joined.at(-1)?.end ?? end) }, ...after]
  }

  #extend(end: number): void {
    if (end > this.#end) this.#insert(this.#end, end)
    this.#end = end
  }

  /** Grows by the missing bytes, or by half if that is more and allowed, because each growth empties every view of the memory. */
  #grow(size: number, purpose: Purpose): void {
    const last = this.#gaps.at(-1)
    const missing = size - (last?.end === this.#end ? last.end - last.start : 0)
    const now = this.#memory.buffer.byteLength
    const pages = (bytes: number) => Math.ceil(bytes / PAGE)
    const used = Object.values(this.used).reduce((a, b) => a + b)
    const tell = (limit: string) => `${size} bytes for ${purpose} exceed ${limit}: ${used} of ${now} bytes are in use`
    check(now + pages(missing) * PAGE <= this.maximumBytes, 'out-of-memory', () => tell(`maximumBytes of ${this.maximumBytes}`))
    const generous = Math.min(Math.max(pages(missing), pages(now / 2)), Math.floor((this.maximumBytes - now) / PAGE))
    const grew = this.#tryGrow(generous) || this.#tryGrow(pages(missing))
    check(grew, 'out-of-memory', () => tell('what this runtime grants'))
    this.grown(this.#memory.buffer)
    this.#extend(this.#memory.buffer.byteLength - ALIGNMENT)
  }

  #tryGrow(pages: number): boolean {
    try {
      this.#memory.grow(pages)
      return true
    } catch {
      return false
    }
  }
}
