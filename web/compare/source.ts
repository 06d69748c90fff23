/** Converts the visitor's choices to a problem and settings, and to the equivalent command. */

import { bundledSpec, HIDDEN, makeProblem, type ProblemSpec, refuseModel } from '../../host/compare/bundled.ts'
import { measuredEpoch, planned } from '../../host/compare/plan.ts'
import type { Problem } from '../../host/compare/problem.ts'
import { checkSettings, defaultEpochs, defaultSettings, type Settings } from '../../host/compare/protocol.ts'
import type { Source } from '../../host/compare/report.ts'
import { quoted } from '../../host/compare/shown.ts'
import type { Arena } from '../../host/memory/arena.ts'
import type { Architecture } from '../../host/tables/perceptron.ts'
import { naming } from '../../host/validation/naming.ts'
import type { OwnTable } from '../table.ts'
import type { Choice } from './messages.ts'

async function fetchText(file: string): Promise<string> {
  const response = await fetch(`datasets/${file}`)
  if (!response.ok) throw new Error(`datasets/${file} could not be fetched: ${response.status}`)
  return response.text()
}

/** Returns the source of a problem. */
export async function specOf(source: Source, architecture: Architecture, table: OwnTable | undefined): Promise<ProblemSpec> {
  if ('data' in source) {
    const { name, text, notes, sha256 } = table!
    return { source, name, text, notes, sha256, ...architecture }
  }
  if ('model' in source) return refuseModel()
  return bundledSpec(source, architecture, fetchText)
}

/** Creates the problem. Errors in a table begin with the table's name. */
export function problemOf(spec: ProblemSpec): Promise<Problem> {
  return 'data' in spec.source ? naming(spec.name, () => makeProblem(spec)) : makeProblem(spec)
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
export function commandOf(source: Source, settings: Settings, problem: Problem, { hidden }: Architecture): string {
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
