/** `downhill train` */
import { parseArgs } from 'node:util'
import type { Source } from '../compare/report.ts'
import { METRICS } from '../compare/rows.ts'
import { savedRun, saveRun } from '../compare/saved-run.ts'
import { quoted, shownMetric } from '../compare/shown.ts'
import { defaultTraining, Training, type TrainingSettings, trainable, trainingSettings } from '../compare/training.ts'
import * as checkpoint from '../io/checkpoint.ts'
import { readFile, writeFile } from '../io/fs.ts'
import { Arena } from '../memory/arena.ts'
import { scoreLines } from '../report/scores.ts'
import { baselinesLine } from '../report/terminal.ts'
import { trainedLines } from '../report/trained.ts'
import { baselinesOf } from '../tables/baselines.ts'
import type { Dataset } from '../tables/dataset.ts'
import { check, shown } from '../validation/errors.ts'
import { naming } from '../validation/naming.ts'
import { progressBar } from './bar.ts'
import { architectureOf, DETERMINED, dataOptions, joinSplit, readData, sourceOf, tableUsage, wholeNumber } from './data.ts'
import { checkCheckpoint } from './place.ts'

const d = defaultTraining
const usage = `downhill train   train a model with one optimizer, with checkpoints to resume from

  --problem NAME         digits (default), diabetes, verses or characters: the bundled data
  ${tableUsage}
  --optimizer NAME       of ${trainable.join(', ')} (default ${d.optimizer})
  --lr NUMBER            learning rate (default: the optimizer's own)
  --option NAME=VALUE    another option of the optimizer, as in --option weightDecay=0.1; repeatable
  --epochs N             passes over the training rows (default: about 5,000 steps, 40 to 300 passes)
  --batch-size N         rows per step (default ${d.batchSize})
  --seed N               seed of initial weights and order of the rows (default ${d.seed})
  --patience N           stop after N epochs without a better validation metric (default: never)
  --threads N            threads that compute, or auto for all processors (default 1); the result is the same
  --save FILE            checkpoint, written during training and at the end
  --every N              steps between checkpoints (default: one epoch)
  --keep N               number of checkpoints to keep, older ones as FILE.1, FILE.2 … (default 1)
  --resume FILE          resume from a checkpoint with its settings; --epochs and --patience may change, and --save is FILE

Ctrl-C finishes the current step, saves, and prints how to resume; a second Ctrl-C exits at once.
`

const text = { type: 'string' } as const

