/** `downhill compare` */
import { readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { CONDITION, makeProblem, problems } from '../compare/bundled.ts'
import { measuredEpoch, planned } from '../compare/plan.ts'
import type { Problem } from '../compare/problem.ts'
import { checkSettings, defaultEpochs, defaultSettings, protocolOf, type Settings } from '../compare/protocol.ts'
import { type Asked, checkSame, differenceOf, parseReceipt, receiptText } from '../compare/receipt.ts'
import type { Report, Source } from '../compare/report.ts'
import { recommendedRun, trainedWeights } from '../compare/run.ts'
import { counted } from '../compare/shown.ts'
import { optimizerNames, type Schedule, schedules } from '../compare/spaces.ts'
import * as checkpoint from '../io/checkpoint.ts'
import { failure } from '../io/files.ts'
import { writeFile } from '../io/fs.ts'
import { Arena } from '../memory/arena.ts'
import { reportPage } from '../report/page.ts'
import { planText } from '../report/plan.ts'
import { resultTable } from '../report/terminal.ts'
import { check, DownhillError } from '../validation/errors.ts'
import { type Order, runComparison, UNFINISHED } from './comparison.ts'
import { architectureOf, DETERMINED, dataOptions, joinSplit, namingFile, readSpec, sourceOf, tableUsage, wholeNumber } from './data.ts'
import { checkFolder, writeAll } from './files.ts'
import { importModel } from './model-file.ts'
import { checkCheckpoint } from './place.ts'

const d = defaultSettings
const usage = `downhill compare   compare optimizers on a problem: equal trials for each, then the best options of each over many seeds

Problem (one of)
  --problem NAME          ${Object.entries(problems)
    .map(([name, what], i) => `${i ? ' '.repeat(26) : ''}${name.padEnd(12)}${what}${i ? '' : ' (default)'}`)
    .join('\n')}
  ${tableUsage}
  --model FILE.mjs        your own model and data: exports build, loss, data and optionally metric (docs/compare.md)

Comparison
  --optimizers A,B,…      of ${optimizerNames.join(', ')};
                          X=Adam,Y=Adam adds labels (default ${d.optimizers.join(',')})
  --trials N              learning rates and options to try per optimizer (default ${d.trials})
  --seeds N               runs of the best options, with other initial weights (default ${d.seeds}; use at least five)
  --seed N                base seed of all random numbers (default ${d.baseSeed})
  --epochs N              passes over the training rows per run (default: about 3,000 steps, 2 to 40 passes)
  --batch-size N          rows per step (default ${d.batchSize})
  --schedule NAME         ${schedules.join(', ')}: schedule of the learning rate (default ${d.schedule})
  --condition N           condition number of the quadratic (default ${CONDITION})
  --minutes N             time budget: plans trials, seeds and epochs to fit

Execution
  --workers N             concurrent runs; results do not depend on it (default: number of cores)
  --out DIR               folder of report.json and report.html (default downhill-compare)
  --save FILE             checkpoint of the recommended model, for downhill predict
  --json                  print the report instead of a table
  --replay report.json    run a receipt again, and report whether every number is the same
  --resume FILE           resume an interrupted comparison (Ctrl-C prints the file), in its folder
`

const text = { type: 'string' } as const

function parse(args: string[]) {
  return parseArgs({
    args: joinSplit(args),
    options: {
      ...dataOptions,
      ...{ model: text, optimizers: text, trials: text, seeds: text, seed: text, epochs: text, 'batch-size': text },
      ...{ schedule: text, condition: text, minutes: text, workers: text, replay: text, resume: text },
      ...{ out: text, save: text },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

type Values = ReturnType<typeof parse>

function numberOf(name: 'condition' | 'minutes', values: Values): number | undefined {
  const given = values[name]
  const number = Number(given)
  check(
    given === undefined || (given.trim() !== '' && Number.isFinite(number)),
    'option-range',
    `--${name} must be a number, got '${given}'`,
  )
  return given === undefined ? undefined : number
}

/** Options that a receipt determines. */
const ANSWERED = [...DETERMINED, 'optimizers', 'trials', 'seeds', 'seed', 'epochs', 'batch-size', 'schedule'] as const

async function orderOf(values: Values, args: string[], arena: Arena): Promise<Order> {
  const workers = wholeNumber('workers', values.workers) ?? availableParallelism()
  check(workers > 0 && workers <= 256, 'option-range', () => `--workers must be an integer in [1, 256], got ${workers}`)
  const file = values.replay ?? values.resume
  if (file !== undefined) return { ...(await orderFromReceipt(values, file)), workers }
  const source = ownSource(values)
  const architecture = architectureOf(values)
  const spec = await readSpec(source, architecture)
  const problem = await namingFile(source, () => makeProblem(spec, importModel))
  const settings = settingsOf(values, problem)
  checkSettings(settings)
  const command = ['downhill compare', ...args].join(' ')
  const order = { source, spec, problem, ...architecture, settings, command, workers, runs: [] }
  const minutes = numberOf('minutes', values)
  return minutes === undefined ? order : { ...order, settings: fitted(values, arena, problem, settings, minutes, workers) }
}

function ownSource(values: Values): Source {
  const condition = numberOf('condition', values)
  if (values.model !== undefined) {
    for (const name of ['data', ...DETERMINED] as const)
      check(values[name] === undefined, 'option-range', `--${name} and --model cannot be combined`)
    return { model: values.model }
  }
  const source = sourceOf(values)
  if (condition === undefined) return source
  check('problem' in source && source.problem === 'quadratic', 'option-range', '--condition needs --problem quadratic')
  return { ...source, condition }
}

function settingsOf(values: Values, problem: Problem): Settings {
  const batchSize = wholeNumber('batch-size', values['batch-size']) ?? d.batchSize
  check(batchSize > 0, 'option-range', `--batch-size must be an integer ≥ 1, got ${batchSize}`)
  return {
    optimizers: values.optimizers?.split(',') ?? d.optimizers,
    trials: wholeNumber('trials', values.trials) ?? d.trials,
    seeds: wholeNumber('seeds', values.seeds) ?? d.seeds,
    baseSeed: wholeNumber('seed', values.seed) ?? d.baseSeed,
    epochs: wholeNumber('epochs', values.epochs) ?? defaultEpochs(problem, batchSize),
    batchSize,
    schedule: (values.schedule ?? d.schedule) as Schedule,
  }
}

/** Plans settings for a time budget, from the duration of an epoch of each optimizer. */
function fitted(values: Values, arena: Arena, problem: Problem, settings: Settings, minutes: number, workers: number): Settings {
  const perEpoch = measuredEpoch(arena, problem, settings)
  const asked = {
    trials: wholeNumber('trials', values.trials),
    seeds: wholeNumber('seeds', values.seeds),
    epochs: wholeNumber('epochs', values.epochs),
  }
  const { leftOut, seconds, ...effort } = planned(minutes, perEpoch, workers, settings, asked)
  const about = `${counted(effort.trials, 'trial')}, ${counted(effort.seeds, 'seed')} and ${counted(effort.epochs, 'epoch')} take about ${Math.ceil(seconds)} s`
  process.stderr.write(`plan for ${minutes} minutes: ${about}; reductions: ${leftOut.join(', ') || 'none'}\n`)
  return { ...settings, ...effort }
}

function readReceipt(file: string): Asked {
  try {
    return parseReceipt(readFileSync(file, 'utf8'), file)
  } catch (error) {
    throw error instanceof DownhillError ? error : failure(`${file} cannot be read`, error)
  }
}

async function orderFromReceipt(values: Values, file: string): Promise<Omit<Order, 'workers'>> {
  check(values.replay === undefined || values.resume === undefined, 'option-range', '--replay and --resume cannot be combined')
  for (const name of [...ANSWERED, 'condition', 'minutes'] as const)
    check(values[name] === undefined, 'option-range', `--${name} cannot be combined with ${file}, which determines it`)
  const asked = readReceipt(file)
  checkSettings(asked.settings)
  const { source: known } = asked
  const source: Source =
    'model' in known
      ? { model: values.model ?? known.model }
      : 'data' in known
        ? ({ ...known, ...(values.data !== undefined && { data: values.data }) } as Source)
        : known
  const spec = await readSpec(source, { hidden: asked.hidden, dropout: asked.dropout })
  checkSame(asked, spec.sha256, 'data' in source ? source.data : spec.name, file)
  const named = { ...spec, name: asked.name }
  const problem = await namingFile(source, () => makeProblem(named, importModel))
  return { ...asked, source: known, spec: named, problem }
}

export async function compareCommand(args: string[]): Promise<number> {
  const values = parse(args)
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const out = values.out ?? (values.resume === undefined ? 'downhill-compare' : dirname(values.resume))
  checkFolder(out, ['report.json', 'report.html', UNFINISHED])
  if (values.save !== undefined) checkCheckpoint(values.save)
  const arena = await Arena.create()
  const order = await orderOf(values, args, arena)
  check(
    values.save === undefined || order.problem.table !== undefined,
    'option-range',
    '--save needs a table: --data, or --problem digits or diabetes',
  )
  for (const note of order.problem.notes) process.stderr.write(`note: ${note}\n`)
  if (!values.json) process.stdout.write(planText(order.problem, protocolOf(order.problem, order.settings), order.workers))
  const report = await runComparison(order, arena, out)
  const html = join(out, 'report.html')
  writeAll(out, { 'report.json': receiptText(report), 'report.html': reportPage(report) })
  rmSync(join(out, UNFINISHED), { force: true })
  if (values.save !== undefined) await saveRecommended(order, report, values.save)
  if (values.json) process.stdout.write(receiptText(report))
  else process.stdout.write(`${resultTable(report)}\nCurves: ${html}. Numbers: report.json in the same folder.\n`)
  return order.report && values.replay !== undefined ? verdict(order.report, report, values.json) : 0
}

/** Trains the recommended model once more, with the first seed of its runs, and saves it. */
async function saveRecommended({ problem, settings }: Order, report: Report, file: string): Promise<void> {
  const task = recommendedRun(report, settings.epochs)
  const best = task && trainedWeights(await Arena.create(), problem, task)
  check(best !== undefined, 'data-invalid', 'every optimizer failed, so there is no model to save')
  await writeFile(
    file,
    checkpoint.save({ best, table: problem.table, run: { source: report.problem.source, sha256: report.problem.sha256, task } }),
  )
  process.stderr.write(`saved ${file}: ${task!.optimizer} with seed ${task!.seed}\n`)
}

/** Whether a replay reproduced the receipt's numbers. */
function verdict(before: Report, after: Report, isQuiet: boolean): number {
  const where = differenceOf(before, JSON.parse(JSON.stringify(after)))
  if (where === undefined && !isQuiet) process.stdout.write('every number equals the receipt\n')
  if (where !== undefined) process.stderr.write(`downhill compare: the replay differs from the receipt at ${where}\n`)
  return where === undefined ? 0 : 1
}
