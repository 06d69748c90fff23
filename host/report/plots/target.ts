/** Time to target: bars of steps and of seconds. */
import type { Report } from '../../compare/report.ts'
import { shownCount, shownMetric, shownSeconds } from '../../compare/shown.ts'
import { details, escapeHtml, exact, section, table } from '../html.ts'
import { named, type Ranked, ranked, secondsToTarget, wording } from '../ranked.ts'
import { scaleFor } from './axes.ts'
import { type Draw, figure, label, px, segment, text, tone } from './drawing.ts'

const measures = [
  { title: 'steps', of: (entry: Ranked) => entry.result.stepsToTarget, show: shownCount },
  { title: 'time', of: (entry: Ranked) => secondsToTarget(entry), show: shownSeconds },
]

function draw(entries: readonly Ranked[]): Draw {
  return (width, isNarrow) => {
    const [names, row, top] = [isNarrow ? 96 : 150, 28, 30]
    const tall = top + row * entries.length + 14
    const wide = isNarrow ? width : (width - names) / 2
    const panels = measures.map(({ title, of, show }, i) => {
      const [x0, y0] = isNarrow ? [names, tall * i] : [names + wide * i, 0]
      // Space for the number behind the longest bar.
      const end = x0 + wide - (isNarrow ? names : 0) - 96
      const x = scaleFor([0, ...entries.map((entry) => of(entry) ?? 0)], [x0, end], { margin: 0 })
      const bars = entries.map((entry, k) => {
        const value = of(entry)
        const y = y0 + top + row * k
        const name = isNarrow || i === 0 ? label(names - 12, y + row / 2 + 4, entry.result.label, names - 16, 'end') : ''
        const bar =
          value === null
            ? ''
            : `<rect class="bar" x="${px(x0)}" y="${px(y + 6)}" width="${px(x(value) - x0)}" height="${row - 12}" rx="2"/>`
        const said = text(
          (value === null ? x0 : x(value)) + 8,
          y + row / 2 + 4,
          value === null ? 'not reached' : show(value),
          value === null ? 'mark' : 'name',
        )
        return `<g class="${tone(entry)}">${name}${bar}${said}</g>`
      })
      return [text(x0, y0 + 16, title, 'mark'), segment(x0, y0 + top, x0, y0 + tall - 14, 'axis'), ...bars].join('\n')
    })
    return { height: isNarrow ? tall * 2 : tall, body: panels.join('\n') }
  }
}

export function target(report: Report): string {
  const entries = ranked(report)
  const title = 'Time to target'
  if (report.metric.target === null) return section(title, 'There is no target, because no run completed.')
  const reached = exact(report.metric.target, shownMetric(report.metric.name, report.metric.target), 'metric.target')
  const note = `Mean until ${escapeHtml(wording(report).validation)} reached ${reached} in every run: most of the way from the initial weights to the best result.`
  const said = entries.map((entry) => {
    const [steps, seconds] = [entry.result.stepsToTarget, secondsToTarget(entry)]
    return steps === null
      ? `${entry.result.label} not reached`
      : `${entry.result.label} ${shownCount(steps)} steps, ${shownSeconds(seconds ?? 0)}`
  })
  const numbers = table<Ranked>({
    caption: 'Steps and time to the target',
    columns: [
      { title: 'optimizer', words: true, cell: ({ result }) => escapeHtml(named(result)) },
      ...measures.map(({ title: measure, of, show }, i) => ({
        title: measure,
        cell: (entry: Ranked) => {
          const value = of(entry)
          return value === null ? 'not reached' : exact(value, show(value), i === 0 ? `${entry.path}.stepsToTarget` : undefined)
        },
      })),
    ],
    groups: [entries],
  })
  return section(title, note, figure('target', title, `Bars: ${said.join('; ')}.`, draw(entries)), details('Data of these times', numbers))
}
