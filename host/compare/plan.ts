/** Fits a comparison into a time budget. */
import type { Arena } from '../memory/arena.ts'
import { checkRange } from '../validation/errors.ts'
import { contestantsOf } from './contestants.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './protocol.ts'
import { trainRun } from './run.ts'

/** Settings that determine the duration of a comparison. */
export interface Effort {
  readonly trials: number
  readonly seeds: number
  readonly epochs: number
}

/** Levels of effort, largest first. Fewer than five seeds separate nothing. */
const LEVELS = [
  [64, 20],
  [48, 20],
  [32, 20],
  [32, 10],
  [24, 10],
  [16, 10],
  [12, 10],
  [8, 10],
  [8, 5],
  [6, 5],
  [4, 5],
] as const

/** A plan, and its reductions from the effort without a limit, one sentence each. */
export interface Plan extends Effort {
  readonly seconds: number
  readonly leftOut: readonly string[]
}

/** Measures the seconds of an epoch, over all optimizers. */
export function measuredEpoch(arena: Arena, problem: Problem, { optimizers, batchSize, schedule }: Settings): number {
  const task = { options: {}, seed: 0, epochs: 1, batchSize, schedule, lr: 1e-4 }
  return contestantsOf(optimizers).reduce((sum, { optimizer }) => {
    // The first run of an optimizer includes compilation, so it is discarded.
    trainRun(arena, problem, { ...task, optimizer })
    return sum + trainRun(arena, problem, { ...task, optimizer }).seconds
  }, 0)
}

/**
 * Returns the largest effort that fits.
 *
 * @param perEpoch seconds of an epoch, over all optimizers
 * @param usual the effort without a limit; explicitly requested values are kept
 * @param workers number of concurrent runs
 */
export function planned(
  minutes: number,
  perEpoch: number,
  workers: number,
  usual: Effort,
  asked: { readonly [K in keyof Effort]?: number | undefined },
): Plan {
  checkRange(Number.isFinite(minutes) && minutes > 0, 'compare', 'minutes', 'a number > 0', minutes)
  const seconds = ({ trials, seeds, epochs }: Effort) => ((trials + seeds) * epochs * perEpoch) / workers
  // A tenth is reserved for startup, uneven runs and the report.
  const fits = (effort: Effort) => seconds(effort) <= 0.9 * 60 * minutes
  const efforts = LEVELS.map(([trials, seeds]) => ({
    trials: asked.trials ?? trials,
    seeds: asked.seeds ?? seeds,
    epochs: asked.epochs ?? usual.epochs,
  }))
  const least = efforts.at(-1)!
  const shorter = Math.max(1, Math.floor((least.epochs * 0.9 * 60 * minutes) / seconds(least)))
  const effort = efforts.find(fits) ?? { ...least, epochs: asked.epochs ?? Math.min(least.epochs, shorter) }
  const leftOut = (['trials', 'seeds', 'epochs'] as const)
    .filter((name) => effort[name] < usual[name])
    .map((name) => `${usual[name] - effort[name]} of ${usual[name]} ${name}`)
  return { ...effort, seconds: seconds(effort), leftOut: fits(effort) ? leftOut : [...leftOut, 'still exceeds the budget'] }
}
