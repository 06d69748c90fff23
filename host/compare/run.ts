/** A run: a problem trained with one optimizer, learning rate and seed, for its whole schedule. */

import { CosineAnnealingLR } from '../lr_scheduler/cosine.ts'
import { PolynomialLR } from '../lr_scheduler/polynomial.ts'
import type { Arena } from '../memory/arena.ts'
import type { ModuleStateDict } from '../nn/module.ts'
import { Generator } from '../numerics/random.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import type { Scores } from '../tables/scores.ts'
import type { Problem, Session } from './problem.ts'
import type { CurvePoint, Options, Report } from './report.ts'
import { makeOptimizer, type OptimizerName, type Schedule } from './spaces.ts'

/** Description of a run, as plain values that can be sent to a worker. */
export interface RunSpec {
  readonly optimizer: OptimizerName
  readonly lr: number
  readonly options: Options
  readonly seed: number
  readonly epochs: number
  readonly batchSize: number
  readonly schedule: Schedule
}

/** Result of a run. */
export interface Run {
  readonly seed: number
  /** Metric on the test rows; null if the run failed. */
  readonly value: number | null
  /** Metric on the validation rows, which chooses options; null if the run failed. */
  readonly validation: number | null
  /** Further scores on the test rows, for tables. */
  readonly scores?: Scores
  readonly curve: readonly CurvePoint[]
  readonly seconds: number
  /** Whether the loss or the metric became NaN or infinite, or the loss diverged. */
  readonly failed: boolean
  readonly stateBytes: number
}

/** A run stops when the mean loss of an epoch exceeds the first loss by this factor. */
const DIVERGED = 100

function scheduled(optimizer: AnyOptimizer, schedule: Schedule, steps: number) {
  if (schedule === 'cosine') return new CosineAnnealingLR(optimizer, { tMax: steps })
  return schedule === 'linear' ? new PolynomialLR(optimizer, { totalIters: steps }) : undefined
}

/** Trains from the seed's initial weights in the seed's batch order: both are the same for every optimizer and all options. */
export function trainRun(arena: Arena, problem: Problem, task: RunSpec): Run {
  const started = performance.now()
  // A model without an explicit generator draws weights and dropout from the arena's.
  arena.generator.state = { seed: task.seed, position: 0 }
  const session = problem.begin(arena, new Generator(task.seed), task.batchSize)
  const optimizer = makeOptimizer(task.optimizer, session.parameters, task.lr, task.options)
  try {
    const { curve, failed } = train(session, optimizer, task)
    const value = failed ? Number.NaN : session.metric('test')
    const isNumber = Number.isFinite(value)
    const scores = isNumber ? session.scores?.() : undefined
    return {
      seed: task.seed,
      value: isNumber ? value : null,
      validation: isNumber ? curve.at(-1)![2] : null,
      ...(scores && { scores }),
      curve,
      seconds: (performance.now() - started) / 1000,
      failed: !isNumber,
      stateBytes: optimizer.stateBytes,
    }
  } finally {
    optimizer.dispose()
    session.dispose()
  }
}

/** Returns the first run with the recommended options; undefined if every optimizer failed. */
export function recommendedRun({ recommendation, results, protocol }: Report, epochs: number): RunSpec | undefined {
  const best = results.find(({ label }) => label === recommendation?.optimizer)
  if (!best) return undefined
  const { lr, options, runs } = best
  const { batchSize, schedule } = protocol
  return { optimizer: best.optimizer as OptimizerName, lr, options, seed: runs[0]!.seed, epochs, batchSize, schedule }
}

/** Returns the final weights of a run; undefined if its problem has no model, or the run failed. */
export function trainedWeights(arena: Arena, problem: Problem, task: RunSpec): ModuleStateDict | undefined {
  const session = problem.begin(arena, new Generator(task.seed), task.batchSize)
  const optimizer = makeOptimizer(task.optimizer, session.parameters, task.lr, task.options)
  try {
    return train(session, optimizer, task).failed ? undefined : session.stateDict?.()
  } finally {
    optimizer.dispose()
    session.dispose()
  }
}

function train(session: Session, optimizer: AnyOptimizer, { epochs, schedule }: RunSpec): { curve: CurvePoint[]; failed: boolean } {
  const curve: CurvePoint[] = []
  const scheduler = scheduled(optimizer, schedule, epochs * session.steps)
  let step = 0
  let first: number | undefined
  for (let epoch = 0; epoch < epochs; epoch++) {
    let [total, rows] = [0, 0]
    for (const portion of session.epoch()) {
      const loss = optimizer.step(() => {
        optimizer.zeroGrad()
        return portion.gradients()
      })!
      if (!Number.isFinite(loss)) return { curve, failed: true }
      scheduler?.step()
      first ??= Math.abs(loss)
      step++
      total += loss * portion.rows
      rows += portion.rows
    }
    const held = session.metric('validation')
    if (!Number.isFinite(held) || total / rows > DIVERGED * first!) return { curve, failed: true }
    curve.push([step, total / rows, held])
  }
  return { curve, failed: false }
}
