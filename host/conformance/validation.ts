/** Kind "validation": options and inputs that must be refused, and some that must not. */
import type { Arena } from '../memory/arena.ts'
import { sizeOf } from '../memory/shape.ts'
import { DownhillError } from '../validation/errors.ts'
import type { Case, GroupSpec, Kind, Result, WrittenGradient } from './format.ts'
import { makeOptimizer, setGradient } from './parts.ts'
import { makeScheduler, type SchedulerSpec } from './scheduler.ts'

interface Check {
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly shapes?: readonly (readonly number[])[]
  readonly groups?: readonly GroupSpec[]
  readonly scheduler?: SchedulerSpec
  readonly last_epoch?: number
  readonly grads?: readonly WrittenGradient[]
  readonly python_only?: boolean
}

export interface ValidationCase extends Case {
  readonly checks: readonly Check[]
}

function attempt(arena: Arena, check: Check): { error: string | null; message?: string } {
  const { shapes = [[2, 2]] } = check
  const params = shapes.map((shape) => arena.parameter(shape, { dtype: 'float64', data: new Float64Array(sizeOf(shape)) }))
  try {
    const optimizer = makeOptimizer(check.optimizer, check.options, params, check.groups)
    if (check.scheduler) makeScheduler(check.scheduler, optimizer, check.last_epoch)
    if (check.grads) {
      for (const [i, parameter] of params.entries()) setGradient(parameter, check.grads[i])
      optimizer.step()
    }
    return { error: null }
  } catch (error) {
    if (!(error instanceof DownhillError)) throw error
    return { error: error.code, message: error.message }
  }
}

function run(arena: Arena, test: ValidationCase): Result {
  const checks = test.checks.map((check) => attempt(arena, check))
  return { checks }
}

export const validationKind: Kind<ValidationCase> = {
  dtypes: ['float64'],
  run,
  judge(test, _dtype, result, expected, j) {
    const got = result.checks as { error: string | null }[]
    j.same('checks: length', got.length, expected.checks.length)
    for (const [i, check] of test.checks.entries()) {
      if (!check.python_only) j.same(`checks[${i}] raises`, got[i]?.error !== null, expected.checks[i].error !== null)
    }
  },
}
