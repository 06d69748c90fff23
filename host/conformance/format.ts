/** The case format, version 1: fields of a case file and the encoding of its numbers. */
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

/** Fields of every case. The other fields belong to its kind. */
export interface Case {
  readonly format: 1
  readonly name: string
  readonly kind: string
  readonly reference?: string
  readonly expected?: Expected
}

// biome-ignore lint/suspicious/noExplicitAny: each kind reads its own part
export type Expected = Record<string, any>

/** Result of running a case, written as JSON. */
export type Result = Record<string, unknown>

/** Files beside a case, and files written with its result. */
export interface Beside {
  read(name: string): Uint8Array
  emit(name: string, bytes: Uint8Array): void
  /** The emitted result. */
  emitted(name: string): Uint8Array
}

/** Runs and judges one kind of case. */
export interface Kind<C extends Case = Case> {
  readonly dtypes: readonly FloatType[]
  run(arena: Arena, test: C, dtype: FloatType, beside: Beside): Result
  judge(test: C, dtype: FloatType, result: Result, expected: Expected, judge: Judging, beside: Beside): void
}

/** Collects a kind's comparisons. */
export interface Judging {
  /** Compares |got − expected| / scale with the limit. Non-finite numbers must be equal. */
  number(what: string, got: unknown, expected: unknown, scale: number, limit: number): void
  same(what: string, got: unknown, expected: unknown): void
}

/** Thrown for an unknown kind or name in a case. */
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
  throw new DownhillError('data-invalid', `a number must be a number, 'NaN', 'Infinity' or '-Infinity', got ${JSON.stringify(value)}`)
}

/** Whether a value is a number, or one that JSON lacks. */
export function isNumber(value: unknown): value is Written {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity'
}

/** Fields whose strings are names, even 'NaN'. */
const NAMES = new Set(['name', 'names'])

/** Returns a case with numbers in place of 'NaN', 'Infinity' and '-Infinity', at any depth. */
export function readInputs(value: unknown): unknown {
  if (isNumber(value)) return read(value)
  if (Array.isArray(value)) return value.map(readInputs)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, NAMES.has(key) ? entry : readInputs(entry)]))
}

/** Returns all numbers of a nested value, in order. */
export function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [read(value as Written)]
}

/** Converts numbers that JSON lacks to strings, and typed arrays to arrays. */
export function written(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  if (Array.isArray(value)) return value.map(written)
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, written)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, written(entry)]))
}

/** Returns the largest finite magnitude. */
export function largest(values: readonly unknown[]): number {
  return flat(values).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0)
}
