/**
 * The comparison protocol: search spaces are declared first; every optimizer gets the same number of trials, at the same points of its space;
 * each run completes its schedule; the best options run again from seeds that all optimizers share and that no trial used. After AlgoPerf
 * (arXiv 2502.15015), Crowded Valley (2007.01547), Choi et al. (1910.05446), Sivaprasad et al. (1910.11758) and Fantastic
 * Pretraining Optimizers (2509.02046).
 */
import type { Arena } from '../memory/arena.ts'
import { Generator } from '../numerics/random.ts'
import type { ClassScores, Scores, ValueScores } from '../tables/scores.ts'
import { checkRange } from '../validation/errors.ts'
import { type Contestant, contestantsOf } from './contestants.ts'
import { modelFacts, type Problem } from './problem.ts'
import { recommend } from './recommend.ts'
import type { ProblemFacts, Protocol, Report, Result, Trial } from './report.ts'
import { type Run, type RunSpec, trainRun } from './run.ts'
import { type Candidate, candidates, type Schedule, type Space, schedules, spaces } from './spaces.ts'
import { compareSamples, intervalOf, mean, rankingOf } from './statistics.ts'

/** Settings of a comparison. */
export interface Settings {
  /** Names of optimizers, or LABEL=NAME. */
  readonly optimizers: readonly string[]
  readonly baseSeed: number
  /** Number of seeds for the best options of each optimizer. */
  readonly seeds: number
  /** Number of trials (learning rate and options) per optimizer. */
  readonly trials: number
  /** Passes over the training rows; for a function, points of its curve. */
  readonly epochs: number
  readonly batchSize: number
  readonly schedule: Schedule
  /** Search spaces by label, if they differ from the declared ones. */
  readonly spaces?: Readonly<Record<string, Space>>
}

/** Defaults of `downhill compare`, except for the length of a run. */
export const defaultSettings: Omit<Settings, 'epochs'> = {
  optimizers: ['SGD', 'Adam', 'AdamW', 'Adagrad', 'Adadelta', 'RMSprop'],
  baseSeed: 0,
  seeds: 10,
  trials: 24,
  batchSize: 32,
  schedule: 'cosine',
}

/** Returns the epochs of a run of about 3,000 steps: 2 to 40. A function has 500 steps. */
export function defaultEpochs({ facts, stepsPerPoint }: Problem, batchSize: number): number {
  if (stepsPerPoint) return 500 / stepsPerPoint
  return Math.min(Math.max(Math.round(3000 / Math.ceil(facts.split.train / batchSize)), 2), 40)
}

/** Progress of a comparison. */
export interface Progress {
  readonly done: number
  readonly total: number
  /** Label and metric of the best run so far. */
  readonly leader?: { readonly label: string; readonly value: number }
}

/** The part of a report that the comparison fills in. */
export type Outcome = Omit<Report, 'format' | 'version' | 'runtime' | 'command' | 'problem'> & { readonly problem: ProblemFacts }

/** Largest useful value of each setting, or the largest that fits into memory. */
const MOST = { seeds: 1000, trials: 1000, epochs: 1e6, batchSize: 1e6 } as const

/** Throws unless settings are in range. */
export function checkSettings(settings: Settings): void {
  for (const name of Object.keys(MOST) as (keyof typeof MOST)[]) {
    const value = settings[name]
    const fits = Number.isSafeInteger(value) && value > 0 && value <= MOST[name]
    checkRange(fits, 'compare', name, `an integer in [1, ${MOST[name]}]`, value)
  }
  const { baseSeed, schedule } = settings
  checkRange(Number.isSafeInteger(baseSeed) && baseSeed >= 0, 'compare', 'seed', 'an integer ≥ 0', baseSeed)
  checkRange(schedules.includes(schedule), 'compare', 'schedule', schedules.join(' or '), schedule)
  contestantsOf(settings.optimizers)
}

/** Offset of the seeds of a copy from those of the copy before it. */
const WORDS_PER_COPY = 2 ** 20

