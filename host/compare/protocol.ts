/** The comparison: every optimizer with the same number of learning rates, the same initial weights and the same batch order. */
import type { Arena } from '../arena.ts'
import { check, DownhillError, nearest, shown } from '../errors.ts'
import { pow } from '../portable.ts'
import { Generator } from '../random.ts'
import type { Dataset } from './dataset.ts'
import type { Report, Result } from './report.ts'
import { type OptimizerName, optimizerNames, type Space, spaces } from './spaces.ts'
import { perceptron, type Run, trainRun } from './train.ts'

/** What a comparison tries, and how often. */
export interface Settings {
  /** Names of optimizers, or LABEL=NAME. */
  readonly optimizers: readonly string[]
  readonly baseSeed: number
  /** How many seeds each learning rate is tried with. */
  readonly seeds: number
  /** How many learning rates each optimizer is tried with. */
  readonly trials: number
  readonly epochs: number
  readonly batchSize: number
  /** Units of the hidden layer. */
  readonly hidden: number
}

/** What `downhill compare` does without options. */
export const defaultSettings: Settings = {
  optimizers: ['SGD', 'Adam', 'Adagrad', 'Adadelta', 'RMSprop'],
  baseSeed: 0,
  seeds: 3,
  trials: 5,
  epochs: 40,
  batchSize: 32,
  hidden: 32,
}

/** What is known while a comparison runs. */
export interface Progress {
  readonly done: number
  readonly total: number
  /** The label and metric of the best run so far. */
  readonly leader?: { readonly label: string; readonly value: number }
}

interface Contestant {
  readonly label: string
  readonly optimizer: OptimizerName
}

function contestants(names: readonly string[]): Contestant[] {
  check(names.length > 0, 'option-range', 'there is no optimizer to compare')
  const list = names.map((entry) => {
    const [label = '', name = label, ...rest] = entry.split('=')
    check(label !== '' && !rest.length, 'option-range', () => `an optimizer is written NAME or LABEL=NAME, not ${shown(entry)}`)
    if (!(optimizerNames as string[]).includes(name)) {
      const meant = nearest(name, optimizerNames)
      throw new DownhillError(
        'option-range',
        `there is no optimizer ${shown(name)}; ${meant ? `did you mean ${meant}?` : `there are ${optimizerNames.join(', ')}`}`,
      )
    }
    return { label, optimizer: name as OptimizerName }
  })
  const twice = list.find(({ label }, i) => list.findIndex((other) => other.label === label) !== i)
  check(
    !twice,
    'option-range',
    () => `two optimizers are called ${twice!.label}; give them labels, as in A=${twice!.optimizer},B=${twice!.optimizer}`,
  )
  return list
}

/** The most of each that is of use, or fits into memory. */
const MOST = { seeds: 1000, trials: 1000, epochs: 1e6, batchSize: 1e6, hidden: 65_536 } as const

function checkSettings(settings: Settings): void {
  for (const name of Object.keys(MOST) as (keyof typeof MOST)[]) {
    const value = settings[name]
    const fits = Number.isSafeInteger(value) && value > 0 && value <= MOST[name]
    check(fits, 'option-range', () => `${name} is a whole number from 1 to ${MOST[name]}, not ${shown(value)}`)
  }
  const { baseSeed } = settings
  check(Number.isSafeInteger(baseSeed) && baseSeed >= 0, 'option-range', () => `seed is a whole number ≥ 0, not ${shown(baseSeed)}`)
}

