/** Encodes the state of the view as the query of its address, and decodes it. */
import { controlled, type Given, optimizers, schedules } from './catalogue.ts'
import { kinds, type SurfaceName } from './surfaces.ts'

export interface Racer {
  readonly optimizer: string
  readonly options: Given
  /** '' for a constant learning rate. */
  readonly schedule: string
  readonly scheduleOptions: Given
}

export interface Setup {
  readonly surface: SurfaceName
  readonly condition: number
  readonly expression: string
  readonly extent: number
  readonly start: readonly [number, number]
  /** Steps of a complete run. */
  readonly steps: number
  /** The current step. */
  readonly at: number
  /** Steps per second. */
  readonly speed: number
  /** The optimizer whose numbers are shown. */
  readonly chosen: number
  readonly racers: readonly Racer[]
}

export const MOST_RACERS = 15
export const MOST_STEPS = 5000

/** Returns an optimizer with its suggested options for a surface. */
export function suggested(optimizer: string, surface: SurfaceName): Racer {
  return { optimizer, options: optimizers[optimizer]!.start(kinds[surface].rate), schedule: '', scheduleOptions: {} }
}

export function firstSetup(): Setup {
  const surface = 'rosenbrock'
  return {
    surface,
    condition: 100,
    expression: 'sin(3*x) + cos(2*y) + (x^2 + y^2)/4',
    extent: 3,
    start: kinds[surface].start,
    steps: 300,
    at: 0,
    speed: 40,
    chosen: 1,
    racers: ['SGD', 'Adam', 'RMSprop', 'LBFGS'].map((name) => suggested(name, surface)),
  }
}

/** Encodes a value. ~ ends every entry of an array, which distinguishes an array of one entry from a scalar. */
function written(value: unknown): string {
  if (Array.isArray(value)) return value.map((entry) => `${written(entry)}~`).join('') || '~'
  return encodeURIComponent(Object.is(value, -0) ? '-0' : String(value))
}

function read(text: string): unknown {
  if (text === '~') return []
  if (text.includes('~')) return text.split('~').slice(0, -1).map(read)
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  // Everything except a number is a string.
  return text !== '' && (text === 'NaN' || !Number.isNaN(Number(text))) ? Number(text) : text
}

/** Encodes a name with options. Values are encoded twice: against the separators of options, and for the address. */
function named(name: string, options: Given): string {
  return [name, ...Object.entries(options).map(([key, value]) => `${key}:${written(value).replaceAll('%', '%25')}`)].join(',')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Returns a name and its options, without unknown options; undefined if the name is unknown. */
function readNamed(text: string, table: typeof optimizers | typeof schedules): [name: string, options: Given] | undefined {
  const [name = '', ...rest] = text.split(',')
  if (!Object.hasOwn(table, name)) return undefined
  const known = controlled(table[name]!.made.declaration.options)
  const pairs = rest.map((entry) => [entry.slice(0, entry.indexOf(':')), entry.slice(entry.indexOf(':') + 1)] as const)
  // A function of the step is a string, even if it looks like a number.
  const value = (key: string, text: string) => (key === 'lrLambda' ? decoded(text) : read(decoded(text)))
  return [name, Object.fromEntries(pairs.filter(([key]) => known.includes(key)).map(([key, text]) => [key, value(key, text)]))]
}

/** Returns the query of an address. */
export function encodeSetup(setup: Setup): string {
  const { surface, condition, expression, extent, start, steps, at, speed, chosen, racers } = setup
  const parts = [
    `f=${surface}`,
    ...(surface === 'quadratic' ? [`condition=${written(condition)}`] : []),
    ...(surface === 'typed' ? [`of=${encodeURIComponent(expression)}`, `extent=${written(extent)}`] : []),
    `x=${written(start[0])}`,
    `y=${written(start[1])}`,
    `steps=${steps}`,
    `at=${at}`,
    `speed=${speed}`,
    `show=${chosen + 1}`,
    ...racers.map(
      ({ optimizer, options, schedule, scheduleOptions }) =>
        `o=${named(optimizer, options)}${schedule ? `;${named(schedule, scheduleOptions)}` : ''}`,
    ),
  ]
  return parts.join('&').replaceAll('%20', '+')
}

/** Returns the setup of a query, with defaults for missing parts. */
export function decodeSetup(query: URLSearchParams): Setup {
  const first = firstSetup()
  if (!query.has('f') && !query.has('o')) return first
  const surface = Object.hasOwn(kinds, query.get('f') ?? '') ? (query.get('f') as SurfaceName) : first.surface
  const number = (name: string, from: number, low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY) => {
    const value = query.has(name) ? Number(query.get(name)) : from
    return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : from
  }
  const whole = (...given: Parameters<typeof number>) => Math.round(number(...given))
  const racers = query
    .getAll('o')
    .slice(0, MOST_RACERS)
    .flatMap((text) => readRacer(text))
  const start = kinds[surface].start
  const steps = whole('steps', first.steps, 1, MOST_STEPS)
  return {
    surface,
    condition: number('condition', first.condition),
    expression: query.get('of') ?? first.expression,
    extent: number('extent', first.extent, 0.01, 1000),
    start: [number('x', start[0]), number('y', start[1])],
    steps,
    at: whole('at', 0, 0, steps),
    speed: whole('speed', first.speed, 1, 500),
    chosen: whole('show', 1, 1, Math.max(1, racers.length)) - 1,
    racers,
  }
}

function readRacer(text: string): Racer[] {
  const [own = '', after = ''] = text.split(';')
  const optimizer = readNamed(own, optimizers)
  if (!optimizer) return []
  const schedule = readNamed(after, schedules)
  return [{ optimizer: optimizer[0], options: optimizer[1], schedule: schedule?.[0] ?? '', scheduleOptions: schedule?.[1] ?? {} }]
}
