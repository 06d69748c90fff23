/** Reductions over arrays of the arena, each in one call into WebAssembly for any number of arrays. */

import type { FloatType } from '../wasm/wasm.ts'
import { bytesPerElement } from './dtype.ts'
import type { Memory } from './memory.ts'

/** Bytes of an entry of a fold's table (assembly/fold.ts): element count and two addresses. */
const ENTRY = 12

/** Elements of a block. A longer array is reduced in blocks, joined in order, so that threads can share it without changing a bit. */
const BLOCK = 2 ** 15

/** Reductions of an array to one number. */
export type Fold = 'dot' | 'squaredNorm' | 'squaredDistance' | 'absSum' | 'nonZero' | 'absMax' | 'nonFinite' | 'powerSum'

/** An array: its element count and address, and that of the second array in a fold over two. */
type FoldedArray = readonly [elements: number, x: number, y?: number]

const folds = new WeakMap<Memory, Folds>()

/** Returns the folds of an arena, created at their first use. */
export function foldsOf(arena: Memory): Folds {
  let own = folds.get(arena)
  if (!own) folds.set(arena, (own = new Folds(arena)))
  return own
}

function blocksOf(elements: number): number {
  return Math.max(1, Math.ceil(elements / BLOCK))
}

/** A table of blocks in linear memory, followed by the results. It is kept and grows as needed. */
export class Folds {
  readonly #arena: Memory
  #table = 0
  #capacity = 0

  constructor(arena: Memory) {
    this.#arena = arena
  }

  /** Reserves a table for `blocks` blocks. */
  #reserve(blocks: number): void {
    if (blocks <= this.#capacity) return
    const table = this.#arena.heap.allocate(blocks * (ENTRY + 8) + 8, 'work')
    if (this.#table) this.#arena.heap.free(this.#table)
    this.#table = table
    this.#capacity = blocks
  }

  /** Reserves what `one` needs for an array of up to `elements` elements. */
  reserve(elements: number): void {
    this.#reserve(blocksOf(elements))
  }

  /** Writes the blocks of an array from entry `block` on. Returns the entry after them. */
  #write(block: number, dtype: FloatType, elements: number, x: number, y: number): number {
    const { u32 } = this.#arena
    let at = (this.#table + block * ENTRY) / 4
    const count = blocksOf(elements)
    for (let i = 0; i < count; i++, at += ENTRY / 4) {
      const offset = i * BLOCK * bytesPerElement[dtype]
      u32[at] = Math.min(BLOCK, elements - i * BLOCK)
      u32[at + 1] = x + offset
      u32[at + 2] = y + offset
    }
    return block + count
  }

  /** Reduces the first `count` blocks. Returns the position of their results in the memory as f64. */
  #reduce(fold: Fold, dtype: FloatType, count: number, order: number): number {
    const out = Math.ceil((this.#table + this.#capacity * ENTRY) / 8) * 8
    this.#arena.kernels[dtype][fold](this.#table, count, out, order)
    return out / 8
  }

  /** Joins the results of an array's blocks, in order. */
  #joined(fold: Fold, at: number, elements: number): number {
    const { f64 } = this.#arena
    let result = f64[at]!
    for (let i = 1; i < blocksOf(elements); i++) result = fold === 'absMax' ? Math.max(result, f64[at + i]!) : result + f64[at + i]!
    return result
  }

  /** Reduces arrays of one element type. Returns one result per array. */
  each(fold: Fold, dtype: FloatType, arrays: readonly FoldedArray[], order = 0): number[] {
    this.#reserve(arrays.reduce((sum, [elements]) => sum + blocksOf(elements), 0))
    let count = 0
    for (const [elements, x, y = x] of arrays) count = this.#write(count, dtype, elements, x, y)
    let at = this.#reduce(fold, dtype, count, order)
    return arrays.map(([elements]) => {
      const result = this.#joined(fold, at, elements)
      at += blocksOf(elements)
      return result
    })
  }

  /** Reduces one array. Allocates nothing if it is not longer than an array before it. */
  one(fold: Fold, dtype: FloatType, elements: number, x: number, y: number = x): number {
    this.reserve(elements)
    return this.#joined(fold, this.#reduce(fold, dtype, this.#write(0, dtype, elements, x, y), 0), elements)
  }
}
