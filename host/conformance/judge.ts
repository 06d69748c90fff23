/** Comparisons with tolerances that several kinds share. */

import type { FloatType } from '../wasm/wasm.ts'
import { type Expected, flat, isNumber, type Judging, largest, read, type Written, type WrittenTensor } from './format.ts'

export interface Worst {
  readonly what: string
  readonly error: number
  readonly limit: number
}

/** Keeps the comparison nearest to its limit, or furthest beyond it. */
export class Judge implements Judging {
  worst: Worst = { what: '', error: 0, limit: 0 }
  passed = true
  #ratio = -1

  number(what: string, got: unknown, expected: unknown, scale: number, limit: number): void {
    const a = typeof got === 'boolean' || got === null || got === undefined ? Number.NaN : read(got as Written)
    const b = read(expected as Written)
    let error: number
    if (Object.is(a, b) || a === b) error = 0
    else if (!Number.isFinite(a) || !Number.isFinite(b)) error = Infinity
    else error = Math.abs(a - b) / scale
    this.#note({ what, error, limit })
  }

  same(what: string, got: unknown, expected: unknown): void {
    this.#note({ what, error: JSON.stringify(got) === JSON.stringify(expected) ? 0 : Infinity, limit: 0 })
  }

  #note(worst: Worst): void {
    const { error, limit } = worst
    const ratio = error === 0 ? 0 : error / limit
    if (!(error <= limit)) this.passed = false
    if (ratio > this.#ratio) {
      this.#ratio = ratio
      this.worst = worst
    }
  }
}

const FLOAT64 = 1e-12
const FLOAT32 = 1e-6
/** Smallest limit for a float32 training run. */
const TRAINING = 2e-6

/** Compares numbers one by one. A wrong length counts as one wrong number. */
export function judgeNumbers(j: Judging, what: string, got: unknown, expected: unknown, scale: number, limit: number): void {
  const a = got === undefined ? [] : flat(got)
  const b = flat(expected)
  if (a.length !== b.length) return j.same(`${what}: length`, a.length, b.length)
  for (let i = 0; i < b.length; i++) j.number(what, a[i], b[i], scale, limit)
}

/** Compares the parameters at every recorded step, each relative to its largest magnitude so far. */
export function judgeParams(
  j: Judging,
  what: string,
  got: Record<string, readonly unknown[]> | undefined,
  expected: Record<string, readonly unknown[]>,
  initial: readonly unknown[],
  limit: (step: string) => number,
): void {
  const steps = Object.keys(expected).sort((a, b) => Number(a) - Number(b))
  j.same(`${what}: steps`, Object.keys(got ?? {}).length, steps.length)
  const scale = initial.map((data) => largest([data]))
  for (const step of steps) {
    j.same(`${what}[${step}]: count`, got?.[step]?.length, expected[step]!.length)
    for (const [i, data] of expected[step]!.entries()) {
      scale[i] = Math.max(scale[i]!, largest([data]))
      judgeNumbers(j, `${what}[${step}][${i}]`, got?.[step]?.[i], data, scale[i]!, limit(step))
    }
  }
}

/** Compares lr, momentum or betas, as [step][group], each relative to the largest of its column. */
export function judgeColumns(j: Judging, what: string, got: unknown, expected: readonly unknown[] | undefined): void {
  if (!expected) return
  const rows = Array.isArray(got) ? got : []
  if (rows.length !== expected.length) return j.same(`${what}: length`, rows.length, expected.length)
  const wanted = expected.map((row) => flat(row))
  const scale = wanted[0]!.map((_, column) => largest(wanted.map((row) => row[column])))
  for (const [i, row] of wanted.entries()) {
    const own = flat(rows[i])
    if (own.length !== row.length) return j.same(`${what}[${i}]: length`, own.length, row.length)
    for (const [column, value] of row.entries()) j.number(`${what}[${i}]`, own[column], value, scale[column]!, FLOAT64)
  }
}

type States = Record<string, Record<string, unknown>>

const COUNTERS = new Set(['step', 'n_iter', 'func_evals', 'k'])

/** Returns the numbers of a state entry: a tensor, a number, or a list of these. */
function dataOf(entry: unknown): number[] {
  if (entry === undefined || entry === null) return []
  if (Array.isArray(entry)) return entry.flatMap(dataOf)
  return typeof entry === 'object' ? flat((entry as WrittenTensor).data) : [read(entry as Written)]
}

/** The state of LBFGS is compared in float64 only and with a wide tolerance, because its history amplifies every rounding. */
const LBFGS_STATE = 1e-6
/** Scratch of LBFGS. */
const NOT_COMPARED = new Set(['al'])

/** Compares `state` of a state dict: keys, parameters and values. */
export function judgeState(j: Judging, dtype: FloatType, got: States | undefined, expected: Expected, isLbfgs: boolean): void {
  const wanted: States = expected.float64.state.state
  const reference: States = expected.float32?.state?.state ?? {}
  const worst = Math.max(0, ...flat(Object.values(expected.float32_error ?? {})))
  const rtol = isLbfgs ? LBFGS_STATE : (expected.judge?.float64_rtol ?? FLOAT64)
  j.same('state: parameters', Object.keys(got ?? {}).sort(), Object.keys(wanted).sort())
  for (const [index, entries] of Object.entries(wanted)) {
    const own = got?.[index] ?? {}
    j.same(`state[${index}]: keys`, Object.keys(own).sort(), Object.keys(entries).sort())
    for (const [key, entry] of Object.entries(entries)) {
      const what = `state[${index}].${key}`
      const want = dataOf(entry)
      if (NOT_COMPARED.has(key) || (isLbfgs && dtype === 'float32')) continue
      if (COUNTERS.has(key)) j.same(what, dataOf(own[key]), want)
      else if (dtype === 'float64') judgeNumbers(j, what, dataOf(own[key]), want, largest(want), rtol)
      else {
        const scale = largest(Object.values(wanted).map((state) => dataOf(state[key])))
        const theirs = dataOf(reference[index]?.[key])
        const error = theirs.reduce((most, x, i) => Math.max(most, Math.abs(x - want[i]!) / scale || 0), 0)
        judgeNumbers(j, what, dataOf(own[key]), want, scale, Math.max(2 * error, 2 * worst, FLOAT32))
      }
    }
  }
}

