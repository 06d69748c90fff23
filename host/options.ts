/** Declared options: one declaration gives the type, the default, the check, torch's key and the line in the documentation. */
import { check, DownhillError, nearest, shown } from './errors.ts'

/** One option of an optimizer or a scheduler. */
export interface Option<T> {
  readonly default: T
  /** The values it takes, as the documentation and errors write it. */
  readonly range: string
  readonly doc: string
  accepts(value: unknown): boolean
  /** torch's name, where it is not the option's own in snake_case. */
  readonly torchKey?: string
  /** A group has it, with its default; it cannot be given. A state dict's other value gives way to it. */
  readonly fixed?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: an option of any type
export type Declared = Readonly<Record<string, Option<any>>>

/** The values of declared options. */
export type Values<D extends Declared> = { -readonly [K in keyof D]: D[K] extends Option<infer T> ? T : never }

/** An interval like '[0, 1)' as a test. NaN is in none. */
function interval(range: string): (value: unknown) => value is number {
  const [low, high] = range.slice(1, -1).split(',') as [string, string]
  const bound = (text: string) => Number(text.trim().replace('∞', 'Infinity'))
  const [from, to] = [bound(low), bound(high)]
  const above = range.startsWith('[') ? (x: number) => x >= from : (x: number) => x > from
  const below = range.endsWith(']') ? (x: number) => x <= to : (x: number) => x < to
  return (value): value is number => typeof value === 'number' && above(value) && below(value)
}

/** A number in an interval, written as in '[0, 1)'. */
export function number(value: number, range: string, doc: string): Option<number> {
  return { default: value, range, doc, accepts: interval(range) }
}

/** Two numbers, each in an interval of its own. */
export function pair(value: readonly [number, number], ranges: readonly [string, string], doc: string): Option<readonly [number, number]> {
  const [first, second] = [interval(ranges[0]), interval(ranges[1])]
  const range = ranges[0] === ranges[1] ? `two numbers in ${ranges[0]}` : `two numbers, in ${ranges[0]} and ${ranges[1]}`
  const accepts = (v: unknown) => Array.isArray(v) && v.length === 2 && first(v[0]) && second(v[1])
  return { default: value, range, doc, accepts }
}

export function flag(value: boolean, doc: string): Option<boolean> {
  return { default: value, range: 'true or false', doc, accepts: (v) => typeof v === 'boolean' }
}

/** Flags that choose among torch's kernels and change nothing here: accepted, kept in the state dict, otherwise ignored. */
export function torchFlag(value: boolean | null): Option<boolean | null> {
  const doc = "chooses among torch's kernels; there is one kernel here, and this changes nothing"
  return { default: value, range: 'true, false or null', doc, accepts: (v) => v === null || typeof v === 'boolean' }
}

/** What tells a class from another in a state dict, and is no option of it. */
export function fixed(value: boolean): Option<boolean> {
  return { ...flag(value, 'what the class is made of; it cannot be given'), fixed: true }
}

/** An option's name in torch: weightDecay is weight_decay. */
export function torchKey(name: string, declared: Declared = {}): string {
  return declared[name]?.torchKey ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A name of torch's in camelCase. */
export function fromTorchKey(key: string, declared: Declared = {}): string {
  const special = Object.keys(declared).find((name) => declared[name]!.torchKey === key)
  return special ?? key.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Throws unless every given option exists and is in its range. `owner` is what the error calls the thing the options are for. */
export function checkOptions(owner: string, declared: Declared, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(declared, name) ? declared[name] : undefined
    if (!option || option.fixed) {
      const names = Object.keys(declared).filter((candidate) => !declared[candidate]!.fixed)
      const meant = nearest(name, names)
      const hint = meant ? `, did you mean ${meant}?` : `; it has ${names.join(', ')}`
      throw new DownhillError('option-unknown', `${owner} has no option ${name}${hint}`)
    }
    if (value === undefined) continue
    check(option.accepts(value), 'option-range', () => `${owner}: ${name} must be ${describe(option.range)}, not ${shown(value)}`)
  }
}

function describe(range: string): string {
  return /^[[(]/.test(range) ? `a number in ${range}` : range
}

/** The given options over the defaults, which are those declared unless others are given. */
export function withDefaults<T extends object>(given: Partial<T>, defaults: T): T {
  const values = { ...defaults }
  for (const [name, value] of Object.entries(given)) if (value !== undefined) Object.assign(values, { [name]: value })
  return values
}

export function defaultsOf<D extends Declared>(declared: D): Values<D> {
  return Object.fromEntries(Object.entries(declared).map(([name, option]) => [name, option.default])) as Values<D>
}
