/** The result of a comparison as lines for a terminal. */
import type { Report, Result } from '../../compare/report.ts'

/** A metric as people read it: 97.4 % or 0.871. */
export function shownMetric(name: string, value: number): string {
  return name === 'accuracy' ? `${(100 * value).toFixed(1)} %` : value.toFixed(3)
}

export function shownBytes(bytes: number): string {
  if (bytes === 0) return 'none'
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`
}

export function resultTable(report: Report): string {
  const { problem, model, metric, protocol, results } = report
  const several = protocol.seeds.length > 1
  const columns: readonly [title: string, cell: (result: Result, rank: number) => string][] = [
    ['', (_, rank) => String(rank + 1)],
    ['optimizer', ({ label, optimizer }) => (label === optimizer ? label : `${label} (${optimizer})`)],
    [`${metric.name} on test rows`, ({ value }) => shownMetric(metric.name, value)],
    [
      several ? 'lowest … highest' : '',
      ({ runs }) =>
        several
          ? spread(
              metric.name,
              runs.map((run) => run.value),
            )
          : '',
    ],
    ['learning rate', ({ lr }) => String(lr)],
    ['steps to target', ({ stepsToTarget }) => (stepsToTarget === null ? '–' : String(stepsToTarget))],
    ['state', ({ stateBytes }) => shownBytes(stateBytes)],
    ['a run', ({ seconds }) => `${seconds.toFixed(2)} s`],
    ['failed', ({ failures }) => (failures ? String(failures) : '')],
  ]
  const shownColumns = columns.filter(([title, cell]) => title !== 'failed' || results.some((result, i) => cell(result, i) !== ''))
  const rows = [shownColumns.map(([title]) => title), ...results.map((result, i) => shownColumns.map(([, cell]) => cell(result, i)))]
  const widths = shownColumns.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)))
  const pad = (text: string, c: number) => (c === 1 ? text.padEnd(widths[c]!) : text.padStart(widths[c]!))
  const lines = rows.map((row) => row.map(pad).join('   ').trimEnd())
  const about = [
    `${problem.name}: ${problem.rows} rows, ${problem.features} features, ${problem.classes ? `${problem.classes} classes` : 'one value'}`,
    `${model.layers.join(', ')}: ${model.parameters} parameters`,
    `${protocol.epochs} epochs, ${protocol.trials} learning rates each, ${protocol.seeds.length} seeds`,
  ]
  return ['', ...about, '', lines[0], '─'.repeat(Math.max(...lines.map((line) => line.length))), ...lines.slice(1), ''].join('\n')
}

function spread(metric: string, values: readonly number[]): string {
  return `${shownMetric(metric, Math.min(...values))} … ${shownMetric(metric, Math.max(...values))}`
}
