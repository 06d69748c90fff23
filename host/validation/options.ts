/** Declared options: one declaration yields the type, the default, the check, torch's key and the row in the documentation. */
import { check, checkRange, DownhillError, isObject, nearest, shown } from './errors.ts'

/** Marks text for docs/ only, as in doc`\\gamma`. The build removes it from the package (rollup.config.mjs). */
export const doc = String.raw

/** One option of an optimizer or a scheduler. */
export interface Option<T> {
  readonly default: T
  /** Valid values, as the documentation and errors show them. */
  readonly range: string
  readonly doc: string
  accepts(value: unknown): boolean
  /** Name in torch, if it is not this name in snake_case. */
  readonly torchKey?: string
  /** Whether the option has no default. */
  readonly required?: boolean
  /** Whether the default is fixed: callers cannot set the option, and loading a state dict does not change it. */
  readonly fixed?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: an option of any type
export type Declared = Readonly<Record<string, Option<any>>>

/** The values of declared options. */
export type Values<D extends Declared> = { -readonly [K in keyof D]: D[K] extends Option<infer T> ? T : never }

/** Returns a test for an interval like '[0, 1)'. NaN fails every test. */
function interval(range: string): (value: unknown) => value is number {
  const [low, high] = range.slice(1, -1).split(',') as [string, string]
  const bound = (text: string) => Number(text.replace('∞', 'Infinity'))
  const [from, to] = [bound(low), bound(high)]
  const above = range.startsWith('[') ? (x: number) => x >= from : (x: number) => x > from
  const below = range.endsWith(']') ? (x: number) => x <= to : (x: number) => x < to
  return (value): value is number => typeof value === 'number' && above(value) && below(value)
}

/** An option without a default. */
export type Required<T> = Option<T> & { readonly required: true }

/** Removes an option's default. */
export function required<T>(option: Option<T>, torchKey?: string): Required<T> {
  return { ...option, default: undefined as T, required: true, ...(torchKey && { torchKey }) }
}

/** Sets an option's torch name, if it is not this name in snake_case. */
export function called<T>(torchKey: string, option: Option<T>): Option<T> {
  return { ...option, torchKey }
}

/** A number in an interval like '[0, 1)'. */
export function number(value: number, range: string, doc: string): Option<number> {
  return { default: value, range, doc, accepts: interval(range) }
}

/** Two numbers, each with its own interval. */
export function pair(value: readonly [number, number], ranges: readonly [string, string], doc: string): Option<readonly [number, number]> {
  const [first, second] = [interval(ranges[0]), interval(ranges[1])]
  const range = ranges[0] === ranges[1] ? `two numbers in ${ranges[0]}` : `two numbers, in ${ranges[0]} and ${ranges[1]}`
  const accepts = (v: unknown) => Array.isArray(v) && v.length === 2 && first(v[0]) && second(v[1])
  return { default: value, range, doc, accepts }
}

export function flag(value: boolean, doc: string): Option<boolean> {
  return { default: value, range: 'true or false', doc, accepts: (v) => typeof v === 'boolean' }
}

/** An integer in an interval. */
export function integer(value: number, range: string, doc: string): Option<number> {
  const fits = interval(range)
  return { default: value, range: `an integer in ${range}`, doc, accepts: (v) => fits(v) && Number.isInteger(v) }
}

/** As many numbers as the default has. */
export function numbers(value: readonly number[], doc: string): Option<readonly number[]> {
  const accepts = (v: unknown) => Array.isArray(v) && v.length === value.length && v.every((x) => typeof x === 'number' && !Number.isNaN(x))
  return { default: value, range: `${value.length} numbers`, doc, accepts }
}

/** One value for all groups, or an array with one value per group. */
export function each<T>(option: Option<T>): Option<T | readonly T[]> {
  const accepts = (v: unknown) => (Array.isArray(v) ? v.every((entry) => option.accepts(entry)) : option.accepts(v))
  return { ...option, range: `${describe(option.range)}, or an array with one per group`, accepts }
}

/** A function, which state dicts leave out. */
export function callable<F>(doc: string): Option<F> {
  return { default: null as F, range: 'a function', doc, accepts: (v) => typeof v === 'function' }
}

/** Allows null, and makes it the default. */
export function orNull<T>(option: Option<T>): Option<T | null> {
  return { ...option, default: null, range: `${option.range}, or null`, accepts: (v) => v === null || option.accepts(v) }
}

/** One of several values. */
export function choice<T>(value: T, values: readonly T[], doc: string): Option<T> {
  const shownValues = values.map(shown)
  return {
    default: value,
    range: `${shownValues.slice(0, -1).join(', ')} or ${shownValues.at(-1)}`,
    doc,
    accepts: (v) => values.includes(v as T),
  }
}

/** Flags that select one of torch's kernels: accepted, kept in the state dict, otherwise ignored. */
export function torchFlag(value: boolean | null): Option<boolean | null> {
  const what = doc`selects one of torch's kernels; ignored, because there is one kernel here`
  return { default: value, range: 'true, false or null', doc: what, accepts: (v) => v === null || typeof v === 'boolean' }
}

/** A flag that distinguishes classes in a state dict. It is not an option. */
export function fixed(value: boolean): Option<boolean> {
  return { ...flag(value, doc`fixed by the class`), fixed: true }
}

/** Returns an option's name in torch: weightDecay is weight_decay. */
export function torchKey(name: string, declared: Declared = {}): string {
  return declared[name]?.torchKey ?? name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Returns a torch name in camelCase. */
export function fromTorchKey(key: string, declared: Declared = {}): string {
  const special = Object.keys(declared).find((name) => declared[name]!.torchKey === key)
  return special ?? key.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Throws unless every option exists and is in its range. `owner` is the class or function in the error. */
export function checkOptions(owner: string, declared: Declared, given: object): void {
  const names = Object.keys(declared).filter((name) => !declared[name]!.fixed)
  checkNames(owner, names, given)
  for (const name of names) {
    const value = (given as Record<string, unknown>)[name]
    const { accepts, range } = declared[name]!
    if (value !== undefined) checkRange(accepts(value), owner, name, describe(range), value)
  }
}

/** Throws unless `given` is an object with no other options than these. */
export function checkNames(owner: string, names: readonly string[], given: unknown): void {
  const isRecord = isObject(given) && !Array.isArray(given)
  check(isRecord, 'option-range', () => `${owner}: options must be an object, as in { ${names[0]}: … }, got ${shown(given)}`)
  const unknown = Object.keys(given as object).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const meant = nearest(unknown, names)
  const hint = meant ? `, did you mean ${meant}?` : `; the options are ${names.join(', ')}`
  throw new DownhillError('option-unknown', `${owner} has no option ${unknown}${hint}`)
}

function describe(range: string): string {
  return /^[[(]/.test(range) ? `a number in ${range}` : range
}

/** Whether a saved value may be loaded: in its range, or any number in place of a number, because a schedule may leave a range by rounding. */
export function isLoadable({ accepts, default: like }: Option<unknown>, value: unknown): boolean {
  const isNumber = (v: unknown) => typeof v === 'number' && !Number.isNaN(v)
  if (accepts(value) || (typeof like === 'number' && isNumber(value))) return true
  return Array.isArray(like) && Array.isArray(value) && value.length === like.length && value.every(isNumber)
}

/** Returns an argument, or throws unless it is one of several values. */
export function choiceOf<T>(by: string, name: string, value: T, values: readonly T[]): T {
  const { accepts, range } = choice(values[0]!, values, '')
  checkRange(accepts(value), by, name, range, value)
  return value
}

/** Returns the given options, completed with defaults. */
export function withDefaults<T extends object>(given: Partial<T>, defaults: T): T {
  const values = { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ownCopy(value)])) as T
}

/** Copies arrays, so that writing betas[0] of one group does not change another's. */
export function ownCopy<T>(value: T): T {
  return Array.isArray(value) ? ([...value] as T) : value
}

export function defaultsOf<D extends Declared>(declared: D): Values<D> {
  return Object.fromEntries(Object.entries(declared).map(([name, option]) => [name, ownCopy(option.default)])) as Values<D>
}
