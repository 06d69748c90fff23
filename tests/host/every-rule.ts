import type { Optimizer } from '../../host/index.ts'
import type { AnyRule } from '../../host/rule.ts'
import * as exported from '../../host/rules/index.ts'
import type { Parameter } from '../../host/tensor.ts'

type AnyClass = { new (params: Iterable<any>, options?: object): Optimizer<any>; readonly rule: AnyRule }

/** Every elementwise optimizer that is exported, with its declaration: tests run over all of them, and none is left out. */
export const everyRule = Object.entries(exported)
  .filter((entry): entry is [string, never] => typeof entry[1] === 'function' && 'rule' in entry[1])
  .map(([name, value]) => ({ name, Class: value as AnyClass, rule: (value as AnyClass).rule }))

/** Options that bring out every form of a rule's kernel: each flag of the declaration on, one at a time and together. */
export function variants(rule: AnyRule): Record<string, unknown>[] {
  const flags = Object.entries(rule.options).filter(([, option]) => typeof option.default === 'boolean' && !option.fixed)
  const chosen = flags.filter(([, { doc }]) => !doc.startsWith('chooses among')).map(([name]) => ({ [name]: true }))
  const more: Record<string, unknown>[] = [{ weightDecay: 0.1 }]
  if ('momentum' in rule.options) more.push({ momentum: 0.9 })
  if ('betas' in rule.options) more.push({ betas: [0.3, 0.9] })
  if ('alpha' in rule.options) more.push({ alpha: 0.4 })
  const single = [{}, ...chosen, ...more].filter((options) => !rule.conflict?.({ ...defaults(rule), ...options }))
  const all = Object.assign({}, ...chosen, ...more)
  return [...single, all]
}

function defaults(rule: AnyRule): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rule.options).map(([name, option]) => [name, option.default]))
}

/** A gradient for a parameter at a step: anything that differs from step to step and element to element, without transcendental functions. */
export function gradientAt(parameter: Parameter, step: number): Float64Array {
  return Float64Array.from({ length: parameter.size }, (_, i) => (((i * 37 + step * 101 + parameter.size * 7) % 64) - 31) / 50)
}
