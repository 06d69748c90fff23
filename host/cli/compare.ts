/** `downhill compare` */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Arena } from '../arena.ts'
import { compare, defaultSettings, type Progress, type Settings } from '../compare/protocol.ts'
import type { Report } from '../compare/report.ts'
import { optimizerNames } from '../compare/spaces.ts'
import { progressBar } from './bar.ts'
import { dataOptions, readData, wholeNumber } from './data.ts'
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

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      ...dataOptions,
      optimizers: { type: 'string' },
      trials: { type: 'string' },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      epochs: { type: 'string' },
      'batch-size': { type: 'string' },
      hidden: { type: 'string' },
      out: { type: 'string', default: 'downhill-compare' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

type Values = ReturnType<typeof parse>

function settingsOf(values: Values): Settings {
  const number = (name: 'trials' | 'seeds' | 'seed' | 'epochs' | 'batch-size' | 'hidden', fallback: number) =>
    wholeNumber(name, values[name]) ?? fallback
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
  const metric = data.task === 'classification' ? 'accuracy' : 'R²'
  const bar = progressBar()
  // The cursor is hidden: an interrupted command must show it again.
  process.once('SIGINT', () => {
    bar.stop()
    process.exit(130)
  })
  const show = ({ done, total, leader }: Progress) => {
    bar.show(done, total, leader ? `best so far: ${leader.label} ${shownMetric(metric, leader.value)}` : '')
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
