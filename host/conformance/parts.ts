/** Creates the optimizers, parameters and gradients of cases. */
import type { Arena } from '../memory/arena.ts'
import type { Parameter } from '../memory/tensor.ts'
import * as optim from '../optim/index.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import * as rules from '../rules/index.ts'
import { fromTorchKey } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { flat, type GroupSpec, Unsupported, type WrittenGradient, type WrittenTensor } from './format.ts'

/** Creates an optimizer by torch's name, with torch's option names, over named or unnamed parameters. */
export function makeOptimizer(
  name: string,
  options: Record<string, unknown>,
  params: readonly Parameter[] | readonly (readonly [string, Parameter])[],
  groups: readonly GroupSpec[] | undefined,
): AnyOptimizer {
  // biome-ignore lint/suspicious/noExplicitAny: chosen by name
  const known: Record<string, any> = { ...rules, ...optim }
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
  if (gradient && 'sparse' in gradient) parameter.grad = { indices: gradient.sparse.indices[0], values: flat(gradient.sparse.values) }
  else parameter.grad = gradient ? flat(gradient) : null
}
