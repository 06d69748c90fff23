/** Sensitivity to the learning rate: every trial of every optimizer, on shared axes. */
import type { Report, Result, Trial } from '../../compare/report.ts'
import { listed, shownMetric, shownNumber, shownSeconds } from '../../compare/shown.ts'
import { details, escapeHtml, exact, exactOption, section, table } from '../html.ts'
import { named, type Ranked, ranked, wording } from '../ranked.ts'
import { scaleFor, ticks, worstShown } from './axes.ts'
import { circle, type Draw, figure, label, px, segment, text, tone } from './drawing.ts'

/** The chosen trial. */
export function isChosen({ lr, options }: Result, trial: Trial): boolean {
  return trial.lr === lr && JSON.stringify(trial.options) === JSON.stringify(options)
}

function cross(x: number, y: number): string {
  return `<path class="cross" d="M${px(x - 4)},${px(y - 4)}l8,8m0,-8l-8,8"/>`
}

function draw(entries: readonly Ranked[], metric: string): Draw {
  const trials = entries.flatMap(({ result }) => result.trials)
  const values = trials.flatMap(({ value }) => (value === null ? [] : [value]))
  const limit = worstShown(values, 'low', 0.35)
  return (width, isNarrow) => {
    const across = Math.ceil(entries.length / Math.ceil(entries.length / (isNarrow ? 2 : 4)))
    const [left, gap, top, high, strip] = [isNarrow ? 50 : 64, isNarrow ? 34 : 28, 30, isNarrow ? 110 : 140, 20]
    const wide = Math.min(320, (width - left - 4 - gap * (across - 1)) / across)
    const tall = top + high + strip + 34
    const panels = entries.map((entry, i) => {
      const [x0, y0] = [left + (wide + gap) * (i % across), tall * Math.floor(i / across) + top]
      const floor = y0 + high
      const x = scaleFor(
        trials.map(({ lr }) => lr),
        [x0, x0 + wide],
        { isLog: true },
      )
      const y = scaleFor([limit, ...values.filter((value) => value >= limit)], [floor, y0])
      const rows = values.length ? ticks(y, 4, metric === 'accuracy') : []
      const columns = ticks(x, isNarrow ? 3 : 4)
      const frame = [
        ...rows.map(({ at }) => segment(x0, y(at), x0 + wide, y(at), 'grid')),
        ...columns.map(({ at }) => segment(x(at), y0, x(at), floor + strip, 'grid')),
        segment(x0, floor, x0 + wide, floor, 'axis'),
        segment(x0, floor + strip, x0 + wide, floor + strip, 'axis'),
        ...columns.map(({ at, text: mark }) => text(x(at), floor + strip + 17, mark, 'mark middle')),
        ...(i % across
          ? []
          : [
              ...rows.map(({ at, text: mark }) => text(x0 - 8, y(at) + 4, mark, 'mark end')),
              text(x0 - 8, floor + 14, 'failed', 'mark end'),
            ]),
        label(x0, y0 - 12, entry.result.label, wide),
      ]
      const order = [...entry.result.trials].sort((a, b) => Number(isChosen(entry.result, a)) - Number(isChosen(entry.result, b)))
      const marks = order.map((trial) => {
        const at = x(trial.lr)
        if (trial.value === null) return cross(at, floor + strip / 2)
        if (trial.value < limit) return `<path class="trial" d="M${px(at - 5)},${px(floor - 9)}h10l-5,8z"/>`
        const dot = circle(at, y(trial.value), isChosen(entry.result, trial) ? 5 : 3.5, isChosen(entry.result, trial) ? 'dot' : 'trial')
        return isChosen(entry.result, trial) ? circle(at, y(trial.value), 9, 'ring') + dot : dot
      })
      return `<g class="${tone(entry)}">${[...frame, ...marks].join('')}</g>`
    })
    const rowsOfPanels = Math.ceil(entries.length / across)
    const inLast = entries.length - across * (rowsOfPanels - 1)
    const axis = text(left + (wide * inLast + gap * (inLast - 1)) / 2, tall * rowsOfPanels + 12, 'learning rate', 'mark middle')
    return { height: tall * rowsOfPanels + 20, body: [...panels, axis].join('\n') }
  }
}

/** Returns an optimizer's options with exact values: momentum 0.9, betas (0.9, 0.999). */
export function exactOptions(options: Readonly<Record<string, unknown>>, path: string): string {
  const entries = Object.entries(options)
  if (!entries.length) return '–'
  return entries.map(([name, value]) => `<span>${escapeHtml(name)} ${exactOption(value, `${path}.${name}`, shownNumber)}</span>`).join(', ')
}

function numbers(report: Report, entries: readonly Ranked[]): string {
  const { name } = report.metric
  interface Row {
    readonly entry: Ranked
    readonly trial: Trial
    readonly path: string
  }
  const groups = entries.map((entry) => entry.result.trials.map((trial, i): Row => ({ entry, trial, path: `${entry.path}.trials.${i}` })))
  const caption = 'Every trial'
  const body = table<Row>({
    caption,
    columns: [
      { title: 'optimizer', words: true, cell: ({ entry }) => escapeHtml(named(entry.result)) },
      { title: 'learning rate', cell: ({ trial, path }) => exact(trial.lr, shownNumber(trial.lr), `${path}.lr`) },
      { title: 'options', words: true, cell: ({ trial, path }) => exactOptions(trial.options, `${path}.options`) },
      {
        title: wording(report).validation,
        cell: ({ trial, path }) => (trial.value === null ? 'failed' : exact(trial.value, shownMetric(name, trial.value), `${path}.value`)),
      },
      { title: 'time', cell: ({ trial, path }) => exact(trial.seconds, shownSeconds(trial.seconds), `${path}.seconds`) },
      { title: 'chosen', words: true, cell: ({ entry, trial }) => (isChosen(entry.result, trial) ? 'chosen' : '') },
    ],
    groups: groups.filter((rows) => rows.length),
  })
  return details('Data of these trials', body)
}

export function trials(report: Report): string {
  const entries = ranked(report).filter(({ result }) => result.trials.length)
  if (!entries.length) return ''
  const { name } = report.metric
  const failed = entries.some(({ result }) => result.trials.some(({ value }) => value === null))
  const values = entries.flatMap(({ result }) => result.trials.flatMap(({ value }) => (value === null ? [] : [value])))
  const isCut = values.some((value) => value < worstShown(values, 'low', 0.35))
  const notes = [
    `Each dot is a trial: ${wording(report).validation} against the learning rate, on a log scale. The circled one was chosen.`,
    failed ? 'A cross is a failed trial.' : '',
    isCut ? 'Triangles are below the scale.' : '',
  ]
  const said = entries.map(({ result }) => {
    const good = result.trials.flatMap(({ value }) => (value === null ? [] : [value]))
    const span = good.length ? `${shownMetric(name, Math.min(...good))} to ${shownMetric(name, Math.max(...good))}` : 'no trial ended'
    return `${result.label} ${span}, chosen ${shownNumber(result.lr)}`
  })
  const title = 'Sensitivity to the learning rate'
  const words = `A panel of dots per optimizer. From the worst to the best trial: ${listed(said)}.`
  return section(
    title,
    escapeHtml(notes.filter(Boolean).join(' ')),
    figure('trials', title, words, draw(entries, name)),
    numbers(report, entries),
  )
}
