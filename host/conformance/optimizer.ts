/** Kind "optimizer": a run of steps with given gradients. */
import { Arena } from '../arena.ts'
import type { Optimizer } from '../optimizer.ts'
import { fromTorchKey } from '../options.ts'
import * as rules from '../rules/index.ts'
import type { Parameter } from '../tensor.ts'
import type { FloatType } from '../wasm.ts'
import { type Case, flat, type GroupSpec, type Kind, type Result, Unsupported, type WrittenGradient, type WrittenTensor } from './format.ts'
import { judgeColumns, judgeGroups, judgeParams, judgeState, paramLimit } from './judge.ts'

export interface OptimizerCase extends Case {
  readonly optimizer: string
  readonly options: Record<string, unknown>
  readonly params: readonly WrittenTensor[]
  readonly groups: readonly GroupSpec[]
  readonly scheduler?: unknown
  readonly steps: readonly { readonly grads: readonly WrittenGradient[] }[]
  readonly record: readonly number[]
  readonly resume?: { readonly at: number; readonly fresh_options?: Record<string, unknown> }
}

/** Any optimizer, where its options are not known. */
// biome-ignore lint/suspicious/noExplicitAny: options of whatever the case names
export type AnyOptimizer = Optimizer<any>

/** An optimizer by torch's name, over groups with torch's option names. */
export function makeOptimizer(
  name: string,
  options: Record<string, unknown>,
  params: readonly Parameter[],
  groups: readonly GroupSpec[] | undefined,
): AnyOptimizer {
  // biome-ignore lint/suspicious/noExplicitAny: chosen by name
  const known = rules as Record<string, any>
  if (!Object.hasOwn(known, name)) throw new Unsupported(`the optimizer ${name} is not supported`)
  const renamed = (given: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(given).map(([key, value]) => [fromTorchKey(key), value]))
  const grouped = groups?.map((group) => ({ ...renamed(group.options ?? {}), params: group.params.map((i) => params[i]!) }))
  return new known[name](grouped ?? params, renamed(options))
}

export function makeParams(arena: Arena, params: readonly WrittenTensor[], dtype: FloatType): Parameter[] {
  return params.map(({ shape, data }) => arena.parameter(shape, { dtype, data: flat(data) }))
}

export function setGradient(parameter: Parameter, gradient: WrittenGradient | undefined): void {
  if (gradient && 'sparse' in gradient) throw new Unsupported('sparse gradients are not supported')
  parameter.grad = gradient ? flat(gradient) : null
}

async function run(test: OptimizerCase, dtype: FloatType): Promise<Result> {
  if (test.scheduler) throw new Unsupported('schedulers are not supported')
  const arena = await Arena.create()
  const params = makeParams(arena, test.params, dtype)
  let optimizer = makeOptimizer(test.optimizer, test.options, params, test.groups)
  const recorded: Record<string, unknown> = {}
  const lr: number[][] = []
  for (const [t, { grads }] of test.steps.entries()) {
    if (t === test.resume?.at) {
      const saved = optimizer.stateDict()
      optimizer = makeOptimizer(test.optimizer, test.resume.fresh_options ?? {}, params, test.groups)
      optimizer.loadStateDict(saved)
    }
    lr.push(optimizer.paramGroups.map((group) => group.lr))
    for (const [i, parameter] of params.entries()) setGradient(parameter, grads[i])
    optimizer.step()
    if (test.record.includes(t + 1)) recorded[t + 1] = params.map((parameter) => parameter.data.slice())
  }
  const result = { params: recorded, lr, state: optimizer.stateDict() }
  arena.dispose()
  return result
}

export const optimizerKind: Kind<OptimizerCase> = {
  dtypes: ['float64', 'float32'],
  run,
  judge(test, dtype, result, expected, j) {
    const { float64 } = expected
    const limit = paramLimit(dtype, expected)
    const initial = test.params.map(({ data }) => data)
    judgeParams(j, 'params', result.params as Record<string, unknown[]>, float64.params, initial, limit)
    judgeColumns(j, 'lr', result.lr, float64.lr)
    if (!float64.state) return
    const state = result.state as { state: Parameters<typeof judgeState>[2]; param_groups: Parameters<typeof judgeGroups>[2] }
    judgeState(j, dtype, state.state, expected, expected.judge?.float64_rtol ?? 1e-12)
    judgeGroups(j, dtype, state.param_groups, expected)
  },
}
