import type { Arena } from './arena.ts'
import { dispose } from './dispose.ts'
import { check, DownhillError, shown } from './errors.ts'
import { checkOptions, type Declared, defaultsOf, fromTorchKey, torchKey, withDefaults } from './options.ts'
import { type Shape, showShape } from './shape.ts'
import { type DType, Parameter, type View } from './tensor.ts'

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

/** A tensor in a state dict: a copy, row-major. */
export interface StateTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: View
}

/** One parameter's state under torch's keys. Counters and other scalars are numbers. */
export type ParameterState = Record<string, number | StateTensor>

/** The shape of a torch `state_dict`, with torch's own keys. Parameters are numbered across the groups. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<string, ParameterState>>
  readonly param_groups: readonly Readonly<Record<string, unknown>>[]
}

/** What the base class needs to know of an optimizer. */
export interface Declaration<O> {
  readonly name: string
  readonly options: Declared
  readonly conflict?: (options: O) => string | undefined
}

function isPair(entry: unknown): entry is readonly [string, Parameter] {
  return Array.isArray(entry) && typeof entry[0] === 'string'
}

/** Groups, gradients and state dicts: what all optimizers share. */
export abstract class Optimizer<O extends object> {
  readonly paramGroups: ParamGroup<O>[] = []
  /** Options that groups without their own take. */
  readonly defaults: O
  readonly arena: Arena
  protected readonly declaration: Declaration<O>
  #disposed = false

  constructor(declaration: Declaration<O>, params: Params<O>, options: Partial<O>) {
    const { name } = declaration
    this.declaration = declaration
    checkOptions(name, declaration.options, options)
    this.defaults = withDefaults(options, defaultsOf(declaration.options) as O)
    this.#checkConflict(this.defaults)
    const isIterable = typeof params === 'object' && params !== null && Symbol.iterator in params
    check(isIterable, 'params-invalid', () => `${name} takes an array of parameters or of groups, not ${shown(params)}`)
    const entries = [...(params as Iterable<unknown>)]
    check(entries.length > 0, 'params-empty', `${name} got an empty parameter list`)
    const isGroup = (entry: unknown) => typeof entry === 'object' && entry !== null && 'params' in entry
    const groups = (isGroup(entries[0]) ? entries : [{ params: entries }]) as GroupInit<O>[]
    this.paramGroups = this.#checked(groups)
    this.arena = this.paramGroups[0]!.params[0]!.arena
    for (const parameter of this.parameters()) parameter.reserveGrad()
  }

  /** Takes one step with the gradients as they are. With a closure, evaluates it once before and returns its value. */
  abstract step(closure?: () => number): number | undefined

  /** Bytes of state that the optimizer takes, or will take once every parameter has had a gradient. */
  abstract get stateBytes(): number

  /** One parameter's state, or undefined before there is any. */
  protected abstract readState(parameter: Parameter): ParameterState | undefined

