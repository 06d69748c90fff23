/** Optimizers that keep several arrays per parameter: their memory and state dicts. */

import { bytesPerElement } from '../memory/dtype.ts'
import { padded } from '../memory/heap.ts'
import { checkNumbers } from '../memory/numbers.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import type { Parameter } from '../memory/tensor.ts'
import { check, checkRange, DownhillError, isObject, shown } from '../validation/errors.ts'
import type { Reserve } from '../validation/prepared.ts'
import { Optimizer } from './optimizer.ts'
import { isStateTensor, type ParameterState, type StateTensor, scalarOf, type Take } from './state-dict.ts'

/** Step count of parameters that are stepped together, and numbers that change with it: NAdam's μ product, ASGD's η. */
export type Clock = { t: number } & Record<string, number>

/** A parameter and its state. */
export interface Member {
  readonly parameter: Parameter
  readonly group: number
  /** Addresses of the state arrays, 0 for missing ones. */
  readonly slots: number[]
  /** Bit i is set if slot i holds state. */
  live: number
  clock: Clock
}

/** One array of a parameter's state. */
export interface Slot<O> {
  /** torch's key. */
  readonly key: string
  readonly shape: (parameter: Parameter) => Shape
  /** Value before the first step, from the options of the group and of the constructor. */
  readonly initial: (options: O, defaults: O) => number
}

/** The arrays and numbers of a parameter's state. */
export interface StateLayout<O> {
  readonly slots: readonly Slot<O>[]
  /** Bit i is set if a parameter needs slot i under these options. */
  readonly needs: (parameter: Parameter, options: O) => number
  /** The clock's numbers, with torch's keys; 't' is the step count. Without 't', only the first step differs from others. */
  readonly numbers: readonly { readonly key: string; readonly name: string; readonly initial: (options: O) => number }[]
}

export abstract class MemberOptimizer<O extends object> extends Optimizer<O> {
  readonly #members: Member[][] = []
  readonly #memberOf = new Map<Parameter, Member>()
  readonly #blocks: number[] = []

  protected abstract get layout(): StateLayout<O>

  /** Parameters with their states, group by group. */
  protected get members(): readonly Member[][] {
    return this.#members
  }

  protected override groupsChanged(): void {
    for (let g = this.members.length; g < this.paramGroups.length; g++) {
      const { slots } = this.layout
      const added = this.paramGroups[g]!.params.map((parameter) => {
        const member = { parameter, group: g, slots: slots.map(() => 0), live: 0, clock: this.#newClock(g) }
        this.#memberOf.set(parameter, member)
        return member
      })
      this.#members.push(added)
    }
  }

  #newClock(group: number): Clock {
    const options = this.paramGroups[group] as O
    return { t: 0, ...Object.fromEntries(this.layout.numbers.map(({ name, initial }) => [name, initial(options)])) } as Clock
  }

