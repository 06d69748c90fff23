/** The final metric: a dot for the mean, a line for its interval, faint dots for the runs. */
import type { Report, Result } from '../../compare/report.ts'
import { bareMetric, capitalized, shownMetric, shownSeconds } from '../../compare/shown.ts'
import { details, escapeHtml, exact, exactInterval, section, table } from '../html.ts'
import { named, type Ranked, ranked, wording } from '../ranked.ts'
import { scaleFor, ticks, worstShown } from './axes.ts'
import { below, circle, type Draw, figure, label, segment, text, tone } from './drawing.ts'

function valuesOf({ runs }: Result): number[] {
  return runs.flatMap(({ value }) => (value === null ? [] : [value]))
}

/** Returns the values that the axis shows. With four or more optimizers, outliers are drawn at its edge. */
function shownValues(entries: readonly Ranked[]): number[] {
  const results = entries.map(({ result }) => result)
  const values = results.flatMap(({ value }) => (value === null ? [] : [value]))
  const limit = values.length < 4 ? -Infinity : worstShown(values, 'low', 0.3)
  const near = results.filter(({ value }) => value === null || value >= limit)
  return near.flatMap((result) => [...valuesOf(result), ...(result.value === null ? [] : [result.value]), ...(result.interval ?? [])])
}

function draw(entries: readonly Ranked[], metric: string): Draw {
  const shown = shownValues(entries)
  return (width, isNarrow) => {
    const [left, right, top, row] = [isNarrow ? 96 : 150, width - (isNarrow ? 62 : 90), 8, isNarrow ? 32 : 36]
    const bottom = top + row * entries.length
    const x = scaleFor(shown, [left, right])
    const clamped = (value: number) => Math.min(right, Math.max(left, x(value)))
    const rows = entries.map((entry, i) => {
      const { result } = entry
      const y = top + row * (i + 0.5) - 3
      const name = label(left - 12, y + 4, result.label, left - 16, 'end')
      const runs = valuesOf(result).filter((value) => x(value) >= left && x(value) <= right)
      const faint = runs.map((value) => circle(x(value), y + 9, 2.5, 'run'))
      const value = text(right + 12, y + 4, result.value === null ? 'failed' : shownMetric(metric, result.value), 'mark')
      if (result.value === null) return [segment(left, y, right, y, 'grid'), name, ...faint, value].join('')
      const whisker = result.interval
        ? segment(clamped(result.interval[0]), y, clamped(result.interval[1]), y, 'whisker') +
          result.interval
            .filter((end) => x(end) >= left && x(end) <= right)
            .map((end) => segment(x(end), y - 5, x(end), y + 5, 'whisker'))
            .join('')
        : ''
      const dot =
        x(result.value) < left
          ? `<path class="dot" d="M${left},${y}l9,-5.5v11z"/>${text(left + 14, y + 4, 'off the scale', 'mark')}`
          : circle(x(result.value), y, 5.5, 'dot')
      return [segment(left, y, right, y, 'grid'), name, ...faint, whisker, dot, value].join('')
    })
    const bodies = rows.map((body, i) => `<g class="${tone(entries[i]!)}">${body}</g>`)
    const axis = below(x, ticks(x, isNarrow ? 4 : 7, metric === 'accuracy'), [top, bottom], '')
    return { height: bottom + 28, body: [axis, ...bodies].join('\n') }
  }
}

function numbers(report: Report, entries: readonly Ranked[]): string {
  const { name } = report.metric
  const title = wording(report).test
  const bare = (value: number) => bareMetric(name, value)
  const means = table<Ranked>({
    caption: `${capitalized(title)}, mean over the runs`,
    columns: [
      { title: 'optimizer', words: true, cell: ({ result }) => escapeHtml(named(result)) },
      { title: 'mean', cell: ({ result, path }) => exact(result.value, shownMetric(name, result.value), `${path}.value`) },
      { title: '95 % interval', cell: ({ result, path }) => exactInterval(result.interval, `${path}.interval`, bare) },
    ],
    groups: [entries],
  })
  const runs = table<{ entry: Ranked; i: number }>({
    caption: `${capitalized(title)}, of every run`,
    columns: [
      { title: 'optimizer', words: true, cell: ({ entry }) => escapeHtml(named(entry.result)) },
      {
        title: 'seed',
        cell: ({ entry, i }) => exact(entry.result.runs[i]!.seed, String(entry.result.runs[i]!.seed), `${entry.path}.runs.${i}.seed`),
      },
      {
        title: name,
        cell: ({ entry, i }) => {
          const { value } = entry.result.runs[i]!
          return value === null ? 'failed' : exact(value, shownMetric(name, value), `${entry.path}.runs.${i}.value`)
        },
      },
      {
        title: 'time',
        cell: ({ entry, i }) =>
          exact(entry.result.runs[i]!.seconds, shownSeconds(entry.result.runs[i]!.seconds), `${entry.path}.runs.${i}.seconds`),
      },
    ],
    groups: entries.map((entry) => entry.result.runs.map((_, i) => ({ entry, i }))),
  })
  return details('Data of these results', means + runs)
}

export function finals(report: Report): string {
  const entries = ranked(report)
  const { name } = report.metric
  const title = capitalized(wording(report).test)
  if (entries.every(({ result }) => !valuesOf(result).length)) return section(title, 'No run completed.', numbers(report, entries))
  const several = report.protocol.seeds.length > 1
  const note = several ? 'Dot: mean. Line: its 95 % interval. Faint dots: single runs.' : 'One run each, so there is no interval.'
  const said = entries.map(({ result }) => {
    const interval = result.interval ? ` (${bareMetric(name, result.interval[0])} to ${bareMetric(name, result.interval[1])})` : ''
    return result.value === null ? `${result.label} failed` : `${result.label} ${shownMetric(name, result.value)}${interval}`
  })
  const words = `One row per optimizer, best first: ${said.join(', ')}.`
  return section(title, note, figure('finals', title, words, draw(entries, name)), numbers(report, entries))
}
