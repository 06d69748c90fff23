import { check, DownhillError } from './errors.ts'
import { Bits, Numbers } from './formulas.ts'
import { rules } from './generated/kernels.ts'
import { Optimizer, type ParameterState, type Params, type StateTensor } from './optimizer.ts'
import { torchKey } from './options.ts'
import type { AnyRule } from './rule.ts'
import { type Member, type Run, SPAN_BYTES, together, writeSpans } from './runs.ts'
import { sameShape, showShape } from './shape.ts'
import { bytesPerElement, type Parameter } from './tensor.ts'

export type { Params } from './optimizer.ts'

/** Twelve numbers of either type. */
const UNIFORM_BYTES = 128

/** An optimizer that is a rule over the one sweep. Stepping allocates nothing once every parameter has its state. */
export abstract class ElementwiseOptimizer<O extends object> extends Optimizer<O> {
  readonly #rule: AnyRule
  readonly #flags: Bits<O>
  readonly #needs: Bits<O>
  readonly #keys: readonly string[]
  readonly #initial: readonly ((o: O, defaults: O) => number)[]
  readonly #uniforms: Numbers<O>
  #members: Member[][] = []
  #runs: Run[] = []
  /** Slots each group needed when the plan was made. */
  #planned: number[] = []
  /** The uniforms, and behind them the span tables. */
  #work = 0
  #workBytes = 0
  #blocks: number[] = []

