/** Results with their ranks. */
import type { Report, Result } from '../compare/report.ts'
import { shownMetric, shownNumber } from '../compare/shown.ts'

/** A result as tables and plots show it. */
export interface Ranked {
  readonly result: Result
  /** Path in the receipt, as in `results.3`. */
  readonly path: string
  /** Rank, shared by statistically indistinguishable results; null for a failed result. */
  readonly place: number | null
  /** Position from the best, which determines color and dashes. */
  readonly at: number
}

/** Returns the results by rank, best first, then the failed ones, each alone. */
export function places({ results, ranking }: Report): Ranked[][] {
  const done = results.filter(({ value }) => value !== null)
  const shared = ranking
    .map((labels) => labels.flatMap((label) => done.filter((result) => result.label === label)))
    .filter((group) => group.length)
  const failed = results.filter((result) => !shared.flat().includes(result))
  let at = 0
  return [...shared, ...failed.map((result) => [result])].map((group) => {
    const place = shared.includes(group) ? at + 1 : null
    return group.map((result) => ({ result, path: `results.${results.indexOf(result)}`, place, at: at++ }))
  })
}

export function ranked(report: Report): Ranked[] {
  return places(report).flat()
}

/** Returns an optimizer's name, if its label differs from it. */
export function named({ label, optimizer }: Result): string {
  return label === optimizer ? label : `${label} (${optimizer})`
}

/** Returns the recommendation. */
export function lead({ recommendation }: Report): string {
  return recommendation?.text ?? 'Every optimizer failed: the loss or the metric became non-finite. Check the data for extreme values.'
}

/** Returns the mean seconds of a run until the target. */
export function secondsToTarget({ result: { stepsToTarget, seconds, runs } }: Ranked): number | null {
  const last = Math.max(0, ...runs.map(({ curve }) => curve.at(-1)?.[0] ?? 0))
  return stepsToTarget === null || last === 0 ? null : (seconds * stepsToTarget) / last
}

/** Returns the names of the metric on test and validation rows. */
export function wording({ problem, metric }: Report): { unit: string; test: string; validation: string } {
  const unit = 'model' in problem.source ? 'batches' : problem.kind === 'language' ? 'characters' : 'rows'
  return problem.kind === 'function'
    ? { unit, test: `final ${metric.name}`, validation: `${metric.name} during the run` }
    : { unit, test: `${metric.name} on test ${unit}`, validation: `${metric.name} on validation ${unit}` }
}

/** A further score of tables as a column. */
export interface ScoreColumn {
  /** Key in the metrics of a result. */
  readonly key: string
  readonly title: string
  readonly show: (value: number) => string
  /** Returns the score of a result; undefined if it failed. */
  readonly of: (result: Result) => number | undefined
}

const SCORES: readonly (readonly [key: string, title: string, show: (value: number) => string])[] = [
  ['balancedAccuracy', 'balanced', (value) => shownMetric('accuracy', value)],
  ['logLoss', 'log loss', shownNumber],
  ['mae', 'MAE', shownNumber],
  ['rmse', 'RMSE', shownNumber],
]

/** Returns the columns of the further scores that a report has. */
export function scoreColumns({ results }: Report): ScoreColumn[] {
  return SCORES.map(([key, title, show]) => ({
    key,
    title,
    show,
    of: ({ metrics }: Result) => (metrics as Partial<Record<string, number>> | null | undefined)?.[key],
  })).filter(({ of }) => results.some((result) => of(result) !== undefined))
}
