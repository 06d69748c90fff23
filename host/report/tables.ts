/** The ranking and the pairwise comparisons. */
import type { Comparison, Report } from '../compare/report.ts'
import { bareMetric, shownBytes, shownCount, shownDifference, shownMetric, shownNumber, shownSeconds } from '../compare/shown.ts'
import { details, escapeHtml, exact, exactInterval, section, table } from './html.ts'
import { exactOptions } from './plots/trials.ts'
import { places, type Ranked, scoreColumns, secondsToTarget, wording } from './ranked.ts'

export function ranking(report: Report): string {
  const { name } = report.metric
  const groups = places(report)
  const label = ({ label, optimizer }: Ranked['result']) =>
    label === optimizer ? escapeHtml(label) : `${escapeHtml(label)} <small>${escapeHtml(optimizer)}</small>`
  const time = (entry: Ranked) => {
    const seconds = secondsToTarget(entry)
    return seconds === null ? '–' : exact(seconds, shownSeconds(seconds))
  }
  const body = table<Ranked>({
    caption: `Optimizers by ${wording(report).test}`,
    kind: report.recommendation ? 'ranking led' : 'ranking',
    head: 1,
    columns: [
      { title: 'rank', cell: ({ place }) => (place === null ? '–' : String(place)) },
      { title: 'optimizer', words: true, cell: ({ result }) => label(result) },
      {
        title: name,
        cell: ({ result, path }) =>
          result.value === null ? 'failed' : exact(result.value, shownMetric(name, result.value), `${path}.value`),
      },
      {
        title: '95 % interval',
        cell: ({ result, path }) => exactInterval(result.interval, `${path}.interval`, (value) => bareMetric(name, value)),
      },
      ...scoreColumns(report).map(({ key, title, show, of }) => ({
        title,
        cell: ({ result, path }: Ranked) => {
          const value = of(result)
          return exact(value, show(value ?? 0), `${path}.metrics.${key}`)
        },
      })),
      { title: 'learning rate', cell: ({ result, path }) => exact(result.lr, shownNumber(result.lr), `${path}.lr`) },
      { title: 'options', words: true, cell: ({ result, path }) => exactOptions(result.options, `${path}.options`) },
      {
        title: 'steps to target',
        cell: ({ result, path }) => exact(result.stepsToTarget, shownCount(result.stepsToTarget ?? 0), `${path}.stepsToTarget`),
      },
      { title: 'time to target', cell: time },
      { title: 'state', cell: ({ result, path }) => exact(result.stateBytes, shownBytes(result.stateBytes), `${path}.stateBytes`) },
      { title: 'time per run', cell: ({ result, path }) => exact(result.seconds, shownSeconds(result.seconds), `${path}.seconds`) },
      { title: 'failed', cell: ({ result, path }) => exact(result.failures, shownCount(result.failures), `${path}.failures`) },
    ],
    groups,
  })
  const together = groups.some((group) => group.length > 1)
  const runs = report.protocol.seeds.length
  const note = [
    runs > 1 ? `Mean over ${runs} runs.` : 'One run each.',
    together ? 'Optimizers that share a rank are statistically indistinguishable.' : '',
  ]
  return section('Ranking', escapeHtml(note.filter(Boolean).join(' ')), body, baselines(report), confusion(report))
}

function baselines({ baselines, metric: { name } }: Report): string {
  if (!baselines) return ''
  const names = { majority: 'the most frequent class', mean: 'the mean', linear: 'a linear model on the same features' } as const
  const parts = (Object.keys(names) as (keyof typeof names)[]).flatMap((key) => {
    const value = baselines[key]
    return value === undefined ? [] : [`${exact(value, shownMetric(name, value), `baselines.${key}`)} ${names[key]}`]
  })
  return `<p>Baselines, ${escapeHtml(name)} on the same test rows: ${parts.join(', ')}.</p>`
}

/** Maximum number of classes in a confusion matrix. Larger ones are unreadable. */
const MOST_CLASSES = 20

/** Returns the confusion tables, each summed over the runs of an optimizer. */
function confusion(report: Report): string {
  const bodies = report.results.flatMap(({ label, metrics }, at) => {
    if (!metrics || !('confusion' in metrics) || metrics.confusion.length > MOST_CLASSES) return []
    const rows = metrics.confusion
    const names = report.problem.classNames ?? rows.map((_, c) => String(c))
    const body = table<number>({
      caption: `${label}, all runs: rows are actual classes, columns predicted ones`,
      columns: [
        { title: 'actual', words: true, cell: (a) => escapeHtml(names[a]) },
        ...rows.map((_, b) => ({
          title: String(names[b]),
          cell: (a: number) => exact(rows[a]![b]!, shownCount(rows[a]![b]!), `results.${at}.metrics.confusion.${a}.${b}`),
        })),
      ],
      groups: [[...rows.keys()]],
    })
    return [body]
  })
  return bodies.length ? details('Confusion of classes', bodies.join('\n')) : ''
}

function isDetected({ interval: [low, high] }: Comparison): boolean {
  return low > 0 || high < 0
}

/** Comparisons shown at once; the others open on request. */
const MOST_SHOWN = 15

export function comparisons(report: Report): string {
  const list = report.comparisons
  if (!list.length) return ''
  const { name } = report.metric
  const show = (value: number) => shownDifference(name, value)
  const unit = name === 'accuracy' ? 'difference, percentage points' : 'difference'
  const paths = new Map(list.map((comparison, i) => [comparison, `comparisons.${i}`]))
  const caption = 'Differences between optimizers'
  const body = table<Comparison>({
    caption,
    columns: [
      { title: 'optimizer', words: true, cell: ({ a }) => escapeHtml(a) },
      { title: 'minus', words: true, cell: ({ b }) => escapeHtml(b) },
      { title: unit, cell: (row) => exact(row.difference, show(row.difference), `${paths.get(row)}.difference`) },
      { title: '95 % interval, adjusted', cell: (row) => exactInterval(row.interval, `${paths.get(row)}.interval`, show) },
      { title: 'difference', words: true, cell: (row) => (isDetected(row) ? '<strong>detected</strong>' : 'not detected') },
    ],
    groups: [list],
  })
  const found = list.filter(isDetected).length
  const note = `Paired by seed. The intervals are widened (Holm) so that all of them hold together at 95 %; a difference is detected if its interval excludes 0, which is so for ${found} of ${list.length}.`
  return section('Differences', escapeHtml(note), list.length > MOST_SHOWN ? details(`All ${list.length} differences`, body) : body)
}
