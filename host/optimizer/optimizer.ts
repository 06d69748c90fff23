import type { Arena } from '../memory/arena.ts'
import { dispose } from '../memory/dispose.ts'
import { hideFields } from '../memory/fields.ts'
import type { Parameter } from '../memory/tensor.ts'
import { checkRange, DownhillError } from '../validation/errors.ts'
import type { Reserve } from '../validation/prepared.ts'
import {
  checkedDefaults,
  checkedGroups,
  checkedStateDict,
  type Declaration,
  type GroupInit,
  groupsOf,
  type ParamGroup,
  type Params,
  replaceOptions,
  savedGroup,
} from './groups.ts'
import { Hooks } from './hooks.ts'
import { copied, type OptimizerStateDict, type ParameterState, type Take } from './state-dict.ts'

/** An optimizer with any options. */
// biome-ignore lint/suspicious/noExplicitAny: any options
export type AnyOptimizer = Optimizer<any>

/** Removes the hook whose registration returned it. */
export type Remove = () => void

const beforeAnyStep = new Hooks<[AnyOptimizer]>()
const afterAnyStep = new Hooks<[AnyOptimizer]>()

/** Calls a function before each step of every optimizer. Returns a function that removes it. */
export function registerOptimizerStepPreHook(hook: (optimizer: AnyOptimizer) => void): Remove {
  return beforeAnyStep.add(hook)
}

/** Calls a function after each step of every optimizer. Returns a function that removes it. */
export function registerOptimizerStepPostHook(hook: (optimizer: AnyOptimizer) => void): Remove {
  return afterAnyStep.add(hook)
}

/**
 * The base class of all optimizers: groups, gradients, hooks and state dicts.
 *
 * @example
 * const [w, b] = [arena.parameter([2, 2]), arena.parameter([2])]
 * const optimizer = new downhill.Adam([{ params: [w] }, { params: [b], lr: 0.1 }], { lr: 0.01 })
 * const remove = optimizer.registerStepPreHook(({ paramGroups }) => (paramGroups[0].lr *= 0.5))
 * w.grad = [1, 2, 3, 4]
 * optimizer.step()
 * remove()
 * optimizer.lr(0) // 0.005
 * const saved = optimizer.stateDict()
 * Object.keys(saved.state[0]) // ["step","exp_avg","exp_avg_sq"]
 * optimizer.loadStateDict(saved)
 */
export abstract class Optimizer<O extends object> {
  readonly paramGroups: ParamGroup<O>[] = []
  /** Options of groups that do not set their own. */
  readonly defaults: O
  readonly arena: Arena
  protected readonly declaration: Declaration<O>
  readonly #beforeStep = new Hooks<[AnyOptimizer]>()
  readonly #afterStep = new Hooks<[AnyOptimizer]>()
  readonly #beforeSave = new Hooks<[AnyOptimizer]>()
  readonly #afterSave = new Hooks<[AnyOptimizer, OptimizerStateDict], OptimizerStateDict | undefined>()
  readonly #beforeLoad = new Hooks<[AnyOptimizer, OptimizerStateDict], OptimizerStateDict | undefined>()
  readonly #afterLoad = new Hooks<[AnyOptimizer]>()
  #disposed = false

  /** @internal */
  constructor(declaration: Declaration<O>, params: Params<O>, options: Partial<O>) {
    this.declaration = declaration
    this.defaults = checkedDefaults(declaration, options)
    this.paramGroups = this.checkGroups(groupsOf(declaration.name, params))
    this.arena = this.paramGroups[0]!.params[0]!.arena
    for (const parameter of this.parameters()) parameter.reserveGrad()
    hideFields(this, ['declaration', 'arena'])
  }

  /**
   * Takes one step with the current gradients. With a closure, evaluates it once first and returns its value.
   *
   * @throws before anything changes: `disposed`, `out-of-memory` at a first step, `state-mismatch` if an option needs state that the
   * first step did not create, `option-range` if the closure is not a function or does not return a number
   */
  step(closure?: () => number): number | undefined {
    this.assertAlive()
    if (beforeAnyStep.size || this.#beforeStep.size) {
      beforeAnyStep.run(this)
      this.#beforeStep.run(this)
      this.assertAlive()
    }
    const loss = this.update(closure === undefined ? undefined : () => this.#evaluated(closure))
    if (this.#afterStep.size) this.#afterStep.run(this)
    if (afterAnyStep.size) afterAnyStep.run(this)
    return loss
  }

  /** Returns the closure's loss. Throws if it is not a number, or if the closure disposed the optimizer. */
  #evaluated(closure: () => number): number {
    checkRange(typeof closure === 'function', this.className, "step's closure", 'a function', closure)
    const loss = closure()
    checkRange(typeof loss === 'number', this.className, "the closure's loss", 'a number', loss)
    this.assertAlive()
    return loss
  }

  /** Evaluates the closure, if there is one, and updates the parameters. */
  protected abstract update(closure: (() => number) | undefined): number | undefined

  /** Bytes of state that the optimizer uses once every parameter has had a gradient. */
  abstract get stateBytes(): number

  /** @internal Returns a parameter's state, undefined before its first step. `take` receives each live array. */
  abstract readState(parameter: Parameter, take: Take): ParameterState | undefined

  /** @internal Checks the states of all parameters; undefined for a parameter without state. */
  abstract prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): Reserve

  /** Frees the state's memory. */
  protected abstract release(): void

  /** Runs after groups were added. */
  protected groupsChanged(): void {}

  /** Checks groups and completes their options. Optimizers with further requirements override it. */
  protected checkGroups(groups: readonly GroupInit<O>[]): ParamGroup<O>[] {
    return checkedGroups(this.declaration, this.defaults, this.paramGroups, groups)
  }

