/** Kind "optimizer": steps with given gradients, or on an objective. */
import type { Arena } from '../memory/arena.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import type { FloatType } from '../wasm/wasm.ts'
import type { Case, GroupSpec, Kind, Result, WrittenGradient, WrittenTensor } from './format.ts'
import { judgeColumns, judgeGroups, judgeParams, judgeSeries, judgeState, paramLimit, stepLimits } from './judge.ts'
import { evaluate, type Objective } from './objective.ts'
import { makeOptimizer, makeParams, setGradient } from './parts.ts'
import { grouped, judgeSchedulerState, makeScheduler, type SchedulerSpec, stepScheduler } from './scheduler.ts'

export interface OptimizerCase extends Case {
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly params: readonly WrittenTensor[]
  readonly groups?: readonly GroupSpec[]
  readonly scheduler?: SchedulerSpec | null
  readonly steps?: readonly { readonly grads: readonly WrittenGradient[]; readonly metric?: number }[]
  readonly objective?: Objective
  readonly num_steps?: number
  readonly record: readonly number[]
  readonly resume?: { readonly at: number; readonly fresh_options?: Record<string, unknown> }
}

function run(arena: Arena, test: OptimizerCase, dtype: FloatType): Result {
  const params = makeParams(arena, test.params, dtype)
  const make = (options: Record<string, unknown>): AnyOptimizer => makeOptimizer(test.optimizer, options, params, test.groups)
  let optimizer = make(test.options)
  let scheduler = test.scheduler ? makeScheduler(test.scheduler, optimizer) : undefined
  const recorded: Record<string, unknown> = {}
  const columns: Record<string, unknown[]> = { lr: [] }
  const tracked = (['momentum', 'betas'] as const).filter((option) => scheduler && optimizer.paramGroups.some((group) => option in group))
  const loss: unknown[] = []
  const count = test.steps?.length ?? test.num_steps ?? 0
  for (let t = 0; t < count; t++) {
    if (t === test.resume?.at) {
      const saved = [optimizer.stateDict(), scheduler?.stateDict()] as const
      optimizer = make(test.resume.fresh_options ?? {})
      scheduler = test.scheduler ? makeScheduler(test.scheduler, optimizer) : undefined
      optimizer.loadStateDict(saved[0])
      if (scheduler) scheduler.loadStateDict(saved[1]!)
    }
    columns.lr!.push(grouped(optimizer, 'lr'))
    for (const option of tracked) (columns[option] ??= []).push(grouped(optimizer, option))
    const step = test.steps?.[t]
    if (step) {
      for (const [i, parameter] of params.entries()) setGradient(parameter, step.grads[i])
      optimizer.step()
    } else {
      loss.push(optimizer.step(() => evaluate(test.objective!, params)))
    }
    if (scheduler) stepScheduler(scheduler, step ?? {})
    if (test.record.includes(t + 1)) recorded[t + 1] = params.map((parameter) => parameter.data.slice())
  }
  return {
    params: recorded,
    ...columns,
    ...(loss.length && { loss }),
    state: optimizer.stateDict(),
    ...(scheduler && { scheduler_state: scheduler.stateDict() }),
  }
}

export const optimizerKind: Kind<OptimizerCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(test, dtype, result, expected, j) {
    const { float64 } = expected
    const isLbfgs = test.optimizer === 'LBFGS'
    const limit = paramLimit(test.optimizer, dtype, expected)
    const initial = test.params.map(({ data }) => data)
    judgeParams(j, 'params', result.params as Record<string, unknown[]>, float64.params, initial, limit)
    for (const column of ['lr', 'momentum', 'betas']) judgeColumns(j, column, result[column], float64[column])
    if (float64.loss) judgeSeries(j, dtype, 'loss', result.loss, expected, expected.float32?.loss, stepLimits(float64.params, limit))
    if (float64.scheduler_state) judgeSchedulerState(j, result.scheduler_state, float64.scheduler_state, float64.lr)
    if (!float64.state) return
    const state = result.state as { state: Parameters<typeof judgeState>[2]; param_groups: Parameters<typeof judgeGroups>[2] }
    judgeState(j, dtype, state.state, expected, isLbfgs)
    judgeGroups(j, dtype, state.param_groups, expected)
  },
}
