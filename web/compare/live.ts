/** Results of a running comparison: a row and a curve per optimizer. */
import { contestantsOf } from '../../host/compare/contestants.ts'
import type { Problem } from '../../host/compare/problem.ts'
import { protocolOf, type Settings } from '../../host/compare/protocol.ts'
import type { Run, RunSpec } from '../../host/compare/run.ts'
import { capitalized, shownMetric, shownNumber } from '../../host/compare/shown.ts'
import { liveCurves } from '../../host/report/plots/curves.ts'
import type { Line } from './messages.ts'

/** Runs of one optimizer. Two labels of an optimizer share their trials, which are shown once. */
interface Group {
  readonly label: string
  readonly at: number
  trials: number
  best: { readonly spec: RunSpec; readonly run: Run } | undefined
  readonly runs: Run[]
}

export class Live {
  readonly #groups = new Map<string, Group>()
  readonly #seeds: ReadonlySet<number>
  readonly #problem: Problem
  readonly #settings: Settings

  constructor(problem: Problem, settings: Settings) {
    this.#problem = problem
    this.#settings = settings
    this.#seeds = new Set(protocolOf(problem, settings).seeds)
    for (const { label, optimizer } of contestantsOf(settings.optimizers)) {
      const known = this.#groups.get(optimizer)
      const at = known?.at ?? this.#groups.size
      this.#groups.set(optimizer, { label: known ? `${known.label}, ${label}` : label, at, trials: 0, best: undefined, runs: [] })
    }
  }

  add(spec: RunSpec, run: Run): void {
    const group = this.#groups.get(spec.optimizer)!
    if (this.#seeds.has(spec.seed)) {
      group.runs.push(run)
      return
    }
    group.trials++
    if (run.validation !== null && run.validation > (group.best?.run.validation ?? -Infinity)) group.best = { spec, run }
  }

  lines(): Line[] {
    const { trials, seeds } = this.#settings
    const metric = this.#problem.metric
    const lines = [...this.#groups.values()].map((group) => {
      const values = group.runs.flatMap(({ validation }) => (validation === null ? [] : [validation]))
      const mean = values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null
      return { group, standing: mean ?? group.best?.run.validation ?? null, mean }
    })
    const top = Math.max(...lines.map(({ standing }) => standing ?? -Infinity))
    return lines.map(({ group: { label, at, best, ...group }, standing, mean }) => ({
      label,
      at,
      trials: `${Math.min(group.trials, trials)} of ${trials}`,
      best: shownMetric(metric, best?.run.validation ?? null),
      lr: best ? shownNumber(best.spec.lr) : '–',
      runs: `${Math.min(group.runs.length, seeds)} of ${seeds}`,
      mean: shownMetric(metric, mean),
      isLeading: standing !== null && standing === top,
    }))
  }

  /** Returns the runs of each optimizer, or its best trial until the first run. */
  plot(): string {
    const { metric, facts } = this.#problem
    const entries = [...this.#groups.values()].map(({ label, at, best, runs }) => ({
      at,
      result: { label, runs: runs.length ? runs : best ? [best.run] : [] },
    }))
    const title = facts.kind === 'function' ? `${metric} during the run` : `${metric} on validation rows`
    return liveCurves(capitalized(title), metric, entries)
  }
}