  #slotBytes(slot: number, parameter: Parameter): number {
    return padded(Math.max(sizeOf(this.layout.slots[slot]!.shape(parameter)), 1) * bytesPerElement[parameter.dtype])
  }

  override get stateBytes(): number {
    let bytes = 0
    for (const { parameter, group } of this.members.flat()) {
      const needed = this.layout.needs(parameter, this.paramGroups[group] as O)
      for (let slot = 0; needed >> slot; slot++) if (needed & (1 << slot)) bytes += this.#slotBytes(slot, parameter)
    }
    return bytes
  }

  /** Allocates the state that members need and lack, in one block, slot by slot, so that states of adjacent parameters are adjacent. */
  protected createStates(members: readonly Member[]): void {
    const wanted = members.map((member) => {
      const options = this.paramGroups[member.group] as O
      return { member, options, missing: this.layout.needs(member.parameter, options) & ~member.live }
    })
    for (const { member, missing } of wanted) this.#checkNotLate(member.live, missing, 'step')
    this.#allocate(wanted)
    for (const { member, options, missing } of wanted) {
      if (!missing) continue
      for (let slot = 0; missing >> slot; slot++) {
        if (!(missing & (1 << slot))) continue
        const { dtype } = member.parameter
        const size = this.#slotBytes(slot, member.parameter) / bytesPerElement[dtype]
        this.arena.view(dtype, member.slots[slot]!, size).fill(this.layout.slots[slot]!.initial(options, this.defaults))
      }
      member.live |= missing
      member.clock = this.#newClock(member.group)
    }
  }

  /** Throws if an option needs state that the first step did not allocate, as torch does. */
  #checkNotLate(live: number, missing: number, during: string): void {
    const late = this.layout.slots.findIndex((_, slot) => missing & (1 << slot))
    check(late < 0 || live === 0, 'state-mismatch', () => `${this.className}.${during}: the state lacks ${this.layout.slots[late]!.key}`)
  }

  #allocate(wanted: readonly { readonly member: Member; readonly missing: number }[]): void {
    const places: { readonly member: Member; readonly slot: number; readonly bytes: number }[] = []
    for (let slot = 0; slot < this.layout.slots.length; slot++) {
      for (const { member, missing } of wanted) {
        if (missing & (1 << slot) && !member.slots[slot]) places.push({ member, slot, bytes: this.#slotBytes(slot, member.parameter) })
      }
    }
    if (!places.length) return
    let address = this.arena.heap.allocate(
      places.reduce((sum, { bytes }) => sum + bytes, 0),
      'state',
    )
    this.#blocks.push(address)
    for (const { member, slot, bytes } of places) {
      member.slots[slot] = address
      address += bytes
    }
  }

  /** @internal */
  override readState(parameter: Parameter, take: Take): ParameterState | undefined {
    const member = this.#memberOf.get(parameter)!
    if (!member.live) return undefined
    const state: ParameterState = {}
    for (const { key, name } of this.layout.numbers) state[key] = member.clock[name]!
    for (const [slot, { key, shape }] of this.layout.slots.entries()) {
      if (!(member.live & (1 << slot))) continue
      const own = shape(parameter)
      state[key] = { dtype: parameter.dtype, shape: own, data: take(this.arena.view(parameter.dtype, member.slots[slot]!, sizeOf(own))) }
    }
    return state
  }

  /** @internal */
  override prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): Reserve {
    const members = this.members.flat()
    const found = states.map((state, i) => {
      const isEmpty = state === undefined || (isObject(state) && !Object.keys(state).length)
      return isEmpty ? undefined : this.#checked(state, members[i]!.parameter, i)
    })
    const wanted = members.map((member, i) => ({ member, missing: found[i]?.live ?? 0 }))
    for (const { member, missing: live } of wanted) {
      this.#checkNotLate(live, this.layout.needs(member.parameter, groups[member.group]!) & ~live, 'loadStateDict')
    }
    return () => {
      this.#allocate(wanted)
      return () => {
        for (const [i, member] of members.entries()) {
          const state = found[i]
          member.live = state?.live ?? 0
          member.clock = { ...this.#newClock(member.group), t: member.live ? 1 : 0, ...state?.numbers }
          for (const [slot, { data }] of state?.tensors ?? []) {
            this.arena.view(member.parameter.dtype, member.slots[slot]!, data.length).set(data)
          }
        }
      }
    }
  }

  #checked(state: ParameterState, parameter: Parameter, index: number) {
    const { slots, numbers } = this.layout
    const by = `${this.declaration.name}.loadStateDict`
    const fail = (why: string) => new DownhillError('state-mismatch', `${by}: parameter ${index} ${why}`)
    checkRange(isObject(state), by, `state of parameter ${index}`, 'an object', state, 'state-mismatch')
    const tensors: [number, StateTensor][] = []
    const scalars: Record<string, number> = {}
    let live = 0
    for (const [key, value] of Object.entries(state)) {
      const slot = slots.findIndex((candidate) => candidate.key === key)
      const number = numbers.find((candidate) => candidate.key === key)
      if (number) {
        const scalar = scalarOf(value)
        if (typeof scalar !== 'number' || Number.isNaN(scalar) || (number.name === 't' && !(Number.isSafeInteger(scalar) && scalar >= 0))) {
          throw fail(`has an invalid ${key}: ${shown(scalar)}`)
        }
        scalars[number.name] = scalar
      } else if (slot < 0) {
        throw fail(`has an unknown key ${shown(key)}`)
      } else {
        const shape = slots[slot]!.shape(parameter)
        if (!isStateTensor(value) || !Array.isArray(value.shape) || !sameShape(value.shape, shape)) {
          throw fail(`must have shape ${showShape(shape)} for ${key}, got ${shown((value as StateTensor | null)?.shape ?? value)}`)
        }
        checkNumbers(by, `${key} of parameter ${index}`, shape, value.data, 'state-mismatch')
        tensors.push([slot, value])
        live |= 1 << slot
      }
    }
    const absent = numbers.find(({ name }) => !(name in scalars))
    if (absent) throw fail(`lacks ${absent.key}`)
    return { live, numbers: scalars, tensors }
  }

  protected override release(): void {
    for (const block of this.#blocks) this.arena.heap.free(block)
  }
}
