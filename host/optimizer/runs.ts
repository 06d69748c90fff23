/** Runs: parameters that an elementwise optimizer steps in one call into WebAssembly, and the table of their addresses. */
import type { FloatType, RuleKernel } from '../wasm/wasm.ts'
import type { Clock, Member } from './members.ts'

/** Parameters of one group, one dtype and one clock; or one parameter with a sparse gradient. */
export interface Run {
  readonly members: readonly Member[]
  readonly group: number
  readonly dtype: FloatType
  readonly clock: Clock
  readonly sparse: boolean
  kernels: readonly RuleKernel[]
  table: number
  count: number
}

/** One entry of the kernels' span table (assembly/sweep.ts): byte count, p, g and three state addresses. */
export const SPAN_BYTES = 24
const WORDS = SPAN_BYTES / 4
const ADDRESSES = WORDS - 1

/** Groups members into runs, in their order. With `uncounted`, only first steps need separate runs. */
export function together(members: readonly Member[], uncounted: boolean): Run[] {
  const isSparse = ({ parameter }: Member) => parameter.sparseGrad !== null
  const runs = new Map<unknown, Member[]>()
  for (const member of members) {
    const { t, ...numbers } = member.clock
    const shared = `${member.parameter.dtype} ${uncounted ? Math.min(t, 1) : t} ${Object.values(numbers).join(' ')}`
    const key = isSparse(member) ? member : shared
    const run = runs.get(key)
    if (run) run.push(member)
    else runs.set(key, [member])
  }
  return [...runs.values()].map((run) => {
    const { group, parameter, clock } = run[0]!
    const dtype = parameter.dtype as FloatType
    return { members: run, group, dtype, clock: { ...clock }, sparse: isSparse(run[0]!), kernels: [], table: 0, count: 0 }
  })
}

/** Writes an entry for each sequence of parameters that are adjacent in memory, with their gradients and states. Returns the count. */
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

/** Writes the single entry of arrays of `bytes` each, adjacent from `first` on. */
export function writeConsecutive(u32: Uint32Array, table: number, bytes: number, first: number): void {
  const at = table / 4
  u32[at] = bytes
  for (let i = 0; i < ADDRESSES; i++) u32[at + 1 + i] = first + i * bytes
}
