import { check } from '../validation/errors.ts'
import type { LinearMemory } from '../wasm/wasm.ts'

/** Every block starts at a multiple of this many bytes and is padded with zeros to one: a whole number of vectors, and a cache line. */
export const ALIGNMENT = 64

const PAGE = 65536

/** What a block of linear memory is for; `Arena.usage` counts by it. */
export type Purpose = 'parameters' | 'gradients' | 'state' | 'activations' | 'tensors' | 'work'

/** A size rounded up to whole cache lines. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

/** Blocks of one WebAssembly memory. Freed neighbours are joined; the best fitting gap is used first. */
export class Heap {
  readonly used: Record<Purpose, number> = { parameters: 0, gradients: 0, state: 0, activations: 0, tensors: 0, work: 0 }
  #memory: LinearMemory
  #gaps: { start: number; end: number }[] = []
  #blocks = new Map<number, { bytes: number; purpose: Purpose }>()
  /** End of what the gaps and blocks cover. Kernels may read 64 bytes past an array, so as many stay free behind it. */
  #end: number

  /**
   * @param memory the memory, of which the first page is left to the module
   * @param maximumBytes how large the memory may become
   * @param grown called after each growth, when every older view of the memory is empty
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

  /** A zeroed block of at least `bytes` bytes; its address. Throws `out-of-memory` and leaves everything as it was if it cannot. */
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

  /** Grows by what is missing, or by a half if that is more and allowed: a growth empties every view of the memory. */
  #grow(size: number, purpose: Purpose): void {
    const last = this.#gaps.at(-1)
    const missing = size - (last?.end === this.#end ? last.end - last.start : 0)
    const now = this.#memory.buffer.byteLength
    const pages = (bytes: number) => Math.ceil(bytes / PAGE)
    const used = Object.values(this.used).reduce((a, b) => a + b)
    const tell = (limit: string) => `${size} bytes for ${purpose} exceed ${limit}: ${used} of the arena's ${now} bytes are in use`
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
