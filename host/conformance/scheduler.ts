/** Creates schedulers from their specification; kind "scheduler". */

import * as schedulers from '../lr_scheduler/index.ts'
import { type LRScheduler, ReduceLROnPlateau } from '../lr_scheduler/index.ts'
import type { Arena } from '../memory/arena.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { fromTorchKey } from '../validation/options.ts'
import {
  type Case,
  flat,
  type GroupSpec,
  type Kind,
  largest,
  type Result,
  Unsupported,
  type Written,
  type WrittenTensor,
} from './format.ts'
import { judgeColumns, judgeValue, KERNEL_CHOICES } from './judge.ts'
import { makeOptimizer, makeParams } from './parts.ts'

export interface SchedulerSpec {
  readonly name: string
  readonly options?: Record<string, unknown>
  readonly schedulers?: readonly SchedulerSpec[]
}

/** {table: […]} is a function: f(x) = table[⌊x⌋]. */
function functionOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(functionOf)
  const table = (value as { table?: unknown } | null)?.table
  if (table === undefined) return value
  const numbers = flat(table)
  return (x: number) => numbers[Math.floor(x)]
}

export function makeScheduler(spec: SchedulerSpec, optimizer: AnyOptimizer, lastEpoch?: number): LRScheduler {
  const { name, options = {} } = spec
  // biome-ignore lint/suspicious/noExplicitAny: chosen by name
  const known = schedulers as Record<string, any>
  if (!Object.hasOwn(known, name) || name === 'LRScheduler') throw new Unsupported(`the scheduler ${name} is not supported`)
  const Class = known[name]
  const declared = Class.declaration?.options ?? {}
  const given = Object.fromEntries(Object.entries(options).map(([key, value]) => [fromTorchKey(key, declared), functionOf(value)]))
  const inner = () => (spec.schedulers ?? []).map((one) => makeScheduler(one, optimizer))
  const epoch = (lastEpoch ?? -1) === -1 ? {} : { lastEpoch }
  if (name === 'ChainedScheduler') return new Class(inner(), optimizer)
  if (name === 'SequentialLR') return new Class(optimizer, inner(), { ...given, ...epoch })
  return new Class(optimizer, { ...given, ...epoch })
}

export function stepScheduler(scheduler: LRScheduler, { metric, epoch }: { readonly metric?: number; readonly epoch?: number }): void {
  if (scheduler instanceof ReduceLROnPlateau) scheduler.step(metric)
  else scheduler.step(epoch)
}

interface SchedulerCase extends Case {
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly params: readonly WrittenTensor[]
  readonly groups?: readonly GroupSpec[]
  readonly scheduler: SchedulerSpec
  readonly calls: readonly { readonly metric?: number; readonly epoch?: number }[]
  readonly initial_state?: readonly Record<string, unknown>[]
  readonly last_epoch?: number
  readonly resume?: { readonly at: number }
}

/** Returns a group's value under torch's name, in the format of cases. */
export function grouped(optimizer: AnyOptimizer, option: 'lr' | 'momentum' | 'betas'): unknown[] {
  return optimizer.paramGroups.map((group) => {
    const value = group[option] ?? 0
    return Array.isArray(value) ? [...value] : value
  })
}

function run(arena: Arena, test: SchedulerCase): Result {
  const params = makeParams(arena, test.params, 'float64')
  for (const parameter of params) parameter.grad = new Float64Array(parameter.size)
  let optimizer = makeOptimizer(test.optimizer, test.options, params, test.groups)
  for (const [i, values] of (test.initial_state ?? []).entries()) {
    for (const [key, value] of Object.entries(values)) optimizer.paramGroups[i]![fromTorchKey(key)] = value
  }
  let scheduler = makeScheduler(test.scheduler, optimizer, test.last_epoch)
  const result = { lr: [] as unknown[], last_lr: [] as unknown[], momentum: [] as unknown[], betas: [] as unknown[] }
  const note = () => {
    for (const option of ['lr', 'momentum', 'betas'] as const) {
      if (option === 'lr' || optimizer.paramGroups.some((group) => option in group)) result[option].push(grouped(optimizer, option))
    }
    result.last_lr.push(scheduler.getLastLr())
  }
  note()
  for (const [i, call] of test.calls.entries()) {
    if (i === test.resume?.at) {
      const saved = [optimizer.stateDict(), scheduler.stateDict()] as const
      optimizer = makeOptimizer(test.optimizer, test.options, params, test.groups)
      scheduler = makeScheduler(test.scheduler, optimizer, undefined)
      optimizer.loadStateDict(saved[0])
      scheduler.loadStateDict(saved[1])
    }
    optimizer.step()
    stepScheduler(scheduler, call)
    note()
  }
  const keys = optimizer.stateDict().param_groups.map((group) => Object.keys(group).filter((key) => key !== 'params'))
  const present = Object.fromEntries(Object.entries(result).filter(([, rows]) => rows.length))
  return { ...present, state: scheduler.stateDict(), param_group_keys: keys }
}

export const schedulerKind: Kind<SchedulerCase> = {
  dtypes: ['float64'],
  run,
  judge(_test, _dtype, result, expected, j) {
    const { float64 } = expected
    for (const key of ['lr', 'last_lr', 'momentum', 'betas']) judgeColumns(j, key, result[key], float64[key])
    judgeSchedulerState(j, result.state, float64.state, float64.lr)
    const sorted = (keys: unknown) => (keys as string[][]).map((names) => names.filter((name) => !KERNEL_CHOICES.has(name)).sort())
    if (float64.param_group_keys) j.same('param_group_keys', sorted(result.param_group_keys), sorted(float64.param_group_keys))
  },
}

type Judging = Parameters<typeof judgeColumns>[0]

/** Compares a scheduler's state: keys, numbers relative to themselves, and learning rates relative to the largest of the run. */
export function judgeSchedulerState(
  j: Judging,
  got: unknown,
  want: unknown,
  lrs: readonly (readonly Written[])[],
  what = 'scheduler',
): void {
  if (Array.isArray(want)) {
    j.same(`${what}: length`, (got as unknown[] | undefined)?.length, want.length)
    const isLr = /(_lr|base_lrs)$/.test(what)
    for (const [i, value] of want.entries()) {
      const scale = isLr ? largest(lrs.map((row) => row[i] ?? 0)) : 0
      const own = (got as unknown[] | undefined)?.[i]
      if (isLr) judgeValue(j, `${what}[${i}]`, own, value, undefined, scale)
      else judgeSchedulerState(j, own, value, lrs, `${what}[${i}]`)
    }
  } else if (typeof want === 'object' && want !== null) {
    const keys = (of: unknown) => Object.keys((of ?? {}) as object).sort()
    j.same(`${what}: keys`, keys(got), keys(want))
    for (const [key, value] of Object.entries(want)) {
      judgeSchedulerState(j, (got as Record<string, unknown> | undefined)?.[key], value, lrs, `${what}.${key}`)
    }
  } else judgeValue(j, what, got, want, undefined)
}