  /** @internal The class name in torch, which minifiers do not change. */
  get className(): string {
    return this.declaration.name
  }

  /** Returns the class and the number of groups, as a string. */
  toString(): string {
    return `${this.className}(${this.paramGroups.length} groups)`
  }

  /** Returns all parameters, group by group. */
  parameters(): Parameter[] {
    return this.paramGroups.flatMap((group) => group.params)
  }

  /** Returns the current learning rate of a group. */
  lr(group = 0): number {
    const found = this.paramGroups[group] as { lr: number } | undefined
    checkRange(
      found !== undefined && Number.isInteger(group),
      this.className,
      'group',
      `an integer in [0, ${this.paramGroups.length})`,
      group,
    )
    return found.lr
  }

  /**
   * Adds a group. Its parameters start at step 1, whatever the step of the others.
   *
   * @throws `option-unknown`, `option-range`, `params-empty`, `params-invalid`
   */
  addParamGroup(group: GroupInit<O>): void {
    this.assertAlive()
    const [checked] = this.checkGroups([group])
    for (const parameter of checked!.params) parameter.reserveGrad()
    this.paramGroups.push(checked!)
    this.groupsChanged()
  }

  /** Removes all gradients. With `setToNone` false, fills them with zeros instead: the next step then still counts and decays. */
  zeroGrad(setToNone = true): void {
    for (let g = 0; g < this.paramGroups.length; g++) {
      const { params } = this.paramGroups[g]!
      for (let i = 0; i < params.length; i++) {
        if (setToNone) params[i]!.grad = null
        else params[i]!.zeroGrad()
      }
    }
  }

  /** Returns a copy of the state and options, in the structure of torch's `state_dict()`. */
  stateDict(): OptimizerStateDict {
    return this.stateDictOf(copied)
  }

  /** @internal Returns the state dict with live arrays, for a caller that copies them at once. Hooks get copies, because they may keep them. */
  liveStateDict(): OptimizerStateDict {
    return this.stateDictOf(this.#afterSave.size ? copied : (live) => live)
  }

  private stateDictOf(take: Take): OptimizerStateDict {
    this.assertAlive()
    this.#beforeSave.run(this)
    const state: Record<string, ParameterState> = {}
    let index = 0
    const groups = this.paramGroups.map((group) => {
      const params = group.params.map((parameter) => {
        const own = this.readState(parameter, take)
        if (own) state[index] = own
        return index++
      })
      return { ...savedGroup(this.declaration.options, group), params }
    })
    return this.#afterSave.through({ state, param_groups: groups }, (dict) => [this, dict])
  }

  /**
   * Loads a copy of the state and options. Parameters are matched by position. Everything is checked before anything changes.
   *
   * @throws `state-mismatch` if groups, keys or shapes differ, `option-range` if an option is outside its range
   */
  loadStateDict(dict: OptimizerStateDict): void {
    this.prepareLoad(dict)()()
  }

  /** @internal */
  prepareLoad(dict: OptimizerStateDict): Reserve {
    this.assertAlive()
    const given = this.#beforeLoad.through(dict, (given) => [this, given])
    const { states, groups } = checkedStateDict(this.declaration, this.paramGroups, given)
    const reserve = this.prepareStates(states, groups as O[])
    return () => {
      const write = reserve()
      return () => {
        for (const [i, group] of groups.entries()) replaceOptions(this.paramGroups[i]!, group)
        write()
        this.#afterLoad.run(this)
      }
    }
  }

  /** Calls a function before each step. */
  registerStepPreHook(hook: (optimizer: this) => void): Remove {
    return this.#beforeStep.add(hook as (optimizer: AnyOptimizer) => void)
  }

  /** Calls a function after each step. */
  registerStepPostHook(hook: (optimizer: this) => void): Remove {
    return this.#afterStep.add(hook as (optimizer: AnyOptimizer) => void)
  }

  /** Calls a function before `stateDict` reads anything. */
  registerStateDictPreHook(hook: (optimizer: this) => void): Remove {
    return this.#beforeSave.add(hook as (optimizer: AnyOptimizer) => void)
  }

  /** Calls a function with the result of `stateDict`. A result other than undefined replaces it. */
  registerStateDictPostHook(hook: (optimizer: this, dict: OptimizerStateDict) => OptimizerStateDict | undefined): Remove {
    return this.#afterSave.add(hook as (optimizer: AnyOptimizer, dict: OptimizerStateDict) => OptimizerStateDict | undefined)
  }

  /** Calls a function with the argument of `loadStateDict`. A result other than undefined replaces it. */
  registerLoadStateDictPreHook(hook: (optimizer: this, dict: OptimizerStateDict) => OptimizerStateDict | undefined): Remove {
    return this.#beforeLoad.add(hook as (optimizer: AnyOptimizer, dict: OptimizerStateDict) => OptimizerStateDict | undefined)
  }

  /** Calls a function after `loadStateDict`. */
  registerLoadStateDictPostHook(hook: (optimizer: this) => void): Remove {
    return this.#afterLoad.add(hook as (optimizer: AnyOptimizer) => void)
  }

  /** Frees the state's memory. A second call has no effect. */
  dispose(): void {
    if (!this.#disposed && !this.arena.disposed) this.release()
    this.#disposed = true
  }

  [dispose](): void {
    this.dispose()
  }

  protected assertAlive(): void {
    if (this.#disposed) throw new DownhillError('disposed', `${this.className}: the optimizer was disposed`)
    this.arena.assertAlive()
  }
}
