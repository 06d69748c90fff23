/** Runs in report.html: draws the curves. */
import uPlot from 'uplot'
import type { Report, Result } from '../../compare/report.ts'

/** Okabe and Ito's colours, which can be told apart without colour vision; lines are also dashed differently. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c6d1f', '#7f7f7f']
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [12, 4, 2, 4, 2, 4], [6, 2], [1, 4]]

const report: Report = JSON.parse(document.getElementById('report')!.textContent!)

/** Steps, and for each result the mean over its runs of what stands in a column of the curve. */
function columns(results: readonly Result[], column: 1 | 2): uPlot.AlignedData {
  const longest = results.flatMap(({ runs }) => runs).reduce((a, b) => (b.curve.length > a.curve.length ? b : a))
  const steps = longest.curve.map(([step]) => step)
  const means = results.map(({ runs }) =>
    steps.map((_, i) => {
      const values = runs.map(({ curve }) => curve[i]?.[column]).filter((value) => value !== undefined)
      return values.length === runs.length ? values.reduce((a, b) => a + b, 0) / values.length : null
    }),
  )
  return [steps, ...means]
}

function draw(id: string, column: 1 | 2, logarithmic: boolean): uPlot {
  const place = document.getElementById(id)!
  const css = getComputedStyle(document.documentElement)
  const line = { stroke: css.getPropertyValue('--line'), width: 1 }
  const axis = { stroke: css.getPropertyValue('--ink'), grid: line, ticks: line }
  // On a log scale only the powers of ten get a line: the others run together.
  const decades = (_: uPlot, splits: number[]) => splits.map((split) => (split.toExponential().startsWith('1e') ? split : null))
  const shown = (_: uPlot, value: number | null) => (value === null ? '–' : value.toPrecision(4))
  const options: uPlot.Options = {
    width: place.clientWidth,
    height: Math.min(380, Math.max(240, place.clientWidth * 0.5)),
    scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
    axes: [
      { ...axis, label: 'step' },
      { ...axis, size: 64, ...(logarithmic && { filter: decades, grid: { ...line, filter: decades } }) },
    ],
    series: [
      { label: 'step' },
      ...report.results.map(({ label }, i) => ({
        label,
        stroke: COLOURS[i % COLOURS.length]!,
        dash: DASHES[i % DASHES.length]!,
        width: 2,
        points: { show: false },
        value: shown,
      })),
    ],
  }
  return new uPlot(options, columns(report.results, column), place)
}

let plots: uPlot[] = []

function drawAll(): void {
  for (const plot of plots) plot.destroy()
  plots = [draw('loss', 1, true), draw('held', 2, false)]
}

drawAll()
addEventListener('resize', drawAll)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
