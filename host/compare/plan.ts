/** How much of a comparison fits into a given time. */
import type { Arena } from '../memory/arena.ts'
import { check, shown } from '../validation/errors.ts'
import { contestantsOf } from './contestants.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './protocol.ts'
import { trainRun } from './run.ts'

/** What decides how long a comparison takes. */
export interface Effort {
  readonly trials: number
  readonly seeds: number
  readonly epochs: number
}

/** From generous to scant. Five seeds are the fewest that tell anything apart. */
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

/** A plan, and how it differs from the effort without a limit, a sentence each. */
export interface Plan extends Effort {
  readonly seconds: number
  readonly leftOut: readonly string[]
}

/** Seconds that an epoch takes, of all optimizers together. */
export function measuredEpoch(arena: Arena, problem: Problem, { optimizers, batchSize, schedule }: Settings): number {
  const task = { options: {}, seed: 0, epochs: 1, batchSize, schedule, lr: 1e-4 }
  return contestantsOf(optimizers).reduce((sum, { optimizer }) => {
    // The first run of an optimizer compiles, and counts for nothing.
    trainRun(arena, problem, { ...task, optimizer })
    return sum + trainRun(arena, problem, { ...task, optimizer }).seconds
  }, 0)
}

/**
 * The most effort that fits.
 *
 * @param perEpoch seconds that an epoch takes, of all optimizers together
 * @param usual the effort without a limit; what of it was asked for is kept
 * @param workers how many runs go on at a time
 */
export function planned(
  minutes: number,
  perEpoch: number,
  workers: number,
  usual: Effort,
  asked: { readonly [K in keyof Effort]?: number | undefined },
): Plan {
  check(Number.isFinite(minutes) && minutes > 0, 'option-range', () => `minutes is a number above 0, not ${shown(minutes)}`)
  const seconds = ({ trials, seeds, epochs }: Effort) => ((trials + seeds) * epochs * perEpoch) / workers
  // A tenth is for the start, uneven runs and the report.
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
  return { ...effort, seconds: seconds(effort), leftOut: fits(effort) ? leftOut : [...leftOut, 'and it takes longer all the same'] }
}
