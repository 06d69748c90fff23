/** Divides kernels whose sizes are in a table: each part has a table of its own. */
import type { ElementKernels } from '../wasm/generated/kernels.ts'
import { type Export, type Kernel, type Part, partsFor, type Site } from './export.ts'
import { MOST_PARTS } from './job.ts'
import { LINE } from './ways.ts'

/** Words of an entry of a rule's span table (assembly/sweep.ts): byte count and five addresses. */
const SPAN = 6

/** About how many nanoseconds a copy takes for an element. */
const COPY = 0.4

/** About how many nanoseconds a rule takes for a byte of a parameter: without state, and for each state. */
const RULE = 0.03
const RULE_STATE = 0.07

/** Memory for the tables of a job's parts. */
export class Tables {
  readonly #site: Site
  #address = 0
  #bytes = 0

  constructor(site: Site) {
    this.#site = site
  }

  /** Returns the address of at least `bytes` bytes. */
  #reserve(bytes: number): number {
    const { heap } = this.#site.arena
    if (bytes > this.#bytes) {
      const address = heap.allocate(bytes, 'work')
      if (this.#address) heap.free(this.#address)
      this.#address = address
      this.#bytes = bytes
    }
    return this.#address
  }

  /** A rule's kernel, whose spans are divided at cache lines. Allocates nothing after its first call. */
  rule({ kernel, position }: Export): Kernel {
    const { arena, team } = this.#site
    const all = Array.from({ length: MOST_PARTS }, () => ({ kernel: position, args: [0, 0, 0] }))
    const lists = all.map((_, count) => all.slice(0, count))
    return (spans, count, uniforms) => {
      let bytes = 0
      for (let i = 0; i < count!; i++) bytes += arena.u32[spans! / 4 + i * SPAN]!
      let cost = RULE
      for (let i = 3; i < SPAN; i++) if (arena.u32[spans! / 4 + i]! > 0) cost += RULE_STATE
      const total = team.declines(bytes * cost) ? 1 : partsFor(bytes * cost, team, 2)
      if (total === 1) {
        kernel(spans!, count!, uniforms!)
        return
      }
      let to = this.#reserve((count! + total) * SPAN * 4) / 4
      const { u32 } = arena
      const lines = bytes / LINE
      let from = spans! / 4
      let offset = 0
      for (let part = 0; part < total; part++) {
        const { args } = all[part]!
        args[0] = to * 4
        args[1] = 0
        args[2] = uniforms!
        let left = LINE * (Math.floor((lines * (part + 1)) / total) - Math.floor((lines * part) / total))
        while (left > 0) {
          const taken = Math.min(left, u32[from]! - offset)
          u32[to] = taken
          for (let i = 1; i < SPAN; i++) u32[to + i] = u32[from + i]! + offset
          to += SPAN
          args[1]++
          left -= taken
          offset += taken
          if (offset < u32[from]!) continue
          from += SPAN
          offset = 0
        }
      }
      team.run(lists[total]!)
    }
  }

  /** A strided copy, divided along its longest axis but the last. Axes that it sums over stay whole. */
  copy({ kernel, position, size }: Export): Kernel {
    const { arena, team } = this.#site
    return (rank, table, out, x, more) => {
      const at = table! / 4
      let axis = -1
      let elements = 1
      for (let i = 0; i < rank!; i++) {
        elements *= arena.u32[at + i]!
        const isDivisible = i < rank! - 1 && arena.u32[at + rank! + i]! > 0
        if (isDivisible && (axis < 0 || arena.u32[at + i]! > arena.u32[at + axis]!)) axis = i
      }
      const ns = (elements * COPY * size) / 4
      const count = axis < 0 || team.declines(ns) ? 1 : Math.min(partsFor(ns, team, 2), arena.u32[at + axis]!)
      if (count < 2) {
        kernel(rank!, table!, out!, x!, more!)
        return
      }
      const bytes = 16 * rank!
      const tables = this.#reserve(count * bytes)
      const { u32 } = arena
      const [length, outStride, stride] = [u32[at + axis]!, u32[at + rank! + axis]!, u32[at + 2 * rank! + axis]!]
      const parts: Part[] = Array.from({ length: count }, (_, part) => {
        const [from, to] = [Math.floor((length * part) / count), Math.floor((length * (part + 1)) / count)]
        const own = tables + part * bytes
        u32.copyWithin(own / 4, at, at + 3 * rank!)
        u32[own / 4 + axis] = to - from
        return { kernel: position, args: [rank!, own, out! + from * outStride, x! + from * stride, more!] }
      })
      team.run(parts)
    }
  }

  /**
   * Products of one form: by product if each has a C of its own, otherwise each product by rows or columns, because those with the same C add to
   * it in order.
   */
  products(each: Export, single: Export): Kernel {
    const { arena, team } = this.#site
    return each.dividing((args, ns) => {
      const [table, entries] = args as [number, number]
      const count = partsFor(ns, team, 1)
      const at = table / 4
      let isIncreasing = true
      for (let i = at + 7; i < at + 4 * entries; i += 4) isIncreasing &&= arena.u32[i]! > arena.u32[i - 4]!
      if (isIncreasing && entries >= count) {
        team.run(each.parts(args, count))
        return
      }
      // The parts of a product at address 0 have the offsets of all.
      const [, , transposeA, transposeB, m, n, k, alpha, lda, ldb, beta, lds, ldc, scratch] = args as number[] & Products
      const hasStart = arena.u32[at + 2]! > 0
      const parts = single.parts(
        [transposeA, transposeB, m, n, k, alpha, 0, lda, 0, ldb, beta, hasStart ? 1 : 0, lds, 0, ldc, scratch],
        count,
      )
      const tables = this.#reserve(parts.length * entries * 16)
      const { u32 } = arena
      const own = parts.map(({ args: part }, p) => {
        const to = tables / 4 + p * entries * 4
        const offsets = [part[6]!, part[8]!, hasStart ? part[11]! - 1 : 0, part[13]!]
        for (let i = 0; i < 4 * entries; i++) u32[to + i] = u32[at + i]! + offsets[i % 4]!
        return {
          kernel: each.position,
          args: [4 * to, entries, transposeA, transposeB, part[2]!, part[3]!, k, alpha, lda, ldb, beta, lds, ldc, scratch],
        }
      })
      team.run(own)
    })
  }
}

/** The arguments of gemmEach. */
type Products = Parameters<ElementKernels['gemmEach']>
