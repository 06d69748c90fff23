/** `downhill compare` */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { Presets, SingleBar } from 'cli-progress'
import { Arena } from '../arena.ts'
import { type Dataset, makeDataset, type Task } from '../compare/dataset.ts'
import { compare, defaultSettings, type Progress, type Settings } from '../compare/protocol.ts'
import type { Report } from '../compare/report.ts'
import { optimizerNames } from '../compare/spaces.ts'
import { readTable } from '../compare/table.ts'
import { check, DownhillError, shown } from '../errors.ts'
import { checkFolder, writeAll } from './files.ts'
import { reportPage } from './report/page.ts'
import { resultTable, shownMetric } from './report/terminal.ts'
import { version } from './version.ts'

const usage = `downhill compare   train a model with several optimizers and show which did best

  --problem digits        the bundled data: 1,797 handwritten digits (default)
  --data FILE.csv         your own table, with a header line; CSV or TSV
  --target COLUMN         the column to predict
  --task TASK             classification or regression (default: found from the target)
  --optimizers A,B,…      of ${optimizerNames.join(', ')}; X=Adam,Y=Adam to give labels
  --trials N              learning rates tried for each optimizer (default ${defaultSettings.trials})
  --seeds N               runs of each learning rate, from different initial weights (default ${defaultSettings.seeds})
  --seed N                the first seed (default ${defaultSettings.baseSeed})
  --epochs N              passes over the training rows (default ${defaultSettings.epochs})
  --batch-size N          rows a step (default ${defaultSettings.batchSize})
  --hidden N              units of the hidden layer (default ${defaultSettings.hidden})
  --out DIR               where report.json and report.html go (default downhill-compare)
`

const wholeNumber = { type: 'string' } as const

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      problem: { type: 'string' },
      data: { type: 'string' },
      target: { type: 'string' },
      task: { type: 'string' },
      optimizers: { type: 'string' },
      trials: wholeNumber,
      seeds: wholeNumber,
      seed: wholeNumber,
      epochs: wholeNumber,
      'batch-size': wholeNumber,
      hidden: wholeNumber,
      out: { type: 'string', default: 'downhill-compare' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

type Values = ReturnType<typeof parse>

function settingsOf(values: Values): Settings {
  const number = (name: 'trials' | 'seeds' | 'seed' | 'epochs' | 'batch-size' | 'hidden', fallback: number) => {
    const text = values[name]
    if (text === undefined) return fallback
    check(/^\d+$/.test(text), 'option-range', () => `--${name} is a whole number, not ${shown(text)}`)
    return Number(text)
  }
  const d = defaultSettings
  return {
    optimizers: values.optimizers?.split(',') ?? d.optimizers,
    trials: number('trials', d.trials),
    seeds: number('seeds', d.seeds),
    baseSeed: number('seed', d.baseSeed),
    epochs: number('epochs', d.epochs),
    batchSize: number('batch-size', d.batchSize),
    hidden: number('hidden', d.hidden),
  }
}

const bundled = { digits: { file: 'digits.csv', target: 'digit', divisor: 16 } }

async function readData(values: Values): Promise<{ data: Dataset; sha256: string }> {
  const { data: file, target, task, problem = 'digits' } = values
  if (file === undefined) {
    for (const name of ['target', 'task'] as const) check(values[name] === undefined, 'option-range', `--${name} goes with --data`)
    check(Object.hasOwn(bundled, problem), 'option-range', () => `--problem is ${Object.keys(bundled).join(' or ')}, not ${shown(problem)}`)
    const { file: name, ...options } = bundled[problem as keyof typeof bundled]
    const text = readFileSync(new URL(`../datasets/${name}`, import.meta.url), 'utf8')
    return { data: makeDataset(readTable(text), { name: problem, ...options }), sha256: await sha256Of(text) }
  }
  check(values.problem === undefined, 'option-range', '--problem and --data exclude each other')
  check(target !== undefined, 'option-range', '--data needs --target, the column to predict')
  check(
    task === undefined || task === 'classification' || task === 'regression',
    'option-range',
    () => `--task is classification or regression, not ${shown(task)}`,
  )
  const text = readFileSync(file, 'utf8')
  try {
    const data = makeDataset(readTable(text), { name: basename(file), target, ...(task && { task: task as Task }) })
    return { data, sha256: await sha256Of(text) }
  } catch (error) {
    if (error instanceof DownhillError) throw new DownhillError(error.code, `${file}: ${error.message}`)
    throw error
  }
}

async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A bar with the time left, where there is a terminal. */
function progressBar(metric: string): { show: (progress: Progress) => void; stop: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, stop: () => {} }
  const bar = new SingleBar(
    { format: '{bar} {percentage}%  {eta_formatted} left  {leader}', hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  )
  bar.start(1, 0, { leader: '' })
  // The cursor is hidden: an interrupted command must show it again.
  process.once('SIGINT', () => {
    bar.stop()
    process.exit(130)
  })
  return {
    show({ done, total, leader }) {
      bar.setTotal(total)
      bar.update(done, { leader: leader ? `best so far: ${leader.label} ${shownMetric(metric, leader.value)}` : '' })
    },
    stop: () => bar.stop(),
  }
}

export async function compareCommand(args: string[]): Promise<number> {
  const values = parse(args)
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const settings = settingsOf(values)
  checkFolder(values.out, ['report.json', 'report.html'])
  const { data, sha256 } = await readData(values)
  for (const note of data.notes) process.stderr.write(`note: ${note}\n`)
  const arena = await Arena.create()
  const bar = progressBar(data.task === 'classification' ? 'accuracy' : 'R²')
  const show = (progress: Progress) => {
    bar.show(progress)
    return new Promise<void>((resolve) => setImmediate(resolve))
  }
  const comparison = await compare(arena, data, sha256, settings, show).finally(bar.stop)
  arena.dispose()
  const report: Report = {
    format: 1,
    version,
    runtime: `Node ${process.versions.node}`,
    command: ['downhill compare', ...args].join(' '),
    ...comparison,
  }
  writeAll(values.out, { 'report.json': `${JSON.stringify(report, null, 1)}\n`, 'report.html': reportPage(report) })
  process.stdout.write(`${resultTable(report)}\n${join(values.out, 'report.html')} has the curves, report.json beside it the numbers\n`)
  return 0
}
