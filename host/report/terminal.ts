/** The result of a comparison as text for a terminal. */
import type { Report } from '../compare/report.ts'
import {
  bareMetric,
  counted,
  listed,
  shownBytes,
  shownCount,
  shownMetric,
  shownNumber,
  shownOption,
  shownSeconds,
} from '../compare/shown.ts'
import type { Baselines } from '../tables/baselines.ts'
import { lead, named, places, type Ranked, scoreColumns, wording } from './ranked.ts'

export { shownBytes, shownMetric } from '../compare/shown.ts'

const WIDTH = 100

/** Aligns rows of cells as lines; a letter per column sets left or right. */
export function aligned(rows: readonly (readonly string[])[], sides: string, gap = 3): string[] {
  const widths = Array.from(sides, (_, c) => rows.reduce((most, row) => Math.max(most, row[c]?.length ?? 0), 0))
  const pad = (text: string, c: number) => (sides[c] === 'l' ? text.padEnd(widths[c]!) : text.padStart(widths[c]!))
  return rows.map((row) => row.map(pad).join(' '.repeat(gap)).trimEnd())
}

/** Wraps a paragraph into lines. */
function wrapped(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = `${indent}${word}`
    } else line = line ? `${line} ${word}` : word
  }
  return [...lines, line]
}

function about(report: Report): string[] {
  const { problem, model, protocol } = report
  const facts = [
    problem.rows ? `${shownCount(problem.rows)} ${wording(report).unit}` : '',
    problem.features ? `${shownCount(problem.features)} ${problem.kind === 'function' ? 'variables' : 'features'}` : '',
    problem.classes ? `${problem.classes} classes` : '',
  ]
  const length =
    protocol.epochs === undefined ? counted(protocol.steps ?? 0, 'step', shownCount) : counted(protocol.epochs, 'epoch', shownCount)
  return [
    `${problem.name}: ${facts.filter(Boolean).join(', ')}`,
    'file' in model ? model.file : `${model.layers.join(', ')}: ${shownCount(model.parameters)} parameters`,
    `${length} per run, ${counted(protocol.trials, 'trial')} and ${counted(protocol.seeds.length, 'run')} per optimizer`,
  ]
}

/** Returns the options besides the learning rate, of optimizers that have any. */
function options(entries: readonly Ranked[]): string[] {
  const rows = entries.flatMap(({ result }) => {
    const own = Object.entries(result.options).map(([name, value]) => `${name} ${shownOption(value)}`)
    return own.length ? [[result.label, own.join(', ')]] : []
  })
  return rows.length ? ['', 'options', ...aligned(rows, 'll', 2).map((line) => `  ${line}`)] : []
}

function together(groups: readonly (readonly Ranked[])[]): string[] {
  const several = groups.filter((group) => group.length > 1)
  return several.flatMap((group) => wrapped(`statistically indistinguishable: ${listed(group.map(({ result }) => result.label))}`, '  '))
}

/** A column: its title and cells. */
type Cells = readonly [title: string, cell: (entry: Ranked) => string]

/** Formats a value; nothing without one. */
function shownIf(value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '' : show(value)
}

/** Returns the baselines in one line: 'baselines: 38.9 % majority class, 97.1 % linear model'. */
export function baselinesLine(metric: string, { majority, mean, linear }: Baselines): string {
  const simple = majority === undefined ? `${shownMetric(metric, mean ?? null)} mean` : `${shownMetric(metric, majority)} majority class`
  return `baselines: ${simple}, ${shownMetric(metric, linear)} linear model`
}

/** Returns text without control sequences. */
function plain(line: string): string {
  return line.replace(/\p{Cc}/gu, '�')
}

export function resultTable(report: Report): string {
  const { name } = report.metric
  const groups = places(report)
  const entries = groups.flat()
  const columns: readonly Cells[] = [
    ['', ({ place }) => (place === null ? '–' : String(place))],
    ['optimizer', ({ result }) => named(result)],
    [name, ({ result }) => shownMetric(name, result.value)],
    ['95 % interval', ({ result: { interval } }) => (interval ? interval.map((end) => bareMetric(name, end)).join(' to ') : '')],
    ...scoreColumns(report).map(({ title, show, of }): Cells => [title, ({ result }) => shownIf(of(result), show)]),
    ['lr', ({ result }) => shownNumber(result.lr)],
    ['to target', ({ result }) => (result.stepsToTarget === null ? '–' : `${shownCount(result.stepsToTarget)} steps`)],
    ['state', ({ result }) => shownBytes(result.stateBytes)],
    ['per run', ({ result }) => shownSeconds(result.seconds)],
    ['failed', ({ result }) => (result.failures ? String(result.failures) : '')],
  ]
  // Omits empty columns.
  const filled = columns.filter(([, cell]) => entries.some((entry) => cell(entry) !== ''))
  const rows = [filled.map(([title]) => title), ...entries.map((entry) => filled.map(([, cell]) => cell(entry)))]
  const [head = '', ...body] = aligned(rows, `rl${'r'.repeat(filled.length - 2)}`, 2)
  const rule = '─'.repeat(Math.max(head.length, ...body.map((line) => line.length)))
  const apart = together(groups)
  const lines = [
    ...about(report),
    '',
    head,
    rule,
    ...body,
    ...(report.baselines ? ['', baselinesLine(name, report.baselines)] : []),
    ...options(entries),
    ...(apart.length ? ['', ...apart] : []),
    '',
    ...wrapped(lead(report)),
  ]
  return ['', ...lines.map(plain), ''].join('\n')
}
