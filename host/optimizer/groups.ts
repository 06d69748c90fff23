/** Groups of parameters: what is handed over, what they become, and how a state dict has them. */

import { showShape } from '../memory/shape.ts'
import { Parameter } from '../memory/tensor.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { checkOptions, type Declared, defaultsOf, fromTorchKey, isLoadable, torchKey, withDefaults } from '../validation/options.ts'
import { isStateTensor, type OptimizerStateDict, type ParameterState } from './state-dict.ts'

/** Parameters, bare or with their names, as `model.parameters()` and `model.namedParameters()` give them. */
export type ParameterList = Iterable<Parameter> | Iterable<readonly [string, Parameter]>

/** A group as it is handed over: its parameters, and options that differ from the optimizer's. */
export type GroupInit<O> = Partial<O> & { readonly params: Parameter | ParameterList }

/** What an optimizer is made from: parameters, or groups of them. */
export type Params<O> = ParameterList | Iterable<GroupInit<O>>

/** A group of parameters with its options; plain and writable, and read afresh at each step. */
export type ParamGroup<O> = O & {
  readonly params: readonly Parameter[]
  /** Names, if the parameters came with them. */
  paramNames?: readonly string[]
  /** The learning rate schedulers start from; they add this. */
  initialLr?: number
}

/** What there is to say about an optimizer's options. */
export interface Declaration<O> {
  readonly name: string
  readonly options: Declared
  /** What the ranges cannot say; a sentence if the options do not go together. */
  readonly conflict?: (options: O) => string | undefined
}

export function isPair(entry: unknown): entry is readonly [string, Parameter] {
  return Array.isArray(entry) && typeof entry[0] === 'string'
}

/** The options given over the declared defaults, checked. */
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

/** Flags of torch that do not go together there, though they choose nothing here. */
function torchConflict({ fused, foreach, differentiable }: Record<string, unknown>) {
  if (fused && foreach) return 'fused and foreach cannot be true together'
  return fused && differentiable ? 'fused does not support differentiable' : undefined
}

function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

/** The groups in what an optimizer is made from. */
export function groupsOf<O>(name: string, params: Params<O>): GroupInit<O>[] {
  check(isList(params), 'params-invalid', () => `${name} takes an array of parameters or of groups, not ${shown(params)}`)
  const entries = [...params]
  check(entries.length > 0, 'params-empty', `${name} got an empty parameter list`)
  const isGroup = (entry: unknown) => typeof entry === 'object' && entry !== null && 'params' in entry
  return (isGroup(entries[0]) ? entries : [{ params: entries }]) as GroupInit<O>[]
}

/** What a group has for parameters, not yet looked at one by one. */
export function entriesOf<O>(name: string, group: GroupInit<O>): unknown[] {
  check(typeof group === 'object' && group !== null, 'params-invalid', () => `${name}: a group is { params, … }, not ${shown(group)}`)
  const { params } = group
  const list = params instanceof Parameter ? [params] : params
  check(isList(list), 'params-invalid', () => `${name}: params of a group is a list of parameters, not ${shown(params)}`)
  const entries = [...list]
  check(entries.length > 0, 'params-empty', `${name} got a group without parameters`)
  return entries
}

/** Groups as they will be, with every parameter and option checked against each other and against the groups there are. */
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
    const parameters = entries.map((entry) => {
      const parameter = isPair(entry) ? entry[1] : entry
      check(parameter instanceof Parameter, 'params-invalid', () => `${name} takes parameters, and got ${shown(parameter)}`)
      parameter.assertAlive(name)
      check(!seen.has(parameter), 'params-invalid', () => `${name}: a parameter ${showShape(parameter.shape)} appears twice`)
      arena ??= parameter.arena
      check(parameter.arena === arena, 'params-invalid', `${name} takes parameters of one arena, and got some of two`)
      seen.add(parameter)
      return parameter
    })
    named.push(...entries.map(isPair))
    check(new Set(named).size === 1, 'params-invalid', `${name}: either all parameters have names or none`)
    const given = overrides as Partial<O>
    // torch's order: what the group says first, then the rest.
    const options = { ...withDefaults(given, {} as O), ...withDefaults(given, defaults) }
    const paramNames = entries.every(isPair) ? { paramNames: entries.map((entry) => entry[0]) } : {}
    return { params: parameters, ...paramNames, ...options } as ParamGroup<O>
  })
}

/** What schedulers, and names, add to a group; all else that is no option is the user's own, and keeps its name. */
const ADDED = ['paramNames', 'initialLr', 'maxLr', 'minLr', 'swaLr', 'maxMomentum', 'baseMomentum']

