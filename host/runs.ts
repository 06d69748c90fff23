/** Which parameters an elementwise optimizer steps in one call into WebAssembly, and the table that says where they lie. */
import type { Parameter } from './tensor.ts'
import type { FloatType, RuleKernel } from './wasm.ts'

/** Steps that parameters have taken together. */
export interface Clock {
  t: number
}

/** A parameter of an elementwise optimizer and its state. */
export interface Member {
  readonly parameter: Parameter
  readonly group: number
  /** Addresses of its state arrays in the order of the rule, 0 where there is none. */
  readonly slots: number[]
  /** Bit i: slot i holds state. */
  live: number
  clock: Clock
  /** Whether the present plan steps it. */
  planned: boolean
}

/** Parameters of one group, one element type and one clock. */
export interface Run {
  readonly members: readonly Member[]
  readonly group: number
  readonly dtype: FloatType
  readonly clock: Clock
  kernels: readonly RuleKernel[]
  table: number
  count: number
}

/** One entry of the kernels' span table (assembly/sweep.ts): byte count, p, g and three state addresses. */
export const SPAN_BYTES = 24
const WORDS = SPAN_BYTES / 4
const ADDRESSES = WORDS - 1

/** Sorts a group's members into runs, keeping their order. Without a counter only a first step differs from others. */
export function together(members: readonly Member[], uncounted: boolean): Run[] {
  const runs = new Map<string, Member[]>()
  for (const member of members) {
    const key = `${member.parameter.dtype} ${uncounted ? Math.min(member.clock.t, 1) : member.clock.t}`
    const run = runs.get(key)
    if (run) run.push(member)
    else runs.set(key, [member])
  }
  return [...runs.values()].map((run) => {
    const { group, parameter, clock } = run[0]!
    return { members: run, group, dtype: parameter.dtype as FloatType, clock: { ...clock }, kernels: [], table: 0, count: 0 }
  })
}

/** Writes an entry for each stretch of parameters that lie one after another, as do their gradients and states; returns how many. */
export function writeSpans(u32: Uint32Array, table: number, members: readonly Member[]): number {
  let at = table / 4 - WORDS
  let count = 0
  for (const { parameter, slots } of members) {
    const addresses = [parameter.address, parameter.gradAddress, ...slots]
    while (addresses.length < ADDRESSES) addresses.push(0)
    const follows = addresses.every((address, i) => address === 0 || address === u32[at + 1 + i]! + u32[at]!)
    if (count > 0 && follows) {
      u32[at]! += parameter.bytes
    } else {
      at += WORDS
      count++
      u32[at] = parameter.bytes
      u32.set(addresses, at + 1)
    }
  }
  return count
}