/** Learning rates evenly spaced on a log scale, to three digits; one alone stands in the middle. */
export function learningRates({ lr: { log } }: Space, trials: number): number[] {
  const [low, high] = log
  return Array.from({ length: trials }, (_, i) => {
    const at = trials === 1 ? 0.5 : i / (trials - 1)
    return Number((low * pow(high / low, at)).toPrecision(3))
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The mean of metrics; null if one of them is not there. */
function meanMetric(values: readonly (number | null)[]): number | null {
  return values.includes(null) ? null : mean(values as number[])
}

/** Best first; what failed last. */
function byMetric(a: number | null, b: number | null): number {
  return (b ?? -Infinity) === (a ?? -Infinity) ? 0 : (b ?? -Infinity) - (a ?? -Infinity)
}

/** The first step at which every run's metric had reached the target, on average; null if one never did. */
function stepsTo(target: number, { runs, value }: Result): number | null {
  if (value === null) return null
  const steps = runs.map(({ curve }) => curve.find(([, , held]) => held >= target)?.[0] ?? Number.NaN)
  const average = mean(steps)
  return Number.isNaN(average) ? null : Math.round(average)
}

/** One optimizer's result, from its runs at every learning rate: the rate that did best on the validation rows gives it. */
function summarize({ label, optimizer }: Contestant, tried: readonly { lr: number; runs: readonly Run[] }[]): Result {
  const rated = tried.map(({ lr, runs }) => ({
    lr,
    runs,
    failures: runs.filter(({ failed }) => failed).length,
    validation: meanMetric(runs.map(({ validation }) => validation)),
  }))
  const [best] = [...rated].sort((a, b) => a.failures - b.failures || byMetric(a.validation, b.validation))
  const { lr, runs } = best!
  return {
    optimizer,
    label,
    lr,
    options: {},
    value: meanMetric(runs.map(({ value }) => value)),
    runs: runs.map(({ seed, value, curve, seconds, failed }) => ({ seed, value, curve, seconds, failed })),
    trials: rated.map((trial) => ({
      lr: trial.lr,
      options: {},
      value: trial.validation,
      failed: trial.failures > 0,
      seconds: trial.runs.reduce((sum, { seconds }) => sum + seconds, 0),
    })),
    stepsToTarget: null,
    seconds: mean(runs.map(({ seconds }) => seconds)),
    stateBytes: runs[0]!.stateBytes,
    failures: rated.reduce((sum, { failures }) => sum + failures, 0),
  }
}

/** The part of a report that the comparison itself fills. */
export type Comparison = Omit<Report, 'format' | 'version' | 'runtime' | 'command'>

/** Share of the best result that `stepsToTarget` asks for. */
const TARGET = 0.98

/**
 * Runs the comparison. `between` is awaited before every run: to draw progress, or to let something else have its turn.
 *
 * @param sha256 of the table, for the report
 * @throws `option-range` for settings that make no sense, before anything runs
 */
export async function compare(
  arena: Arena,
  data: Dataset,
  sha256: string,
  settings: Settings,
  between: (progress: Progress) => void | Promise<void> = () => {},
): Promise<Comparison> {
  checkSettings(settings)
  const list = contestants(settings.optimizers)
  const seeds = Array.from({ length: settings.seeds }, (_, i) => settings.baseSeed + i)
  const total = list.length * settings.trials * seeds.length
  let done = 0
  let leader: Progress['leader']
  const results: Result[] = []
  for (const contestant of list) {
    const tried = learningRates(spaces[contestant.optimizer], settings.trials).map((lr) => ({ lr, runs: [] as Run[] }))
    for (const { lr, runs } of tried) {
      for (const seed of seeds) {
        await between({ done, total, ...(leader && { leader }) })
        const run = trainRun(arena, data, { ...settings, optimizer: contestant.optimizer, lr, seed })
        runs.push(run)
        done++
        if (run.value !== null && run.value > (leader?.value ?? -Infinity)) leader = { label: contestant.label, value: run.value }
      }
    }
    results.push(summarize(contestant, tried))
  }
  await between({ done, total, ...(leader && { leader }) })
  const best = Math.max(...results.map(({ value }) => value ?? -Infinity))
  const ranked = results
    .map((result) => ({ ...result, stepsToTarget: stepsTo(TARGET * best, result) }))
    .sort((a, b) => byMetric(a.value, b.value))
  const { split, classes } = data
  const model = perceptron(arena, data, settings.hidden, new Generator())
  const parameters = [...model.parameters()]
  const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0)
  for (const parameter of parameters) parameter.dispose()
  return {
    problem: {
      name: data.name,
      kind: data.task,
      rows: data.rows,
      features: data.featureNames.length,
      ...(classes && { classes: classes.length }),
      split: { train: split.train.length, validation: split.validation.length, test: split.test.length, seed: split.seed },
      sha256,
    },
    model: {
      layers: [`Linear ${data.featureNames.length} → ${settings.hidden}`, 'ReLU', `Linear ${settings.hidden} → ${classes?.length ?? 1}`],
      parameters: size,
    },
    metric: { name: classes ? 'accuracy' : 'R²', direction: 'higher' },
    protocol: {
      baseSeed: settings.baseSeed,
      seeds,
      trials: settings.trials,
      epochs: settings.epochs,
      batchSize: settings.batchSize,
      schedule: 'constant',
      spaces: Object.fromEntries(list.map(({ label, optimizer }) => [label, spaces[optimizer]])),
    },
    results: ranked,
    ranking: ranked.map(({ label }) => [label]),
  }
}