function parse(args: string[]) {
  return parseArgs({
    args: joinSplit(args),
    options: {
      ...dataOptions,
      ...{ optimizer: text, lr: text, option: { ...text, multiple: true }, epochs: text, 'batch-size': text, seed: text },
      ...{ patience: text, threads: text, save: text, every: text, keep: text, resume: text },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values
}

type Values = ReturnType<typeof parse>

function optionsOf({ lr, option = [] }: Values): Record<string, unknown> {
  const entries = [...(lr === undefined ? [] : [`lr=${lr}`]), ...option].map((entry) => {
    const [, name, value] = entry.match(/^(\w+)=(.+)$/) ?? []
    check(name !== undefined, 'option-range', () => `--option must be NAME=VALUE, got ${shown(entry)}`)
    try {
      return [name, JSON.parse(value!)]
    } catch {
      return [name, value]
    }
  })
  return Object.fromEntries(entries)
}

function settingsOf(values: Values, rows: number): TrainingSettings {
  return trainingSettings(rows, {
    optimizer: values.optimizer,
    options: optionsOf(values),
    epochs: wholeNumber('epochs', values.epochs),
    batchSize: wholeNumber('batch-size', values['batch-size']),
    ...architectureOf(values),
    seed: wholeNumber('seed', values.seed),
    patience: wholeNumber('patience', values.patience),
  })
}

/** Options that a checkpoint determines. */
const ANSWERED = [...DETERMINED, 'optimizer', 'lr', 'option', 'batch-size', 'seed'] as const

interface Run {
  readonly training: Training
  readonly data: Dataset
  readonly source: Source
  readonly sha256: string
}

async function begin(arena: Arena, values: Values): Promise<Run> {
  const source = sourceOf(values)
  const read = await readData(source)
  const settings = settingsOf(values, read.data.split.train.length)
  return { training: new Training(arena, read.data, settings), data: read.data, source, sha256: read.sha256 }
}

async function resume(arena: Arena, values: Values, file: string): Promise<Run> {
  for (const name of ANSWERED)
    check(values[name] === undefined, 'option-range', `--${name} cannot be combined with ${file}, which determines it`)
  const bytes = await readFile(file)
  const { settings, source: saved, sha256, progress } = await naming(file, () => savedRun(bytes))
  const source = (values.data === undefined ? saved : { ...saved, data: values.data }) as Source
  const read = await readData(source)
  check(
    read.sha256 === sha256,
    'data-invalid',
    `${'data' in source ? source.data : (source as { problem?: string }).problem} has changed since ${file} was saved: its checksum differs`,
  )
  const epochs = wholeNumber('epochs', values.epochs) ?? settings.epochs
  const patience = wholeNumber('patience', values.patience) ?? settings.patience
  const training = new Training(arena, read.data, { ...settings, epochs, patience })
  await naming(file, () => checkpoint.load(bytes, training.parts))
  training.progress = progress
  return { training, data: read.data, source, sha256 }
}

/** Lets a run end after the current step. At the second signal the process exits. */
function interruption(atOnce: () => void): { readonly isAsked: boolean; forget(): void } {
  const state = { isAsked: false, forget: () => {} }
  const ask = () => {
    if (state.isAsked) {
      atOnce()
      process.exit(INTERRUPTED)
    }
    state.isAsked = true
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, ask)
  state.forget = () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, ask)
  }
  return state
}

/** Exit code after Ctrl-C. */
const INTERRUPTED = 130

export async function trainCommand(args: string[]): Promise<number> {
  const values = parse(args)
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const { save = values.resume } = values
  for (const name of ['every', 'keep'] as const)
    check(save !== undefined || values[name] === undefined, 'option-range', `--${name} needs --save`)
  const keep = wholeNumber('keep', values.keep) ?? 1
  const every = wholeNumber('every', values.every)
  for (const [name, value] of [
    ['keep', keep],
    ['every', every],
  ] as const)
    check(value !== 0, 'option-range', `--${name} must be an integer ≥ 1, got ${value}`)
  const arena = await Arena.create({ threads: values.threads === 'auto' ? 'auto' : (wholeNumber('threads', values.threads) ?? 1) })
  const run = values.resume === undefined ? await begin(arena, values) : await resume(arena, values, values.resume)
  if (save !== undefined) checkCheckpoint(save)
  for (const note of run.data.notes) process.stderr.write(`note: ${note}\n`)
  return train(arena, run, save, every ?? run.training.loader.length, keep)
}

async function train(
  arena: Arena,
  { training, data, source, sha256 }: Run,
  file: string | undefined,
  every: number,
  keep: number,
): Promise<number> {
  const metric = METRICS[data.task]
  const { totalSteps } = training
  const save = async () => {
    if (file !== undefined) await writeFile(file, saveRun(training, { source, sha256 }), { keep })
  }
  const bar = progressBar()
  const interrupted = interruption(bar.stop)
  try {
    for (const loss of training.steps()) {
      const { step, curve } = training.progress
      const held = curve.length ? `, ${metric} ${shownMetric(metric, curve.at(-1)![2])}` : ''
      bar.show(step, totalSteps, `loss ${loss.toPrecision(3)}${held}`)
      if (step % every === 0 && !interrupted.isAsked) await save()
      // Signals arrive between steps.
      await new Promise((resolve) => setImmediate(resolve))
      if (interrupted.isAsked) break
    }
    await save()
  } finally {
    bar.stop()
    interrupted.forget()
  }
  process.stdout.write(interrupted.isAsked ? `${stopped(training, file)}\n` : `${result(arena, training, data, metric, file)}\n`)
  return interrupted.isAsked ? INTERRUPTED : 0
}

function stopped({ progress, totalSteps }: Training, file: string | undefined): string {
  const how =
    file === undefined ? 'nothing was saved; use --save FILE to keep a run' : `resume with: downhill train --resume ${quoted(file)}`
  return `stopped after step ${progress.step} of ${totalSteps}; ${how}`
}

function result(arena: Arena, training: Training, data: Dataset, metric: string, file: string | undefined): string {
  const { settings, progress } = training
  const scores = training.scores()
  const target = data.coding?.target.name ?? data.name
  const epochs = 2 * Math.max(settings.epochs, progress.curve.length)
  return [
    ...trainedLines(training, data),
    ...(scores ? [...scoreLines(scores, target, data.classes), baselinesLine(metric, baselinesOf(arena, data))] : []),
    ...(file === undefined ? [] : [`saved ${file}; continue with: downhill train --resume ${quoted(file)} --epochs ${epochs}`]),
  ].join('\n')
}
