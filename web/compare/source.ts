/** Converts the visitor's choices to a problem and settings, and to the equivalent command. */

import { bundledSpec, HIDDEN, makeProblem, type ProblemSpec, refuseModel } from '../../host/compare/bundled.ts'
import { measuredEpoch, planned } from '../../host/compare/plan.ts'
import type { Problem } from '../../host/compare/problem.ts'
import { checkSettings, defaultEpochs, defaultSettings, type Settings } from '../../host/compare/protocol.ts'
import type { Source } from '../../host/compare/report.ts'
import { quoted } from '../../host/compare/shown.ts'
import type { Arena } from '../../host/memory/arena.ts'
import { DownhillError } from '../../host/validation/errors.ts'
import type { Choice } from './messages.ts'

/** A table as in its file. */
export interface OwnTable {
  readonly name: string
  readonly text: string
  readonly sha256: string
}

/** Reads a text file like the command, including a byte order mark. */
export async function textOf(file: File): Promise<string> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(await file.arrayBuffer())
  } catch (error) {
    if (!(error instanceof TypeError)) throw new Error(`${file.name} could not be read: ${(error as Error).message}`)
    text = '\0'
  }
  if (text.includes('\0')) throw new DownhillError('data-invalid', `${file.name} must be a table in UTF-8.`)
  return text
}

async function fetchText(file: string): Promise<string> {
  const response = await fetch(`datasets/${file}`)
  if (!response.ok) throw new Error(`datasets/${file} could not be fetched: ${response.status}`)
  return response.text()
}

/** Returns the source of a problem. */
export async function specOf(source: Source, hidden: number, table: OwnTable | undefined): Promise<ProblemSpec> {
  if ('data' in source) {
    const { name, text, sha256 } = table!
    return { source, name, text, sha256, hidden }
  }
  if ('model' in source) return refuseModel()
  return bundledSpec(source, hidden, fetchText)
}

/** Creates the problem. Errors in a table begin with the table's name. */
export async function problemOf(spec: ProblemSpec): Promise<Problem> {
  try {
    return await makeProblem(spec)
  } catch (error) {
    if (error instanceof DownhillError && 'data' in spec.source) throw new DownhillError(error.code, `${spec.name}: ${error.message}`)
    throw error
  }
}

/** A few minutes on most problems: fewer trials and runs, with a quarter of the length. */
function quick(epochs: number) {
  return { trials: 6, seeds: 5, epochs: Math.max(1, Math.ceil(epochs / 4)) }
}

/** Returns the complete settings; for a time budget also the reductions. */
export function settingsOf(
  { optimizers, effort, asked: { hidden: _, ...asked } }: Choice,
  problem: Problem,
  arena: Arena,
  threads: number,
): { settings: Settings; note?: string } {
  const usual = { ...defaultSettings, optimizers, epochs: 1, ...asked }
  checkSettings(usual)
  const epochs = defaultEpochs(problem, usual.batchSize)
  const settings = { ...usual, epochs, ...(effort === 'quick' && quick(epochs)), ...asked }
  if (typeof effort === 'string') return { settings }
  const { leftOut, seconds, ...plan } = planned(effort, measuredEpoch(arena, problem, settings), threads, settings, asked)
  return {
    settings: { ...settings, ...plan },
    note: `planned to take about ${Math.ceil(seconds)} s; reductions: ${leftOut.join(', ') || 'none'}`,
  }
}

/** Returns the command that computes the same numbers. */
export function commandOf(source: Source, settings: Settings, problem: Problem, hidden: number): string {
  const d = defaultSettings
  const options: [name: string, value: unknown, usual?: unknown][] = [
    ['problem', 'problem' in source ? source.problem : undefined],
    ['condition', 'problem' in source ? source.condition : undefined],
    ['data', 'data' in source ? source.data : undefined],
    ['target', 'data' in source ? source.target : undefined],
    ['task', 'data' in source ? source.task : undefined],
    ['optimizers', settings.optimizers.join(), d.optimizers.join()],
    ['trials', settings.trials, d.trials],
    ['seeds', settings.seeds, d.seeds],
    ['seed', settings.baseSeed, d.baseSeed],
    ['epochs', settings.epochs, defaultEpochs(problem, settings.batchSize)],
    ['batch-size', settings.batchSize, d.batchSize],
    ['hidden', hidden, HIDDEN],
    ['schedule', settings.schedule, d.schedule],
  ]
  const given = options.filter(([, value, usual]) => value !== undefined && value !== usual)
  return ['downhill compare', ...given.map(([name, value]) => `--${name} ${quoted(String(value))}`)].join(' ')
}
