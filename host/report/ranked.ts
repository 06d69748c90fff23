/** The results in their places. */
import type { Report, Result } from '../compare/report.ts'

/** A result as every table and plot shows it. */
export interface Ranked {
  readonly result: Result
  /** Where it stands in the receipt, as in `results.3`. */
  readonly path: string
  /** Those that cannot be told apart have the same one; null if it failed. */
  readonly place: number | null
  /** Its position from the best, which gives it its colour and dashes. */
  readonly at: number
}

/** The results of each place, best first; then those that failed, each alone. */
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

/** An optimizer's name beside its label, where that says something else. */
export function named({ label, optimizer }: Result): string {
  return label === optimizer ? label : `${label} (${optimizer})`
}

/** What the comparison says in a sentence or two. */
export function lead({ recommendation }: Report): string {
  return recommendation?.text ?? 'Every optimizer failed: the loss or the metric left the numbers. Look for extreme values in the data.'
}

/** Seconds until the target, of a run on average. */
export function secondsToTarget({ result: { stepsToTarget, seconds, runs } }: Ranked): number | null {
  const last = Math.max(0, ...runs.map(({ curve }) => curve.at(-1)?.[0] ?? 0))
  return stepsToTarget === null || last === 0 ? null : (seconds * stepsToTarget) / last
}

/** What the metric was measured on, in words. */
export function wording({ problem, metric }: Report): { unit: string; test: string; validation: string } {
  const unit = 'model' in problem.source ? 'batches' : problem.kind === 'language' ? 'characters' : 'rows'
  return problem.kind === 'function'
    ? { unit, test: `${metric.name} at the end`, validation: `${metric.name} on the way` }
    : { unit, test: `${metric.name} on test ${unit}`, validation: `${metric.name} on validation ${unit}` }
}
