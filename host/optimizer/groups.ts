/** Parameter groups: as callers pass them, as optimizers keep them, and as state dicts store them. */

import { Parameter } from '../memory/tensor.ts'
import { check, checkRange, DownhillError, isObject, shown } from '../validation/errors.ts'
import { checkOptions, type Declared, defaultsOf, fromTorchKey, isLoadable, torchKey, withDefaults } from '../validation/options.ts'
import { type OptimizerStateDict, type ParameterState, scalarOf } from './state-dict.ts'

/** Parameters, or pairs of name and parameter: `model.parameters()` or `model.namedParameters()`. */
export type ParameterList = Iterable<Parameter> | Iterable<readonly [string, Parameter]>

/** A group as callers pass it: its parameters, and options that differ from the optimizer's. */
export type GroupInit<O> = Partial<O> & { readonly params: Parameter | ParameterList }

/** Parameters, or groups of parameters. */
export type Params<O> = ParameterList | Iterable<GroupInit<O>>

/** A parameter group with its options, which are writable and read at each step. */
export type ParamGroup<O> = O & {
  readonly params: readonly Parameter[]
  /** Names of the parameters, if they were passed. */
  paramNames?: readonly string[]
  /** The learning rate that schedulers start from. Schedulers add it. */
  initialLr?: number
}

/** Declaration of an optimizer's options. */
export interface Declaration<O> {
  readonly name: string
  readonly options: Declared
  /** Returns an error sentence if options contradict each other, else undefined. */
  readonly conflict?: (options: O) => string | undefined
}

export function isPair(entry: unknown): entry is readonly [string, Parameter] {
  return Array.isArray(entry) && typeof entry[0] === 'string'
}

/** Checks options and completes them with the declared defaults. */
export function checkedDefaults<O extends object>(declaration: Declaration<O>, options: Partial<O>): O {
  checkOptions(declaration.name, declaration.options, options)
  const defaults = withDefaults(options, defaultsOf(declaration.options) as O)
  checkConflict(declaration, defaults)
  return defaults
}

function checkConflict<O>({ name, conflict }: Declaration<O>, options: O): void {
  const why = conflict?.(options) ?? torchConflict(options as Record<string, unknown>)
  check(why === undefined, 'option-range', () => `${name}: ${why}`)
}

/** Flags that contradict each other in torch. */
function torchConflict({ fused, foreach, differentiable }: Record<string, unknown>) {
  if (fused && foreach) return 'fused and foreach cannot be true together'
  return fused && differentiable ? 'fused does not support differentiable' : undefined
}

function isList(value: unknown): value is Iterable<unknown> {
  return isObject(value) && Symbol.iterator in value
}

/** Returns the groups that an optimizer is constructed with. */
export function groupsOf<O>(name: string, params: Params<O>): GroupInit<O>[] {
  checkRange(isList(params), name, 'params', 'parameters or groups, as in model.parameters()', params, 'params-invalid')
  const entries = filled(name, params)
  const isGroup = (entry: unknown) => isObject(entry) && 'params' in entry
  return (isGroup(entries[0]) ? entries : [{ params: entries }]) as GroupInit<O>[]
}

/** Returns the entries of a group's `params`, unchecked. */
export function entriesOf<O>(name: string, group: GroupInit<O>): unknown[] {
  checkRange(isObject(group), name, 'a group', '{ params, … }', group, 'params-invalid')
  const { params } = group
  const list = params instanceof Parameter ? [params] : params
  checkRange(isList(list), name, 'params', 'a list of parameters', params, 'params-invalid')
  return filled(name, list)
}

function filled(name: string, params: Iterable<unknown>): unknown[] {
  const entries = [...params]
  check(entries.length > 0, 'params-empty', `${name}: params must not be empty`)
  return entries
}

/** Checks groups against their options, each other, and the groups that an optimizer has; returns them completed. */
export function checkedGroups<O extends object>(
  declaration: Declaration<O>,
  defaults: O,
  present: readonly ParamGroup<O>[],
  groups: readonly GroupInit<O>[],
): ParamGroup<O>[] {
  const { name } = declaration
  const seen = new Set(present.flatMap((group) => group.params))
  const named: boolean[] = present.map((group) => group.paramNames !== undefined)
  let arena = present[0]?.params[0]?.arena
  return groups.map((group) => {
    const entries = entriesOf(name, group)
    const { params: _, ...overrides } = group
    checkOptions(name, declaration.options, overrides)
    const parameters = entries.map((entry, i) => {
      const parameter = isPair(entry) ? entry[1] : entry
      checkRange(parameter instanceof Parameter, name, `params[${i}]`, 'a Parameter', parameter, 'params-invalid')
      parameter.assertAlive(name)
      check(!seen.has(parameter), 'params-invalid', `${name}: params[${i}] appears twice`)
      arena ??= parameter.arena
      check(parameter.arena === arena, 'params-invalid', `${name}: all parameters must be in one arena`)
      seen.add(parameter)
      return parameter
    })
    named.push(...entries.map(isPair))
    check(new Set(named).size === 1, 'params-invalid', `${name}: name all parameters or none`)
    const given = overrides as Partial<O>
    // torch's order: the group's own options first.
    const options = { ...withDefaults(given, {} as O), ...withDefaults(given, defaults) }
    const paramNames = entries.every(isPair) ? { paramNames: entries.map((entry) => entry[0]) } : {}
    return { params: parameters, ...paramNames, ...options } as ParamGroup<O>
  })
}