  constructor(rule: AnyRule, params: Params<O>, options: Partial<O>) {
    super(rule, params, options)
    this.#rule = rule
    const names = rules[rule.kernel]
    this.#flags = new Bits(names.flags.map((name) => rule.flags[name]!))
    this.#needs = new Bits(names.state.map((name) => rule.state[name]!))
    this.#keys = names.state.map((name) => torchKey(name))
    this.#initial = names.state.map((name) => rule.initial?.[name] ?? (() => 0))
    this.#uniforms = new Numbers(names.uniforms.map((name) => rule.uniforms[name]!))
    this.groupsChanged()
    if (this.#rule.eager) this.#createStates(this.#members.flat())
  }

  override get stateBytes(): number {
    let bytes = 0
    for (const [g, members] of this.#members.entries()) {
      const needed = this.#needs.of(this.paramGroups[g] as O)
      for (const { parameter } of members) {
        for (let slot = 0; slot < this.#keys.length; slot++) if (needed & (1 << slot)) bytes += parameter.bytes
      }
    }
    return bytes
  }

  override step(closure?: () => number): number | undefined {
    this.assertAlive()
    const loss = closure?.()
    if (!this.#isPlanned()) this.#plan()
    const { f32, f64 } = this.arena
    const work = this.#work
    for (let r = 0; r < this.#runs.length; r++) {
      const run = this.#runs[r]!
      const options = this.paramGroups[run.group] as O
      const t = ++run.clock.t
      const table = run.dtype === 'float32' ? f32 : f64
      const first = run.dtype === 'float32' ? work / 4 : work / 8
      this.#uniforms.write(table, first, options, t)
      run.kernels[this.#flags.of(options)]!(run.table, run.count, work)
    }
    return loss
  }

  protected override groupsChanged(): void {
    this.#members = this.paramGroups.map(
      (group, g) =>
        this.#members[g] ??
        group.params.map((parameter) => ({
          parameter,
          group: g,
          slots: this.#keys.map(() => 0),
          live: 0,
          clock: { t: 0 },
          planned: false,
        })),
    )
    this.#planned = []
  }

  #isPlanned(): boolean {
    if (this.#planned.length !== this.#members.length) return false
    for (let g = 0; g < this.#members.length; g++) {
      if (this.#needs.of(this.paramGroups[g] as O) !== this.#planned[g]) return false
      const members = this.#members[g]!
      for (let m = 0; m < members.length; m++) {
        const member = members[m]!
        if (member.parameter.hasGrad !== member.planned) return false
      }
    }
    return true
  }

  /** Decides which parameters are stepped together, and writes their span tables. */
  #plan(): void {
    const present = this.#members.map((members) => members.filter(({ parameter }) => parameter.hasGrad))
    this.#reserveWork()
    this.#createStates(present.flat())
    this.#runs = present.flatMap((members) => together(members, this.#rule.uncounted === true))
    let table = this.#work + UNIFORM_BYTES
    for (const run of this.#runs) {
      for (const member of run.members) member.clock = run.clock
      run.kernels = this.arena.kernels.rule(this.#rule.kernel, run.dtype)
      run.table = table
      run.count = writeSpans(this.arena.u32, table, run.members)
      table += run.count * SPAN_BYTES
    }
    for (const [g, members] of this.#members.entries()) {
      for (const member of members) member.planned = member.parameter.hasGrad
      this.#planned[g] = this.#needs.of(this.paramGroups[g] as O)
    }
  }

  #reserveWork(): void {
    const needed = UNIFORM_BYTES + this.#members.flat().length * SPAN_BYTES
    if (needed <= this.#workBytes) return
    const work = this.arena.heap.allocate(needed, 'work')
    if (this.#work) this.arena.heap.free(this.#work)
    this.#work = work
    this.#workBytes = needed
  }

  /** Gives members the state they need and do not have: one block of memory, slot after slot, so that neighbours stay neighbours. */
  #createStates(members: readonly Member[]): void {
    const wanted = members.map((member) => {
      const options = this.paramGroups[member.group] as O
      return { member, options, missing: this.#needs.of(options) & ~member.live }
    })
    for (const { member, missing } of wanted) this.#checkNotLate(member.live, missing, 'step')
    this.#allocateSlots(wanted)
    for (const { member, options, missing } of wanted) {
      if (!missing) continue
      const { parameter, slots } = member
      for (let slot = 0; slot < slots.length; slot++) {
        if (!(missing & (1 << slot))) continue
        const whole = this.arena.view(parameter.dtype, slots[slot]!, parameter.bytes / bytesPerElement[parameter.dtype])
        whole.fill(this.#initial[slot]!(options, this.defaults))
      }
      member.live |= missing
      member.clock = { t: 0 }
    }
  }

  /** torch makes all state at a parameter's first step, and fails later if an option then needs more. */
  #checkNotLate(live: number, missing: number, during: string): void {
    const late = this.#keys.findIndex((_, slot) => missing & (1 << slot))
    check(
      late < 0 || live === 0,
      'state-mismatch',
      () => `${this.#rule.name}.${during}: the options need ${this.#keys[late]}, and the state there is was made without it`,
    )
  }

  #allocateSlots(wanted: readonly { member: Member; missing: number }[]): void {
    const places: { member: Member; slot: number }[] = []
    for (let slot = 0; slot < this.#keys.length; slot++) {
      for (const { member, missing } of wanted) if (missing & (1 << slot) && !member.slots[slot]) places.push({ member, slot })
    }
    if (!places.length) return
    const bytes = places.reduce((sum, { member }) => sum + member.parameter.bytes, 0)
    let address = this.arena.heap.allocate(bytes, 'state')
    this.#blocks.push(address)
    for (const { member, slot } of places) {
      member.slots[slot] = address
      address += member.parameter.bytes
    }
  }

  protected override readState(parameter: Parameter): ParameterState | undefined {
    const member = this.#members.flat().find((candidate) => candidate.parameter === parameter)!
    if (!member.live) return undefined
    const state: ParameterState = this.#rule.uncounted ? {} : { step: member.clock.t }
    for (const [slot, key] of this.#keys.entries()) {
      if (!(member.live & (1 << slot))) continue
      const data = this.arena.view(parameter.dtype, member.slots[slot]!, parameter.size).slice()
      state[key] = { dtype: parameter.dtype, shape: parameter.shape, data }
    }
    return state
  }

  protected override prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): () => void {
    const members = this.#members.flat()
    const found = states.map((state, i) => state && this.#checkedState(state, members[i]!.parameter, i))
    const wanted = members.map((member, i) => ({ member, missing: found[i]?.live ?? 0 }))
    for (const { member, missing } of wanted) {
      this.#checkNotLate(missing, this.#needs.of(groups[member.group]!) & ~missing, 'loadStateDict')
    }
    this.#allocateSlots(wanted)
    return () => {
      for (const [i, member] of members.entries()) {
        const state = found[i]
        member.live = state?.live ?? 0
        member.clock = { t: state?.t ?? 0 }
        for (const [slot, tensor] of state?.tensors ?? []) {
          this.arena.view(member.parameter.dtype, member.slots[slot]!, member.parameter.size).set(tensor.data)
        }
      }
      this.#planned = []
    }
  }

  #checkedState(state: ParameterState, parameter: Parameter, index: number) {
    const fail = (why: string) =>
      new DownhillError('state-mismatch', `${this.#rule.name}.loadStateDict: the state of parameter ${index} ${why}`)
    const tensors: [number, StateTensor][] = []
    let live = 0
    let t = this.#rule.uncounted ? 1 : Number.NaN
    for (const [key, value] of Object.entries(state)) {
      const slot = this.#keys.indexOf(key)
      if (key === 'step' && !this.#rule.uncounted) {
        t = typeof value === 'number' ? value : (value.data[0] ?? Number.NaN)
        if (!Number.isSafeInteger(t) || t < 0) throw fail(`has the step ${t}`)
      } else if (slot < 0) {
        throw fail(`has a key ${key}, which is none of ${['step', ...this.#keys].join(', ')}`)
      } else {
        const tensor = value as StateTensor
        if (!tensor?.shape || !sameShape(tensor.shape, parameter.shape) || tensor.data?.length !== parameter.size) {
          throw fail(`has ${key} of shape ${showShape(tensor?.shape ?? [])}, and the parameter is ${showShape(parameter.shape)}`)
        }
        tensors.push([slot, tensor])
        live |= 1 << slot
      }
    }
    if (Number.isNaN(t)) throw fail('has no step')
    return { live, t, tensors }
  }

  protected override release(): void {
    for (const block of this.#blocks) this.arena.heap.free(block)
    if (this.#work) this.arena.heap.free(this.#work)
  }
}
