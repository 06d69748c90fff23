import { KERNEL_CHOICES } from '../../host/conformance/judge.ts'
import type { Optimizer } from '../../host/index.ts'
import type { Parameter } from '../../host/memory/tensor.ts'
import type { AnyRule } from '../../host/optimizer/rule.ts'
import * as exported from '../../host/rules/index.ts'

type AnyClass = { new (params: Iterable<any>, options?: object): Optimizer<any>; readonly declaration: AnyRule }

/** Every exported elementwise optimizer with its declaration, so that no test misses one. */
export const everyRule = Object.entries(exported)
  .filter((entry): entry is [string, never] => typeof entry[1] === 'function' && 'declaration' in entry[1])
  .map(([name, value]) => ({ name, Class: value as AnyClass, rule: (value as AnyClass).declaration }))

/** Returns options that cover every variant of a rule's kernel: each boolean option on, one at a time and all together. */
export function variants(rule: AnyRule): Record<string, unknown>[] {
  const flags = Object.entries(rule.options).filter(([, option]) => typeof option.default === 'boolean' && !option.fixed)
  const chosen = flags.filter(([name]) => !KERNEL_CHOICES.has(name)).map(([name]) => ({ [name]: true }))
  const more: Record<string, unknown>[] = 'weightDecay' in rule.options ? [{ weightDecay: 0.1 }] : []
  if ('momentum' in rule.options) more.push({ momentum: 0.9 })
  if ('betas' in rule.options) more.push({ betas: [0.3, 0.9] })
  if ('t0' in rule.options) more.push({ t0: 2 })
  if (rule.name === 'RMSprop') more.push({ alpha: 0.4 })
  const single = [{}, ...chosen, ...more].filter((options) => !rule.conflict?.({ ...defaults(rule), ...options }))
  const all = Object.assign({}, ...chosen, ...more)
  return [...single, all]
}

function defaults(rule: AnyRule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rule.options).map(([name, option]) => [name, option.default]))
}

/** Returns test shapes for a rule; a sparse gradient needs rows. */
export function shapesFor(rule: AnyRule): number[][] {
  return rule.sparse === 'only' ? [[17], [3, 5], [1], [9, 4]] : [[17], [3, 5], [], [1], [67]]
}

/** Sets a gradient that varies by step and element, and is sparse if the rule requires it. */
export function setGradient(rule: AnyRule, parameter: Parameter, step: number): void {
  const value = (i: number) => (((i * 37 + step * 101 + parameter.size * 7) % 64) - 31) / 50
  if (rule.sparse !== 'only') {
    parameter.grad = Float64Array.from({ length: parameter.size }, (_, i) => value(i))
    return
  }
  const [rows] = parameter.shape as [number]
  const indices = Array.from({ length: rows + 1 }, (_, i) => (i * 5 + step) % rows).filter((_, i) => (i + step) % 3 !== 0)
  const values = Array.from({ length: (indices.length * parameter.size) / rows }, (_, i) => value(i))
  parameter.grad = { indices, values }
}