/** Keys that names and schedulers add to a group. Other keys are the user's and keep their names. */
const ADDED = ['paramNames', 'initialLr', 'maxLr', 'minLr', 'swaLr', 'maxMomentum', 'baseMomentum']

/** Returns a group's options under torch's names. */
export function savedGroup(declared: Declared, group: object): Record<string, unknown> {
  const known = (name: string) => Object.hasOwn(declared, name) || ADDED.includes(name)
  const entries = Object.entries(group).filter(([name]) => name !== 'params')
  return Object.fromEntries(entries.map(([name, value]) => [known(name) ? torchKey(name, declared) : name, deepCopy(value)]))
}

/** Checks a state dict; returns the parameters' states, in the order of the groups, and the groups' options. */
export function checkedStateDict<O>(
  { name, options }: Declaration<O>,
  present: readonly ParamGroup<O>[],
  dict: OptimizerStateDict,
): { states: (ParameterState | undefined)[]; groups: Record<string, unknown>[] } {
  const { state, param_groups: saved } = dict ?? {}
  const fail = (why: string) => new DownhillError('state-mismatch', `${name}.loadStateDict: ${why}`)
  const isState = isObject(state) && !(state instanceof Map)
  if (!isState || !Array.isArray(saved)) throw fail('a state dict must have state and param_groups')
  if (saved.length !== present.length) {
    throw fail(`param_groups must have ${present.length} groups, got ${saved.length}`)
  }
  const groups = saved.map((group, i) => {
    checkRange(isObject(group), `${name}.loadStateDict`, `group ${i}`, 'an object', group, 'state-mismatch')
    const { params, ...rest } = group as { params?: unknown[] }
    const { length } = present[i]!.params
    if (!Array.isArray(params) || params.length !== length) {
      throw fail(`group ${i} must have ${length} parameters, got ${Array.isArray(params) ? params.length : shown(params)}`)
    }
    return loadedGroup(`${name}.loadStateDict: group ${i}`, options, rest, length)
  })
  const indices = saved.flatMap((group) => group.params as number[])
  const known = new Set(indices.map(String))
  const extra = Object.keys(state).find((key) => !known.has(key))
  if (extra !== undefined) throw fail(`parameter ${shown(extra)} of the state is in no group`)
  return { states: indices.map((index) => (Object.hasOwn(state, index) ? state[index] : undefined)), groups }
}

/** Replaces a group's options, and its names if there are new ones. */
export function replaceOptions(group: object, options: object): void {
  const { params, paramNames } = group as { params: unknown; paramNames?: unknown }
  for (const key of Object.keys(group)) delete (group as Record<string, unknown>)[key]
  Object.assign(group, { params }, paramNames === undefined ? {} : { paramNames }, options)
}

/** Returns a saved group's options under our names. Options that an older file lacks get their defaults. */
function loadedGroup(
  where: string,
  declared: Declared,
  saved: Readonly<Record<string, unknown>>,
  parameters: number,
): Record<string, unknown> {
  const fail = (why: string) => new DownhillError('state-mismatch', `${where} ${why}`)
  const group: Record<string, unknown> = {}
  for (const [key, given] of Object.entries(saved)) {
    const value = scalarOf(given)
    const name = fromTorchKey(key, declared)
    const isOption = Object.hasOwn(declared, name)
    if (key === '__proto__' || (Object.hasOwn(declared, key) && torchKey(key, declared) !== key))
      throw fail(`has an unknown option ${shown(key)}`)
    if (isOption && value === undefined) throw fail(`has no value for ${key}`)
    const option = isOption ? declared[name]! : undefined
    if (option && !option.fixed) checkRange(isLoadable(option, value), where, name, option.range, value)
    if (name === 'paramNames') {
      const fits = Array.isArray(value) && value.length === parameters && value.every((entry) => typeof entry === 'string')
      if (!fits) throw fail(`must have ${parameters} param_names, got ${shown(value)}`)
    } else if (ADDED.includes(name) && typeof value !== 'number') throw fail(`must have a number for ${key}, got ${shown(value)}`)
    const isFixed = isOption && declared[name]!.fixed
    group[isOption || ADDED.includes(name) ? name : key] = isFixed ? declared[name]!.default : deepCopy(value)
  }
  if ('lr' in declared && !('lr' in group)) throw fail('has no lr')
  return { ...group, ...defaultsOf(declared), ...group }
}

function deepCopy(value: unknown): unknown {
  return isObject(value) ? structuredClone(value) : value
}
