/** Receipts: parsing, replay, resumption and comparison. */

import { isDict } from '../io/dict.ts'
import type { Architecture } from '../tables/perceptron.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import type { Problem } from './problem.ts'
import { type Execute, protocolOf, type Settings } from './protocol.ts'
import type { ProblemFacts, Report, Source } from './report.ts'
import type { Run, RunSpec } from './run.ts'
import type { Space } from './spaces.ts'
import { STEPS_PER_POINT } from './surfaces.ts'

/** The state of an interrupted comparison: its settings, and the completed runs. */
export type Unfinished = Pick<Report, 'format' | 'version' | 'runtime' | 'command' | 'protocol'> & {
  readonly problem: ProblemFacts & { readonly source: Source }
  readonly optimizers: readonly string[]
  readonly runs: readonly (readonly [RunSpec, Run])[]
}

/** Contents of a receipt, as far as a replay needs them. */
export interface Asked {
  readonly source: Source
  /** Name of the problem. */
  readonly name: string
  readonly sha256: string
  readonly hidden: Architecture['hidden']
  readonly dropout: number
  readonly settings: Settings
  readonly command: string
  /** The complete report, for comparison. */
  readonly report?: Report
  readonly runs: readonly (readonly [RunSpec, Run])[]
}

function isSpace(value: unknown): value is Space {
  const isRange = (range: unknown) => {
    if (!isDict(range)) return false
    const { log, values } = range
    const isLog = Array.isArray(log) && log.length === 2 && log.every((end) => typeof end === 'number' && end > 0 && Number.isFinite(end))
    return isLog || (Array.isArray(values) && values.length > 0)
  }
  return isDict(value) && isDict(value.lr) && 'log' in value.lr && Object.values(value).every(isRange)
}

function isSource(value: unknown): value is Source {
  const kinds = ['problem', 'data', 'model']
  return isDict(value) && kinds.some((kind) => typeof value[kind] === 'string') && (!('data' in value) || typeof value.target === 'string')
}

/** Contents of report.json. */
export function receiptText(report: Report): string {
  return `${JSON.stringify(report, null, 1)}\n`
}

/** A comparison that stores completed runs, so that interruptions lose none. */
export class Kept {
  readonly #known: Map<string, readonly [RunSpec, Run]>

  constructor(runs: readonly (readonly [RunSpec, Run])[]) {
    this.#known = new Map(runs.map((entry) => [JSON.stringify(entry[0]), entry]))
  }

  /** Number of completed runs. */
  get size(): number {
    return this.#known.size
  }

  /** Executes the runs without a stored result. */
  around(execute: Execute): Execute {
    return async (spec) => {
      const key = JSON.stringify(spec)
      const found = this.#known.get(key)
      if (found) return found[1]
      const run = await execute(spec)
      this.#known.set(key, [spec, run])
      return run
    }
  }

  /** Returns the state to store. */
  unfinished(
    about: Pick<Report, 'format' | 'version' | 'runtime' | 'command'>,
    problem: Problem,
    source: Source,
    settings: Settings,
  ): Unfinished {
    const facts = { ...problem.facts, source }
    const { optimizers } = settings
    return { ...about, problem: facts, protocol: protocolOf(problem, settings), optimizers, runs: [...this.#known.values()] }
  }
}

/**
 * Parses the text of report.json, or of the state of an interrupted comparison.
 *
 * @param file its name, for errors
 * @throws `file-invalid`
 */
export function parseReceipt(text: string, file: string): Asked {
  const wrong = (why: string) => new DownhillError('file-invalid', `${file} is not a receipt of downhill compare: ${why}`)
  let receipt: unknown
  try {
    receipt = JSON.parse(text)
  } catch (error) {
    throw wrong((error as Error).message)
  }
  if (!isDict(receipt)) throw wrong(`it is ${shown(receipt)}`)
  const { format, problem, protocol, results, optimizers, runs, command } = receipt as Partial<Report & Unfinished>
  if (format !== 1) throw wrong(`its format must be 1, got ${shown(format)}`)
  if (!isDict(problem) || !isSource(problem.source)) throw wrong('its problem has no source')
  if (!isDict(protocol) || !isDict(protocol.spaces)) throw wrong('it has no protocol')
  const {
    spaces,
    baseSeed,
    seeds,
    trials,
    epochs,
    steps,
    batchSize,
    hidden = 1,
    dropout = 0,
    schedule,
  } = protocol as unknown as Report['protocol']
  for (const [label, space] of Object.entries(spaces)) if (!isSpace(space)) throw wrong(`the search space of ${shown(label)} is invalid`)
  if (!Array.isArray(seeds)) throw wrong('its protocol has no seeds')
  const named = Array.isArray(results) ? new Map(results.map(({ label, optimizer }) => [label, optimizer])) : undefined
  const names: unknown[] = (optimizers as string[] | undefined) ?? Object.keys(spaces).map((label) => `${label}=${named?.get(label)}`)
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) throw wrong('its optimizers have no names')
  return {
    source: problem.source,
    name: String(problem.name),
    sha256: String(problem.sha256),
    hidden,
    dropout,
    command: String(command),
    settings: {
      optimizers: names,
      baseSeed,
      seeds: seeds.length,
      trials,
      epochs: epochs ?? (steps ?? 0) / STEPS_PER_POINT,
      batchSize,
      schedule,
      spaces,
    },
    ...(named && { report: receipt as unknown as Report }),
    runs: Array.isArray(runs) ? runs : [],
  }
}

/** Keys that may differ between a receipt and its replay. `text` is the recommendation's wording, which follows from the numbers. */
const OWN = ['seconds', 'runtime', 'version', 'command', 'text']

/** Returns the path of the first difference between two receipts, such as results.0.value; undefined if only times differ. */
export function differenceOf(a: unknown, b: unknown, path: readonly string[] = []): string | undefined {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b) ? undefined : path.join('.')
  const keys = new Set([...Object.keys(a), ...Object.keys(b)].filter((key) => !OWN.includes(key)))
  for (const key of keys) {
    const found = differenceOf((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

/** Throws unless data have the checksum in a receipt. */
export function checkSame({ sha256 }: Asked, found: string, name: string, file: string): void {
  check(found === sha256, 'data-invalid', `${name} has changed since ${file} was written: its checksum differs`)
}