/** Returns the seed of the trials, and the seeds of the runs. */
function seedsOf({ baseSeed, seeds }: Settings, copy: number): { trial: number; runs: number[] } {
  const generator = new Generator(baseSeed)
  const draw = () => Math.floor(generator.uniform() * 2 ** 31)
  const trial = draw()
  if (copy > 0) generator.state = { seed: baseSeed, position: copy * WORDS_PER_COPY }
  return { trial, runs: Array.from({ length: seeds }, draw) }
}

/** Returns the protocol, which is declared before anything runs. */
export function protocolOf(problem: Problem, settings: Settings): Protocol {
  const { baseSeed, trials, epochs, batchSize, schedule } = settings
  const { stepsPerPoint, architecture } = problem
  return {
    baseSeed,
    seeds: seedsOf(settings, 0).runs,
    trials,
    ...(stepsPerPoint ? { steps: epochs * stepsPerPoint } : { epochs }),
    batchSize,
    ...(architecture && { hidden: architecture.hidden }),
    ...(architecture?.dropout && { dropout: architecture.dropout }),
    schedule,
    spaces: Object.fromEntries(contestantsOf(settings.optimizers).map((contestant) => [contestant.label, spaceOf(settings, contestant)])),
  }
}

function spaceOf(settings: Settings, { label, optimizer }: Contestant): Space {
  return settings.spaces?.[label] ?? spaces[optimizer]
}

/** Executes runs: here, in workers, or not at all if their results are known. */
export type Execute = (task: RunSpec) => Promise<Run>

/** Executes tasks one after another in an arena. `between` is awaited before each, so that other work can proceed. */
export function inTurn(arena: Arena, problem: Problem, between: () => void | Promise<void> = () => {}): Execute {
  let before: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = before.then(async () => {
      await between()
      return trainRun(arena, problem, task)
    })
    before = run.catch(() => {})
    return run
  }
}

/** A contestant's trials, and the runs with its best options. */
interface Tried {
  readonly contestant: Contestant
  readonly trials: readonly { readonly candidate: Candidate; readonly run: Run }[]
  readonly best: Candidate
  readonly runs: readonly Run[]
}

/**
 * Runs a comparison.
 *
 * @param arena used to inspect the model before it is trained
 * @param execute executes the runs; their order and concurrency do not affect the results
 * @throws `option-range` for settings out of range, before anything runs
 */
export async function compare(
  arena: Arena,
  problem: Problem,
  settings: Settings,
  execute: Execute = inTurn(arena, problem),
  progress: (progress: Progress) => void = () => {},
): Promise<Outcome> {
  checkSettings(settings)
  const protocol = protocolOf(problem, settings)
  const list = contestantsOf(settings.optimizers)
  const { epochs, batchSize, schedule } = settings
  let state: Progress = { done: 0, total: list.length * (settings.trials + settings.seeds) }
  progress(state)
  const known = new Map<string, Promise<Run>>()
  const runOf = async ({ label, optimizer }: Contestant, candidate: Candidate, seed: number) => {
    const task = { optimizer, ...candidate, seed, epochs, batchSize, schedule }
    const key = JSON.stringify(task)
    if (!known.has(key)) known.set(key, execute(task))
    const run = await known.get(key)!
    const isLeader = run.value !== null && run.value > (state.leader?.value ?? -Infinity)
    state = { ...state, done: state.done + 1, ...(isLeader && { leader: { label, value: run.value! } }) }
    progress(state)
    return run
  }
  const tried = await Promise.all(
    list.map(async (contestant): Promise<Tried> => {
      const { trial, runs } = seedsOf(settings, contestant.copy)
      const tries = candidates(spaceOf(settings, contestant), settings.trials).map(async (candidate) => ({
        candidate,
        run: await runOf(contestant, candidate, trial),
      }))
      const trials = await Promise.all(tries)
      const best = trials.reduce((a, b) => ((b.run.validation ?? -Infinity) > (a.run.validation ?? -Infinity) ? b : a)).candidate
      return { contestant, trials, best, runs: await Promise.all(runs.map((seed) => runOf(contestant, best, seed))) }
    }),
  )
  const initial = initialModel(arena, problem, settings)
  const results = tried.map(summarize).sort((a, b) => byMetric(a.value, b.value))
  const target = targetOf(results, initial.metric)
  const whole = results.map((result) => ({ ...result, stepsToTarget: stepsTo(target, result) }))
  const done = whole.filter(({ value }) => value !== null)
  const comparisons = compareSamples(
    done.map(({ label, runs }) => ({ label, values: runs.map(({ value }) => value!) })),
    problem.resolution,
  )
  const failed = whole.filter(({ value }) => value === null).map(({ label }) => label)
  const ranked = rankingOf(
    done.map(({ label }) => label),
    comparisons,
  )
  const report = {
    problem: problem.facts,
    model: modelFacts(problem, initial.parameters),
    metric: { name: problem.metric, direction: 'higher' as const, target },
    protocol,
    ...(problem.baselines && { baselines: problem.baselines(arena) }),
    results: whole,
    ranking: failed.length ? [...ranked, failed] : ranked,
    comparisons,
  }
  return { ...report, recommendation: recommend(report) }
}