/** A group's options under torch's names. */
export function savedGroup(declared: Declared, group: object): Record<string, unknown> {
  const known = (name: string) => Object.hasOwn(declared, name) || ADDED.includes(name)
  const entries = Object.entries(group).filter(([name]) => name !== 'params')
  return Object.fromEntries(entries.map(([name, value]) => [known(name) ? torchKey(name, declared) : name, deepCopy(value)]))
}

/** The states of the parameters, in the order of the groups, and the groups' options, from a state dict that fits them. */
export function checkedStateDict<O>(
  { name, options }: Declaration<O>,
  present: readonly ParamGroup<O>[],
  dict: OptimizerStateDict,
): { states: (ParameterState | undefined)[]; groups: Record<string, unknown>[] } {
  const { state, param_groups: saved } = dict ?? {}
  const fail = (why: string) => new DownhillError('state-mismatch', `${name}.loadStateDict: ${why}`)
  const isObject = typeof state === 'object' && state !== null && !(state instanceof Map)
  if (!isObject || !Array.isArray(saved)) throw fail('a state dict has `state` and `param_groups`')
  if (saved.length !== present.length) {
    throw fail(`the state dict has ${saved.length} parameter groups, the optimizer has ${present.length}`)
  }
  const groups = saved.map((group, i) => {
    if (typeof group !== 'object' || group === null) throw fail(`group ${i} is ${shown(group)}`)
    const { params, ...rest } = group
    const { length } = present[i]!.params
    if (!Array.isArray(params) || params.length !== length) {
      throw fail(`group ${i} has ${length} parameters, that of the state dict ${Array.isArray(params) ? params.length : 'none'}`)
    }
    return loadedGroup(`${name}.loadStateDict: group ${i}`, options, rest, length)
  })
  const indices = saved.flatMap((group) => group.params as number[])
  const known = new Set(indices.map(String))
  const extra = Object.keys(state).find((key) => !known.has(key))
  if (extra !== undefined) throw fail(`it has a state for parameter ${shown(extra)}, which is in no group`)
  return { states: indices.map((index) => (Object.hasOwn(state, index) ? state[index] : undefined)), groups }
}

/** Gives a group other options, and names if there are some; its parameters stay. */
export function replaceOptions(group: object, options: object): void {
  const { params, paramNames } = group as { params: unknown; paramNames?: unknown }
  for (const key of Object.keys(group)) delete (group as Record<string, unknown>)[key]
  Object.assign(group, { params }, paramNames === undefined ? {} : { paramNames }, options)
}

/** A saved group's options under our names. Options an older file lacks have their declared default. */
function loadedGroup(
  where: string,
  declared: Declared,
  saved: Readonly<Record<string, unknown>>,
  parameters: number,
): Record<string, unknown> {
  const fail = (why: string) => new DownhillError('state-mismatch', `${where} ${why}`)
  const group: Record<string, unknown> = {}
  for (const [key, given] of Object.entries(saved)) {
    // torch lets a learning rate be a tensor.
    const value = isStateTensor(given) && given.data?.length === 1 ? given.data[0] : given
    const name = fromTorchKey(key, declared)
    const isOption = Object.hasOwn(declared, name)
    if (key === '__proto__' || (Object.hasOwn(declared, key) && torchKey(key, declared) !== key))
      throw fail(`has an option called ${shown(key)}`)
    if (isOption && value === undefined) throw fail(`has no value for ${key}`)
    if (isOption && !declared[name]!.fixed && !isLoadable(declared[name]!, value)) {
      throw new DownhillError('option-range', `${where}: ${name} must be ${declared[name]!.range}, not ${shown(value)}`)
    }
    if (name === 'paramNames') {
      const fits = Array.isArray(value) && value.length === parameters && value.every((entry) => typeof entry === 'string')
      if (!fits) throw fail(`has ${shown(value)} for param_names, and ${parameters} parameters`)
    } else if (ADDED.includes(name) && typeof value !== 'number') throw fail(`has ${shown(value)} for ${key}`)
    group[isOption || ADDED.includes(name) ? name : key] = deepCopy(value)
  }
  if ('lr' in declared && !('lr' in group)) throw fail('has no lr')
  const fixed = Object.entries(declared).filter(([, option]) => option.fixed)
  return { ...group, ...defaultsOf(declared), ...group, ...Object.fromEntries(fixed.map(([name, option]) => [name, option.default])) }
}

function deepCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}
