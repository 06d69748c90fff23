/** Reductions over arrays of the arena, each in one call into WebAssembly for any number of arrays. */

import type { FloatType } from '../wasm/wasm.ts'
import type { Memory } from './memory.ts'

/** Bytes of an entry of a fold's table (assembly/fold.ts): element count and two addresses. */
const ENTRY = 12

/** Reductions of an array to one number. */
export type Fold = 'dot' | 'squaredNorm' | 'absSum' | 'nonZero' | 'absMax' | 'nonFinite' | 'powerSum'

const folds = new WeakMap<Memory, Folds>()

/** Returns the folds of an arena, created at their first use. */
export function foldsOf(arena: Memory): Folds {
  let own = folds.get(arena)
  if (!own) folds.set(arena, (own = new Folds(arena)))
  return own
}

/** A table of arrays in linear memory, followed by the results. It is kept and grows as needed. */
export class Folds {
  readonly #arena: Memory
  #table = 0
  #capacity = 0

  constructor(arena: Memory) {
    this.#arena = arena
  }

  /** Reserves a table for `count` arrays. */
  reserve(count: number): void {
    if (count <= this.#capacity) return
    const table = this.#arena.heap.allocate(count * (ENTRY + 8) + 8, 'work')
    if (this.#table) this.#arena.heap.free(this.#table)
    this.#table = table
    this.#capacity = count
  }

  /** Sets array i: its element count and addresses. */
  set(i: number, elements: number, x: number, y: number = x): void {
    const at = (this.#table + i * ENTRY) / 4
    const { u32 } = this.#arena
    u32[at] = elements
    u32[at + 1] = x
    u32[at + 2] = y
  }

  /** Reduces arrays 0 to count − 1 of one element type. Returns one result per array, valid until the next call. */
  run(fold: Fold, dtype: FloatType, count: number, order = 0): Float64Array {
    const out = Math.ceil((this.#table + this.#capacity * ENTRY) / 8) * 8
    this.#arena.kernels[dtype][fold](this.#table, count, out, order)
    return this.#arena.f64.subarray(out / 8, out / 8 + count)
  }

  /** Reduces one array. */
  one(fold: Fold, dtype: FloatType, elements: number, x: number, y: number = x): number {
    this.reserve(1)
    this.set(0, elements, x, y)
    const out = Math.ceil((this.#table + this.#capacity * ENTRY) / 8) * 8
    this.#arena.kernels[dtype][fold](this.#table, 1, out, 0)
    return this.#arena.f64[out / 8]!
  }
}
