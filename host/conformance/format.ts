/** The case format, version 1: what a case file holds and how its numbers are written. */
import type { Arena } from '../memory/arena.ts'
import { DownhillError } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'

/** A number, or 'NaN', 'Infinity', '-Infinity'. */
export type Written = number | string

export interface WrittenTensor {
  readonly dtype?: string
  readonly shape: readonly number[]
  readonly data: readonly Written[]
}

export type WrittenGradient = readonly Written[] | null | { readonly sparse: WrittenSparse }

export interface WrittenSparse {
  readonly size: readonly number[]
  readonly indices: readonly [readonly number[]]
  readonly values: readonly unknown[]
}

export interface GroupSpec {
  readonly params: readonly number[]
  readonly options?: Record<string, unknown>
}

/** What every case has; the rest belongs to its kind. */
export interface Case {
  readonly format: 1
  readonly name: string
  readonly kind: string
  readonly reference?: string
  readonly expected?: Expected
}

// biome-ignore lint/suspicious/noExplicitAny: each kind reads its own part
export type Expected = Record<string, any>

/** What a run of a case gives; written as JSON. */
export type Result = Record<string, unknown>

/** Files that lie beside a case, and those that are written with its result. */
export interface Beside {
  read(name: string): Uint8Array
  emit(name: string, bytes: Uint8Array): void
  /** What was emitted. */
  emitted(name: string): Uint8Array
}

/** How a kind of case is run and judged. */
export interface Kind<C extends Case = Case> {
  readonly dtypes: readonly FloatType[]
  run(arena: Arena, test: C, dtype: FloatType, beside: Beside): Result
  judge(test: C, dtype: FloatType, result: Result, expected: Expected, judge: Judging, beside: Beside): void
}

/** What a kind's judge reports to. */
export interface Judging {
  /** Compares |got − expected| / scale with the limit; non-finite numbers must be the same. */
  number(what: string, got: unknown, expected: unknown, scale: number, limit: number): void
  same(what: string, got: unknown, expected: unknown): void
}

/** A kind or name of a case that there is not. */
export class Unsupported extends Error {}

export function isCase(value: unknown): value is Case {
  const candidate = value as Partial<Case> | null
  return (
    typeof candidate === 'object' && candidate?.format === 1 && typeof candidate.kind === 'string' && typeof candidate.name === 'string'
  )
}

export function read(value: Written): number {
  if (typeof value === 'number') return value
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity') return Number.POSITIVE_INFINITY
  if (value === '-Infinity') return Number.NEGATIVE_INFINITY
  throw new DownhillError('data-invalid', `${JSON.stringify(value)} stands where a number should`)
}

/** A value of an option, in which numbers that JSON does not have are written as texts. */
export function readOption(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readOption)
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? read(value) : value
}

/** All numbers of a value, however nested, in order. */
export function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [read(value as Written)]
}

/** Numbers that JSON does not have as strings, and typed arrays as arrays. */
export function written(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  if (Array.isArray(value)) return value.map(written)
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, written)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, written(entry)]))
}

/** The largest finite magnitude. */
export function largest(values: readonly unknown[]): number {
  return flat(values).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0)
}