function initialModel(arena: Arena, problem: Problem, { batchSize, baseSeed }: Settings): { metric: number; parameters: number } {
  const session = problem.begin(arena, new Generator(baseSeed), batchSize)
  const parameters = [...session.parameters].reduce((sum, { size }) => sum + size, 0)
  const metric = session.metric('validation')
  session.dispose()
  return { metric, parameters }
}

/** Sorts results, best first, failed ones last. */
function byMetric(a: number | null, b: number | null): number {
  return (b ?? -Infinity) === (a ?? -Infinity) ? 0 : (b ?? -Infinity) - (a ?? -Infinity)
}

function summarize({ contestant: { label, optimizer }, trials, best, runs }: Tried): Result {
  const values = runs.map(({ value }) => value).filter((value) => value !== null)
  const isWhole = values.length === runs.length
  return {
    optimizer,
    label,
    ...best,
    value: isWhole ? mean(values) : null,
    interval: isWhole ? intervalOf(values) : null,
    runs: runs.map(({ seed, value, curve, seconds, failed }) => ({ seed, value, curve, seconds, failed })),
    trials: trials.map(({ candidate, run }): Trial => ({ ...candidate, value: run.validation, failed: run.failed, seconds: run.seconds })),
    ...metricsOf(runs),
    stepsToTarget: null,
    seconds: mean(runs.map(({ seconds }) => seconds)),
    stateBytes: runs[0]!.stateBytes,
    failures: [...trials.map(({ run }) => run), ...runs].filter(({ failed }) => failed).length,
  }
}

/** Returns the combined scores of the runs, for tables. */
function metricsOf(runs: readonly Run[]): Pick<Result, 'metrics'> {
  const scores = runs.flatMap((run) => run.scores ?? [])
  if (!scores.length) return {}
  if (scores.length < runs.length) return { metrics: null }
  const meanOf = (read: (scores: Scores) => number) => mean(scores.map(read))
  if ('mae' in scores[0]!) {
    return { metrics: { mae: meanOf((one) => (one as ValueScores).mae), rmse: meanOf((one) => (one as ValueScores).rmse) } }
  }
  const tables = scores.map((one) => (one as ClassScores).confusion)
  return {
    metrics: {
      balancedAccuracy: meanOf((one) => (one as ClassScores).balancedAccuracy),
      logLoss: meanOf((one) => (one as ClassScores).logLoss),
      confusion: tables[0]!.map((row, a) => row.map((_, b) => tables.reduce((sum, table) => sum + table[a]![b]!, 0))),
    },
  }
}

/** Position of the target between the metric of the initial weights and the best result. */
const TARGET = 0.95

/** Returns the target on the validation rows; null if every optimizer failed. */
function targetOf(results: readonly Result[], initial: number): number | null {
  const ends = results.filter(({ value }) => value !== null).map(({ runs }) => mean(runs.map(({ curve }) => curve.at(-1)![2])))
  const best = Math.max(...ends)
  return Number.isFinite(best) && Number.isFinite(initial) && best > initial ? initial + TARGET * (best - initial) : null
}

/** Returns the mean first step at which the metric had reached the target; null if a run never reached it. */
function stepsTo(target: number | null, { runs, value }: Result): number | null {
  if (value === null || target === null) return null
  const steps = runs.map(({ curve }) => curve.find(([, , held]) => held >= target)?.[0] ?? Number.NaN)
  const average = mean(steps)
  return Number.isNaN(average) ? null : Math.round(average)
}
