/** The result of a comparison as lines for a terminal. */
import type { Report, Result } from '../../compare/report.ts'

/** What the result says in a sentence. */
export function lead({ metric, results }: Report): string {
  const [first, second] = results
  if (first!.value === null) {
    return `Every optimizer failed at its best learning rate: the loss left the numbers. Look for extreme values in the data.`
  }
  const article = metric.name === 'accuracy' ? 'an accuracy' : 'an R²'
  const text = `${first!.label} did best, with ${article} of ${shownMetric(metric.name, first!.value)} at learning rate ${first!.lr}`
  if (!second) return `${text}.`
  return second.value === null
    ? `${text}; the others failed.`
    : `${text}; ${second.label} follows with ${shownMetric(metric.name, second.value)}.`
}

/** A metric as people read it: 97.4 % or 0.871; a dash for a run that failed. */
export function shownMetric(name: string, value: number | null): string {
  if (value === null) return '–'
  return name === 'accuracy' ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)
}

export function shownBytes(bytes: number): string {
  if (bytes === 0) return 'none'
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

/** Rows of cells as lines; a column is to the left or to the right, by its letter. */
export function aligned(rows: readonly (readonly string[])[], sides: string): string[] {
  const widths = Array.from(sides, (_, c) => rows.reduce((most, row) => Math.max(most, row[c]?.length ?? 0), 0))
  const pad = (text: string, c: number) => (sides[c] === 'l' ? text.padEnd(widths[c]!) : text.padStart(widths[c]!))
  return rows.map((row) => row.map(pad).join('   ').trimEnd())
}

export function resultTable(report: Report): string {
  const { problem, model, metric, protocol, results } = report
  const several = protocol.seeds.length > 1
  const columns: readonly [title: string, cell: (result: Result, rank: number) => string][] = [
    ['', (_, rank) => String(rank + 1)],
    ['optimizer', ({ label, optimizer }) => (label === optimizer ? label : `${label} (${optimizer})`)],
    [`${metric.name} on test rows`, ({ value }) => shownMetric(metric.name, value)],
    [several ? 'lowest … highest' : '', (result) => (several ? spread(metric.name, result) : '')],
    ['learning rate', ({ lr }) => String(lr)],
    ['steps to target', ({ stepsToTarget }) => (stepsToTarget === null ? '–' : String(stepsToTarget))],
    ['state', ({ stateBytes }) => shownBytes(stateBytes)],
    ['a run', ({ seconds }) => `${seconds.toFixed(2)} s`],
    ['failed', ({ failures }) => (failures ? String(failures) : '')],
  ]
  const shownColumns = columns.filter(([title, cell]) => title !== 'failed' || results.some((result, i) => cell(result, i) !== ''))
  const rows = [shownColumns.map(([title]) => title), ...results.map((result, i) => shownColumns.map(([, cell]) => cell(result, i)))]
  const lines = aligned(rows, 'rlrrrrrrr')
  const about = [
    `${problem.name}: ${problem.rows} rows, ${problem.features} features, ${problem.classes ? `${problem.classes} classes` : 'one value'}`,
    `${model.layers.join(', ')}: ${model.parameters} parameters`,
    `${protocol.epochs} epochs, ${protocol.trials} learning rates each, ${protocol.seeds.length} seeds`,
  ]
  const rule = '─'.repeat(Math.max(...lines.map((line) => line.length)))
  return ['', ...about, '', lines[0], rule, ...lines.slice(1), '', lead(report), ''].join('\n')
}

/** The lowest and the highest metric of the runs that did not fail. */
export function spread(metric: string, { runs }: Result): string {
  const values = runs.map(({ value }) => value).filter((value) => value !== null)
  return values.length ? `${shownMetric(metric, Math.min(...values))} … ${shownMetric(metric, Math.max(...values))}` : '–'
}