  /** Checks the states of all parameters (undefined: none), and returns what writes them. */
  protected abstract prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): () => void

  /** Called when groups were added. */
  protected abstract groupsChanged(): void

  /** All parameters, group by group. */
  parameters(): Parameter[] {
    return this.paramGroups.flatMap((group) => group.params)
  }

  /**
   * Adds a group; its parameters start at step 1 beside the older ones.
   *
   * @throws `option-unknown`, `option-range`, `params-empty`, `params-invalid`
   */
  addParamGroup(group: GroupInit<O>): void {
    this.assertAlive()
    const [checked] = this.#checked([group])
    for (const parameter of checked!.params) parameter.reserveGrad()
    this.paramGroups.push(checked!)
    this.groupsChanged()
  }

  /** Removes all gradients, or with `setToNone` false sets them to zero, in which case the next step counts and decays with them. */
  zeroGrad(setToNone = true): void {
    for (const { params } of this.paramGroups) {
      for (const parameter of params) {
        if (setToNone) parameter.grad = null
        else parameter.grad?.fill(0)
      }
    }
  }

  /** State and options as torch's `state_dict()` has them. Everything is copied. */
  stateDict(): OptimizerStateDict {
    this.assertAlive()
    const state: Record<string, ParameterState> = {}
    let index = 0
    const groups = this.paramGroups.map((group) => {
      const params = group.params.map((parameter) => {
        const own = this.readState(parameter)
        if (own) state[index] = own
        return index++
      })
      const entries = Object.entries(group).filter(([name]) => name !== 'params')
      const copy = (value: unknown) => (Array.isArray(value) ? [...value] : value)
      return {
        ...Object.fromEntries(entries.map(([name, value]) => [torchKey(name, this.declaration.options), copy(value)])),
        params,
      }
    })
    return { state, param_groups: groups }
  }

  /**
   * Takes over state and options; parameters are matched by position. Everything is checked before anything is changed, and copied.
   *
   * @throws `state-mismatch` if groups, keys or shapes differ, `option-range` if an option is outside its range
   */
  loadStateDict(dict: OptimizerStateDict): void {
    this.assertAlive()
    const { name } = this.declaration
    const fail = (why: string) => new DownhillError('state-mismatch', `${name}.loadStateDict: ${why}`)
    if (typeof dict?.state !== 'object' || !Array.isArray(dict.param_groups)) throw fail('a state dict has `state` and `param_groups`')
    const saved = dict.param_groups
    if (saved.length !== this.paramGroups.length) {
      throw fail(`the state dict has ${saved.length} parameter groups, the optimizer has ${this.paramGroups.length}`)
    }
    const groups = saved.map((group, i) => {
      const { params, ...rest } = group
      const own = this.paramGroups[i]!
      if (!Array.isArray(params) || params.length !== own.params.length) {
        throw fail(
          `group ${i} has ${own.params.length} parameters, that of the state dict ${Array.isArray(params) ? params.length : 'none'}`,
        )
      }
      return this.#loadedGroup(rest, i)
    })
    const indices = saved.flatMap((group) => group.params as number[])
    const states = indices.map((index) => (Object.hasOwn(dict.state, index) ? dict.state[index] : undefined))
    const known = new Set(indices.map(String))
    const extra = Object.keys(dict.state).find((key) => !known.has(key))
    if (extra !== undefined) throw fail(`it has a state for parameter ${extra}, which is in no group`)
    const write = this.prepareStates(states, groups as O[])
    for (const [i, group] of groups.entries()) {
      const own = this.paramGroups[i]!
      const { params } = own
      for (const key of Object.keys(own)) delete (own as Record<string, unknown>)[key]
      Object.assign(own, group, { params })
    }
    write()
  }

  /** Lets go of the state's memory. Twice is harmless. */
  dispose(): void {
    if (!this.#disposed && !this.arena.disposed) this.release()
    this.#disposed = true
  }

  [dispose](): void {
    this.dispose()
  }

  /** Frees the state's memory. */
  protected abstract release(): void

  protected assertAlive(): void {
    check(!this.#disposed, 'disposed', () => `this ${this.declaration.name} was disposed`)
    this.arena.assertAlive()
  }

  #checkConflict(options: O): void {
    const conflict = this.declaration.conflict?.(options)
    check(conflict === undefined, 'option-range', () => `${this.declaration.name}: ${conflict}`)
  }

  /** Groups as they will be, with every parameter and option checked against each other and against the groups there are. */
  #checked(groups: readonly GroupInit<O>[]): ParamGroup<O>[] {
    const { name } = this.declaration
    const seen = new Set(this.parameters())
    const named: boolean[] = this.paramGroups.map((group) => group.paramNames !== undefined)
    let arena = this.paramGroups[0]?.params[0]?.arena
    return groups.map((group) => {
      const { params, ...overrides } = group
      const entries: unknown[] = params instanceof Parameter ? [params] : [...((params ?? []) as Iterable<unknown>)]
      check(entries.length > 0, 'params-empty', `${name} got a group without parameters`)
      checkOptions(name, this.declaration.options, overrides)
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
      const options = { ...withDefaults(overrides as Partial<O>, {} as O), ...withDefaults(overrides as Partial<O>, this.defaults) }
      this.#checkConflict(options)
      const paramNames = entries.every(isPair) ? { paramNames: entries.map((entry) => entry[0]) } : {}
      return { params: parameters, ...paramNames, ...options } as ParamGroup<O>
    })
  }

  /** A saved group's options under our names. Options an older file lacks have their declared default; keys of schedulers are kept. */
  #loadedGroup(saved: Readonly<Record<string, unknown>>, index: number): Record<string, unknown> {
    const declared = this.declaration.options
    const entries = Object.entries(saved).map(([key, value]) => {
      check(/^[a-zA-Z]\w*$/.test(key) && key !== 'constructor', 'state-mismatch', `group ${index} has an option called ${shown(key)}`)
      return [fromTorchKey(key, declared), Array.isArray(value) ? [...value] : value] as const
    })
    const group = Object.fromEntries(entries)
    const isOption = (name: string) => Object.hasOwn(declared, name) && !declared[name]!.fixed
    const given = Object.fromEntries(entries.filter(([name]) => isOption(name)))
    checkOptions(`${this.declaration.name}.loadStateDict: group ${index}`, declared, given)
    const fixed = Object.entries(declared).filter(([, option]) => option.fixed)
    return { ...group, ...defaultsOf(declared), ...group, ...Object.fromEntries(fixed.map(([name, option]) => [name, option.default])) }
  }
}
