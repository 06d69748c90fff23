/** How one export of the binary is divided. */
import type { Exports, Kernels } from '../wasm/wasm.ts'
import { MOST_PARTS } from './job.ts'
import { elementOf, parametersOf } from './signatures.ts'
import { type Division, divisionOf, LINE, type Way } from './ways.ts'

/** Nanoseconds of the longest part: a part that does not return in a second is given up. */
const LONGEST = 5e7

export type Kernel = Exports[string]

/** A part of a job: the position of an export, and its arguments. */
export interface Part {
  readonly kernel: number
  readonly args: readonly number[]
}

/** What computes the parts of a job: a crew. `workBytes` is the size of the argument `work`, of which each thread has its own. */
export interface Team {
  readonly threads: number
  /** Number of threads that work at the same time: no more than there are processors. */
  readonly active: number
  /** Nanoseconds that a part takes at least. */
  readonly least: number
  /** Whether a call of some nanoseconds is better computed by the caller alone. */
  declines(ns: number): boolean
  run(parts: readonly Part[], workBytes?: number): void
}

/** What a crew needs of an arena. */
export interface Ground {
  /** The whole memory as 32-bit words; another array after a growth. */
  readonly u32: Uint32Array
  readonly heap: { allocate(bytes: number, purpose: 'work'): number; free(address: number): void }
  kernels: Kernels
}

/** The exports and their names, the memory they work on, and the threads. */
export interface Site {
  readonly exports: Exports
  readonly names: readonly string[]
  readonly arena: Ground
  readonly team: Team
}

/** Returns how many parts a call of some nanoseconds is divided into; 1 if it is not. */
export function partsFor(ns: number, { active, least }: Team, perThread: number): number {
  const worthwhile = Math.min(Math.floor(ns / least), active * perThread)
  if (worthwhile < 2) return 1
  // In a long call every thread has as many parts.
  const rounds = Math.floor(ns / (LONGEST * active)) + 1
  return Math.min(rounds > 1 ? Math.max(worthwhile, active * rounds) : worthwhile, MOST_PARTS)
}

/** One export of the binary. */
export class Export {
  readonly kernel: Kernel
  /** Its position among the exports. */
  readonly position: number
  readonly size: number
  readonly base: string
  readonly names: readonly string[]
  readonly division: Division
  readonly #site: Site

  constructor(site: Site, name: string) {
    this.#site = site
    this.kernel = site.exports[name]!
    this.position = site.names.indexOf(name)
    this.names = parametersOf(name)
    ;[this.base, this.size] = elementOf(name)
    this.division = divisionOf(this.base)
  }

  /** Returns the kernel with calls that take long enough passed on to `divide`. */
  dividing(divide: (args: readonly number[], ns: number) => void): Kernel {
    const { elements, ns } = this.division
    const { kernel, names, size } = this
    const { arena, team } = this.#site
    if (typeof elements === 'function') {
      return (...args) => {
        const total = (ns * size * elements(this.#named(args), arena.u32)) / 4
        if (team.declines(total)) kernel(...args)
        else divide(args, total)
      }
    }
    const scale = elements[0] === 'bytes' ? ns : (ns * size) / 4
    const [p, q, r, s, t, u, v] = names.map((name) => elements.includes(name))
    const later = elements.map((name) => names.indexOf(name)).filter((i) => i > 6)
    // Most calls are short: seven parameters by name and the others passed on cost a third of a list of all.
    return (a, b, c, d, e, f, g, ...rest) => {
      let total = scale
      if (p) total *= a!
      if (q) total *= b!
      if (r) total *= c!
      if (s) total *= d!
      if (t) total *= e!
      if (u) total *= f!
      if (v) total *= g!
      for (let i = 0; i < later.length; i++) total *= rest[later[i]! - 7]!
      if (team.declines(total)) kernel(a!, b!, c!, d!, e!, f!, g!, ...rest)
      else divide([a!, b!, c!, d!, e!, f!, g!, ...rest], total)
    }
  }

  #named(args: readonly number[]): Record<string, number> {
    return Object.fromEntries(this.names.map((name, i) => [name, args[i]!]))
  }

  /** Returns up to `count` parts of a call. */
  parts(args: readonly number[], count: number): Part[] {
    const { names, size, position } = this
    const { u32 } = this.#site.arena
    const a = this.#named(args)
    const unitsOf = ({ over, grain, when }: Way) => (when && !when(a, u32) ? 0 : Math.ceil(a[over]! / (grain?.(size) ?? 1)))
    const { ways } = this.division
    const fine = ways.filter((one) => unitsOf(one) >= 2 * count)
    const way = fine.length
      ? fine.reduce((best, next) => ((next.repeats?.(a) ?? 0) < (best.repeats?.(a) ?? 0) ? next : best))
      : ways.reduce((best, next) => (unitsOf(next) > unitsOf(best) ? next : best))
    const units = unitsOf(way)
    const grain = way.grain?.(size) ?? 1
    const steps = way.advance(a, size, u32)
    const total = Math.min(count, units)
    return Array.from({ length: total }, (_, part) => {
      const from = Math.floor((units * part) / total) * grain
      const to = Math.min(Math.floor((units * (part + 1)) / total) * grain, a[way.over]!)
      const own = names.map((name) => (name === way.over ? to - from : a[name]! + from * (steps[name] || 0)))
      return { kernel: position, args: own }
    })
  }

  /** Returns the bytes of the argument `work`. */
  workBytes(args: readonly number[]): number {
    if (!this.names.includes('work')) return 0
    const { exports, arena } = this.#site
    const [table] = args as [number]
    if (this.base.startsWith('attention')) return workOf(exports.attentionWork!, arena.u32[table / 4 + 2]!)
    return workOf(exports[`convolutionWork_f${8 * this.size}`]!, table)
  }
}

/** Calls a function of the binary that returns the bytes of working memory. */
export function workOf(size: Kernel, ...args: number[]): number {
  const bytes = (size as unknown as (...args: number[]) => number)(...args)
  return Math.ceil(bytes / LINE) * LINE
}