/** Group keys that select torch's kernels. */
export const KERNEL_CHOICES = new Set(['foreach', 'fused', 'capturable', 'differentiable'])

type Group = Record<string, unknown>

/** Compares `param_groups` at the end: keys and values. */
export function judgeGroups(j: Judging, dtype: FloatType, got: readonly Group[] | undefined, expected: Expected): void {
  const wanted: readonly Group[] = expected.float64.state.param_groups
  j.same('param_groups: count', got?.length, wanted.length)
  for (const [g, group] of wanted.entries()) {
    const keys = (entries: Group) =>
      Object.keys(entries)
        .filter((key) => !KERNEL_CHOICES.has(key))
        .sort()
    j.same(`param_groups[${g}]: keys`, keys(got?.[g] ?? {}), keys(group))
    for (const key of keys(group)) {
      const reference = expected.float32?.state?.param_groups?.[g]?.[key]
      const column = key === 'lr' ? largest((expected.float64.lr as number[][]).map((row) => row[g])) : 0
      judgeValue(j, `param_groups[${g}].${key}`, got?.[g]?.[key], group[key], dtype === 'float32' ? reference : undefined, column)
    }
  }
}

/** Compares numbers relative to themselves (or to `scale` if that is larger), arrays element by element, and other values by equality. */
export function judgeValue(j: Judging, what: string, got: unknown, want: unknown, reference: unknown, scale = 0): void {
  if (Array.isArray(want)) {
    j.same(`${what}: length`, Array.isArray(got) ? got.length : undefined, want.length)
    for (const [i, value] of want.entries()) {
      judgeValue(j, `${what}[${i}]`, (got as unknown[] | undefined)?.[i], value, (reference as unknown[] | undefined)?.[i], scale)
    }
  } else if (isNumber(want)) {
    const size = Math.max(scale, Math.abs(read(want)))
    const theirs = isNumber(reference) ? Math.abs(read(reference) - read(want)) / size : 0
    j.number(what, isNumber(got) ? got : Number.NaN, want, size, theirs > 0 ? Math.max(2 * theirs, FLOAT32) : FLOAT64)
  } else {
    j.same(what, got, want)
  }
}

/** Returns the limit for a step's parameters. */
export type Limit = (step: string) => number

const upTo = (errors: Record<string, Written> | undefined, step: string): number =>
  Math.max(0, ...Object.entries(errors ?? {}).map(([at, error]) => (Number(at) <= Number(step) ? read(error) : 0)))

/** Factor by which a float32 trajectory amplifies an error more than float64. */
const FLOAT32_ULPS = 2 ** 29

/** Training runs may differ by 4 times the reference's error; single optimizers by 2 times. */
export function paramLimit(optimizer: string, dtype: FloatType, expected: Expected, isTraining = false): Limit {
  if (dtype === 'float64') return () => expected.judge?.float64_rtol ?? FLOAT64
  const isLbfgs = optimizer === 'LBFGS'
  if (isLbfgs || isTraining) {
    const [factor, floor] = [isLbfgs ? 8 : 4, isTraining ? TRAINING : FLOAT32]
    return (step) => {
      const error = Math.max(upTo(expected.float32_error, step), FLOAT32_ULPS * upTo(expected.float64_sensitivity, step))
      return Math.max(factor * error, floor)
    }
  }
  const errors = expected.float32_exact_ns_error ?? expected.float32_error
  return (step) => Math.max(2 * read(errors?.[step] ?? 0), FLOAT32)
}

/** Returns the largest limit of the parameters up to each step. */
export function stepLimits(params: Record<string, unknown>, limit: Limit): Limit {
  const steps = Object.keys(params)
  return (step) => Math.max(0, ...steps.filter((at) => Number(at) <= Number(step)).map(limit))
}

/** Compares one number per step, such as the loss, relative to the largest so far. `factor` multiplies the reference's error. */
export function judgeSeries(
  j: Judging,
  dtype: FloatType,
  what: string,
  got: unknown,
  expected: Expected,
  reference: unknown,
  limits: Limit,
  factor = 2,
): void {
  const wanted = flat(expected.float64[what])
  const theirs = flat(reference ?? [])
  const own = got === undefined ? [] : flat(got)
  j.same(`${what}: length`, own.length, wanted.length)
  let scale = 0
  let worst = 0
  for (const [t, want] of wanted.entries()) {
    scale = Math.max(scale, Math.abs(want))
    worst = Math.max(worst, Math.abs((theirs[t] ?? want) - want) / scale || 0)
    const limit = dtype === 'float64' ? (expected.judge?.float64_rtol ?? FLOAT64) : Math.max(factor * worst, limits(String(t + 1)), FLOAT32)
    j.number(`${what}[${t}]`, own[t], want, scale, limit)
  }
}
