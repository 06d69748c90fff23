/** Training curves: the mean over the runs, in a band from minimum to maximum. */
import { area, line } from 'd3-shape'
import type { Report, Result } from '../../compare/report.ts'
import { capitalized, listed, shownCount, shownMetric, shownNumber } from '../../compare/shown.ts'
import { details, escapeHtml, exact, section, table } from '../html.ts'
import { ranked, wording } from '../ranked.ts'
import { apart, scaleFor, ticks, worstShown } from './axes.ts'
import { below, beside, circle, type Draw, figure, LINE, label, px, segment, tone } from './drawing.ts'

interface Point {
  readonly step: number
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** The optimizer. */
export interface Drawn {
  /** Position from the best, which determines color and dashes. */
  readonly at: number
  readonly result: Pick<Result, 'label' | 'runs'>
}

interface Curve {
  readonly entry: Drawn
  readonly points: readonly Point[]
}

/** The direction of bad values, and the fraction of them that may be clipped. For the metric the end matters, and less so the rise to it. */
const SIDES = { 1: ['high', 0.05], 2: ['low', 0.2] } as const

/** Points of a curve that a plot shows. */
const MOST_POINTS = 200

/** Returns about `count` entries of a list, evenly spaced, with the last. */
function thinned<T>(list: readonly T[], most: number): T[] {
  const every = Math.max(1, Math.ceil(list.length / most))
  return list.filter((_, i) => (list.length - 1 - i) % every === 0)
}

/** Returns the mean over the successful runs, at steps where each has a point. */
function curveOf(entry: Drawn, column: 1 | 2): Curve {
  const runs = entry.result.runs
    .filter(({ failed }) => !failed)
    .map(({ curve }) => new Map(curve.filter((point) => Number.isFinite(point[column])).map((point) => [point[0], point[column]])))
  const steps = [...(runs[0]?.keys() ?? [])].filter((step) => runs.every((run) => run.has(step)))
  const points = thinned(steps, MOST_POINTS).map((step) => {
    const values = runs.map((run) => run.get(step)!)
    const mean = values.reduce((sum, value) => sum + value / values.length, 0)
    return { step, mean, low: Math.min(...values), high: Math.max(...values) }
  })
  return { entry, points }
}

/** Draws curves; also returns the value at which they are clipped, or null. */
interface Plot {
  readonly draw: Draw
  readonly edge: number | null
}

function plot(curves: readonly Curve[], id: string, isLog: boolean, isPercent: boolean, [worst, share]: (typeof SIDES)[1 | 2]): Plot {
  const all = curves.flatMap(({ points }) => points)
  const means = all.map(({ mean }) => mean)
  const limit = worstShown(means, worst, share, isLog)
  const isCut = worst === 'low' ? means.some((mean) => mean < limit) : means.some((mean) => mean > limit)
  const within = (value: number) => !isCut || (worst === 'low' ? value >= limit : value <= limit)
  const values = all.flatMap(({ mean, low, high }) => [mean, low, high]).filter(within)
  const draw: Draw = (width, isNarrow) => {
    const [left, right, top] = [isNarrow ? 50 : 64, width - (isNarrow ? 100 : 150), 10]
    const bottom = top + Math.max(isNarrow ? 260 : 340, curves.length * LINE)
    const y = scaleFor(isCut ? [limit, ...values] : values, [bottom, top], { isLog })
    const x = scaleFor([0, ...all.map(({ step }) => step)], [left, right], { margin: 0 })
    const inside = (value: number) => Math.min(bottom, Math.max(top, y(value)))
    const path = line<Point>(
      (point) => x(point.step),
      (point) => y(point.mean),
    ).digits(1)
    const band = area<Point>(
      (point) => x(point.step),
      (point) => y(point.low),
      (point) => y(point.high),
    ).digits(1)
    const wanted = curves.map(({ points }) => inside(points.at(-1)!.mean))
    const labels = apart(wanted, LINE, top + 4, bottom)
    const bands = curves.map(({ entry, points }) => `<path class="band ${tone(entry)}" d="${band(points)}"/>`)
    // The best curve is drawn last, on top of the others.
    const lines = curves.map(({ entry, points }, i) => {
      const end = x(points.at(-1)!.step)
      const leader = `M${px(end)},${px(wanted[i]!)}L${px(right + 4)},${px(wanted[i]!)}L${px(right + 16)},${px(labels[i]!)}h4`
      return `<g class="${tone(entry)}"><path class="line" clip-path="url(#${id}-${width})" d="${path(points)}"/><path class="leader" d="${leader}"/>${circle(end, wanted[i]!, 3, 'dot')}</g>`
    })
    const names = curves.map(({ entry }, i) => label(right + 24, labels[i]! + 4, entry.result.label, width - right - 26, 'ending'))
    const clip = `<clipPath id="${id}-${width}"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>`
    const axes = [
      beside(y, ticks(y, isNarrow ? 5 : 6, isPercent), [left, right]),
      below(x, ticks(x, isNarrow ? 4 : 8), [top, bottom], 'step'),
      segment(left, bottom, right, bottom, 'axis'),
    ]
    const shownBands = `<g clip-path="url(#${id}-${width})">${bands.reverse().join('')}</g>`
    return { height: bottom + 48, body: [clip, ...axes, shownBands, ...lines.reverse(), ...names].join('\n') }
  }
  return { draw, edge: isCut ? limit : null }
}

/** Returns the numbers at some steps, for every optimizer. */
function numbers(curves: readonly Curve[], caption: string, show: (value: number) => string): string {
  const longest = curves.reduce((a, b) => (b.points.length > a.points.length ? b : a))
  const at = new Map(curves.map(({ entry, points }) => [entry, new Map(points.map((point) => [point.step, point]))]))
  const columns = curves.map(({ entry }) => ({
    title: entry.result.label,
    cell: (step: number) => {
      const point = at.get(entry)!.get(step)
      if (!point) return '–'
      const mean = exact(point.mean, show(point.mean))
      return point.low === point.high
        ? mean
        : `${mean} <small>${exact(point.low, show(point.low))} to ${exact(point.high, show(point.high))}</small>`
    },
  }))
  const steps = thinned(
    longest.points.map(({ step }) => step),
    20,
  )
  const head = { title: 'step', cell: (step: number) => exact(step, shownCount(step)) }
  return details('Data of these curves', table({ caption, columns: [head, ...columns], groups: [steps] }))
}

function curves(report: Report, column: 1 | 2): string {
  const [id, title, show] =
    column === 1
      ? ['loss', 'Training loss', shownNumber]
      : ['held', capitalized(wording(report).validation), (value: number) => shownMetric(report.metric.name, value)]
  const all = ranked(report).map((entry) => curveOf(entry, column))
  const drawn = all.filter(({ points }) => points.length)
  const without = all.filter(({ points }) => !points.length).map(({ entry }) => entry.result.label)
  const missing = without.length ? ` Not shown, because no run completed: ${listed(without)}.` : ''
  if (!drawn.length) return section(title, 'There is no curve, because no run completed.')
  const isLog = column === 1 && drawn.every(({ points }) => points.every(({ low }) => low > 0))
  const several = report.protocol.seeds.length > 1
  const { draw, edge } = plot(drawn, id, isLog, column === 2 && report.metric.name === 'accuracy', SIDES[column])
  const about = [
    several ? `Mean over ${report.protocol.seeds.length} runs, with a band from minimum to maximum` : 'One run each',
    isLog ? '; log scale' : '',
    edge === null ? '' : `; clipped ${column === 1 ? 'above' : 'below'} ${show(edge)}`,
  ].join('')
  const ends = drawn.map(({ entry, points }) => `${entry.result.label} ${show(points.at(-1)!.mean)}`)
  const words = `Curves over the steps of training. At the end: ${ends.join(', ')}.`
  return section(
    title,
    `${escapeHtml(about)}.${escapeHtml(missing)}`,
    figure(id, title, words, draw),
    numbers(drawn, `${title}, by step`, show),
  )
}

export function lossCurves(report: Report): string {
  return curves(report, 1)
}

export function metricCurves(report: Report): string {
  return curves(report, 2)
}

/** Draws the curves of a running comparison: the validation metric of the runs so far. */
export function liveCurves(title: string, metric: string, entries: readonly Drawn[]): string {
  const drawn = entries.map((entry) => curveOf(entry, 2)).filter(({ points }) => points.length)
  if (!drawn.length) return ''
  const ends = drawn.map(({ entry, points }) => `${entry.result.label} ${shownMetric(metric, points.at(-1)!.mean)}`)
  const { draw } = plot(drawn, 'live', false, metric === 'accuracy', SIDES[2])
  return figure('live', title, `Curves over the steps of training, so far: ${ends.join(', ')}.`, draw)
}
