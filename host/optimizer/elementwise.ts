import { check } from '../validation/errors.ts'
import { torchKey } from '../validation/options.ts'
import type { Reserve } from '../validation/prepared.ts'
import { Bits, Numbers } from './formulas.ts'
import type { Params } from './groups.ts'
import { type Member, MemberOptimizer, type StateLayout } from './members.ts'
import type { Rows } from './rows.ts'
import type { AnyRule } from './rule.ts'
import { type Run, SPAN_BYTES, together, writeSpans } from './runs.ts'
import type { ParameterState } from './state-dict.ts'

/** Bytes of twelve numbers of either dtype. */
const UNIFORM_BYTES = 128

/** The gradient of a parameter as the plan records it: 0 for none, 1 for dense, 2 for sparse. */
function kindOf({ parameter }: Member): number {
  return Number(parameter.hasGrad) + Number(parameter.sparseGrad !== null)
}

/** An optimizer that applies a rule with the elementwise loop. Steps allocate nothing once every parameter has its state. */
export abstract class ElementwiseOptimizer<O extends object> extends MemberOptimizer<O> {
  readonly #layout: StateLayout<O>
  readonly #rule: AnyRule
  readonly #flags: Bits<O>
  readonly #needs: Bits<O>
  readonly #uniforms: Numbers<O>
  #runs: Run[] = []
  /** State slots each group needed, and the gradients its members had, when the plan was made. */
  #planned: { needs: number; kinds: number[] }[] = []
  /** Address of the uniforms, followed by the span tables. */
  #work = 0
  #workBytes = 0
  readonly #rows: Rows | undefined

  constructor(rule: AnyRule, params: Params<O>, options: Partial<O>) {
    super(rule, params, options)
    const names = rule.kernel
    this.#rule = rule
    this.#rows = rule.rows && new rule.rows(rule)
    this.#flags = new Bits(names.flags.map((name) => rule.flags[name]!))
    this.#needs = new Bits(names.state.map((name) => rule.state[name]!))
    this.#uniforms = new Numbers(names.uniforms.map((name) => rule.uniforms[name]!))
    const numbers = Object.entries(rule.scalars ?? {}).map(([name, initial]) => ({ key: torchKey(name), name, initial }))
    this.#layout = {
      slots: names.state.map((name) => ({
        key: torchKey(name),
        shape: ({ shape }) => shape,
        initial: rule.initial?.[name] ?? (() => 0),
      })),
      needs: (_, o) => this.#needs.of(o, NO_CLOCK),
      numbers: rule.uncounted ? numbers : [{ key: 'step', name: 't', initial: () => 0 }, ...numbers],
    }
    this.groupsChanged()
    if (rule.eager) this.createStates(this.members.flat())
  }

  protected override get layout(): StateLayout<O> {
    return this.#layout
  }

  protected override update(closure: (() => number) | undefined): number | undefined {
    const loss = closure?.()
    if (!this.#isPlanned()) this.#plan()
    const { advance, settle } = this.#rule
    for (let r = 0; r < this.#runs.length; r++) {
      const run = this.#runs[r]!
      const options = this.paramGroups[run.group] as O
      run.clock.t++
      advance?.(options, run.clock)
      if (run.sparse) this.#rows!.step(run, () => this.#call(run, options))
      else this.#call(run, options)
      settle?.(options, run.clock)
    }
    return loss
  }

  #call(run: Run, options: O): void {
    const { clock, dtype } = run
    const { f32, f64 } = this.arena
    if (dtype === 'float32') this.#uniforms.write(f32, this.#work / 4, options, clock)
    else this.#uniforms.write(f64, this.#work / 8, options, clock)
    const { maximize } = options as { maximize?: boolean }
    if (maximize) this.#negateGradients(run)
    run.kernels[this.#flags.of(options, clock)]!(run.table, run.count, this.#work)
    if (maximize) this.#negateGradients(run)
  }

  /** Negates the gradients. Kernels descend; to maximize, the gradients are negated before the step and restored after it. */
  #negateGradients({ dtype, table, count }: Run): void {
    const { u32, kernels } = this.arena
    for (let at = table / 4; at < (table + count * SPAN_BYTES) / 4; at += SPAN_BYTES / 4) {
      const [bytes, gradient] = [u32[at]!, u32[at + 2]!]
      kernels[dtype].scale(bytes, gradient, gradient, -1)
    }
  }

  #isPlanned(): boolean {
    if (this.#planned.length !== this.members.length) return false
    for (let g = 0; g < this.members.length; g++) {
      const { needs, kinds } = this.#planned[g]!
      if (this.#needs.of(this.paramGroups[g] as O, NO_CLOCK) !== needs) return false
      const members = this.members[g]!
      for (let m = 0; m < members.length; m++) if (kindOf(members[m]!) !== kinds[m]) return false
    }
    return true
  }

  /** Decides which parameters to step together, and writes their span tables. */
  #plan(): void {
    const present = this.members.map((members) => members.filter(({ parameter }) => parameter.hasGrad))
    for (const { parameter, group } of present.flat()) {
      const isTaken = this.#rows !== undefined || !parameter.sparseGrad
      check(isTaken, 'params-invalid', `${this.#rule.name} does not take sparse gradients`)
      this.#rows?.check(parameter, this.paramGroups[group]!)
    }
    for (const { parameter, group } of present.flat()) this.#rows?.densify(parameter, this.paramGroups[group]!)
    this.#reserveWork()
    this.createStates(present.flat())
    this.#runs = present.flatMap((members) => together(members, this.#rule.uncounted === true))
    let table = this.#work + UNIFORM_BYTES
    for (const run of this.#runs) {
      for (const member of run.members) member.clock = run.clock
      run.kernels = this.arena.kernels.rule(this.#rule.kernel, run.dtype)
      run.table = table
      run.count = run.sparse ? 1 : writeSpans(this.arena.u32, table, run.members)
      table += run.count * SPAN_BYTES
    }
    this.#planned = this.members.map((members, g) => ({
      needs: this.#needs.of(this.paramGroups[g] as O, NO_CLOCK),
      kinds: members.map(kindOf),
    }))
  }

  #reserveWork(): void {
    const needed = UNIFORM_BYTES + this.members.flat().length * SPAN_BYTES
    if (needed <= this.#workBytes) return
    const work = this.arena.heap.allocate(needed, 'work')
    if (this.#work) this.arena.heap.free(this.#work)
    this.#work = work
    this.#workBytes = needed
  }

  /** @internal */
  override prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): Reserve {
    const reserve = super.prepareStates(states, groups)
    return () => {
      const write = reserve()
      return () => {
        write()
        this.#planned = []
      }
    }
  }

  protected override release(): void {
    super.release()
    if (this.#work) this.arena.heap.free(this.#work)
    this.#rows?.release(this.arena)
  }
}

/** The state that a parameter needs depends on the options only. */
const NO_CLOCK = { t: 0 }
