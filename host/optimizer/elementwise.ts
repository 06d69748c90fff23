import { DownhillError } from '../errors.ts'
import { rules } from '../generated/kernels.ts'
import { padded } from '../heap.ts'
import { torchKey } from '../options.ts'
import type { Reserve } from '../prepared.ts'
import { gather, scatter } from '../sparse.ts'
import { bytesPerElement, type Parameter } from '../tensor.ts'
import { Bits, Numbers } from './formulas.ts'
import type { Params } from './groups.ts'
import { type Member, MemberOptimizer, type StateLayout } from './members.ts'
import type { AnyRule } from './rule.ts'
import { type Run, SPAN_BYTES, together, writeConsecutive, writeSpans } from './runs.ts'
import type { ParameterState } from './state-dict.ts'

/** Twelve numbers of either type. */
const UNIFORM_BYTES = 128

/** What the plan knows of a parameter's gradient. */
const ABSENT = 0
const DENSE = 1
const SPARSE = 2

function kindOf({ parameter }: Member): number {
  return parameter.hasGrad ? (parameter.sparseGrad ? SPARSE : DENSE) : ABSENT
}

/** An optimizer that is a rule over the one sweep. Stepping allocates nothing once every parameter has its state. */
export abstract class ElementwiseOptimizer<O extends object> extends MemberOptimizer<O> {
  protected override readonly layout: StateLayout<O>
  readonly #rule: AnyRule
  readonly #flags: Bits<O>
  readonly #needs: Bits<O>
  readonly #uniforms: Numbers<O>
  #runs: Run[] = []
  /** Slots each group needed, and the gradients its members had, when the plan was made. */
  #planned: { needs: number; kinds: number[] }[] = []
  /** The uniforms, and behind them the span tables. */
  #work = 0
  #workBytes = 0
  /** Rows of a sparse gradient with their parameters and states, gathered. */
  #rows = 0
  #rowsBytes = 0

  constructor(rule: AnyRule, params: Params<O>, options: Partial<O>) {
    super(rule, params, options)
    const names = rules[rule.kernel]
    this.#rule = rule
    this.#flags = new Bits(names.flags.map((name) => rule.flags[name]!))
    this.#needs = new Bits(names.state.map((name) => rule.state[name]!))
    this.#uniforms = new Numbers(names.uniforms.map((name) => rule.uniforms[name]!))
    const numbers = Object.entries(rule.scalars ?? {}).map(([name, initial]) => ({ key: torchKey(name), name, initial }))
    this.layout = {
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

  protected override update(closure: (() => number) | undefined): number | undefined {
    const loss = closure?.()
    if (!this.#isPlanned()) this.#plan()
    const { advance, settle } = this.#rule
    for (let r = 0; r < this.#runs.length; r++) {
      const run = this.#runs[r]!
      const options = this.paramGroups[run.group] as O
      run.clock.t++
      advance?.(options, run.clock)
      if (run.sparse) this.#stepRows(run, options)
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
    run.kernels[this.#flags.of(options, clock)]!(run.table, run.count, this.#work)
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

  /** Decides which parameters are stepped together, and writes their span tables. */
  #plan(): void {
    const present = this.members.map((members) => members.filter(({ parameter }) => parameter.hasGrad))
    for (const member of present.flat()) this.#checkKind(member)
    for (const { parameter, group } of present.flat()) if (this.#wantsDense(parameter, group)) parameter.densifyGrad()
    this.#reserveWork()
    this.createStates(present.flat())
    this.#runs = present.flatMap((members) => together(members, this.#rule.uncounted === true, (member) => this.#takesRows(member)))
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

  /** Whether a sparse gradient is to be made dense, because a momentum moves every row anyway. */
  #wantsDense({ sparseGrad }: Parameter, group: number): boolean {
    const { sparse } = this.#rule
    return sparseGrad !== null && typeof sparse === 'function' && sparse(this.paramGroups[group]) === 'dense'
  }

  /** Refuses gradients the rule has no form for. */
  #checkKind(member: Member): void {
    const { name, sparse } = this.#rule
    const refuse = (why: string) => new DownhillError('params-invalid', `${name} ${why}`)
    const kind = kindOf(member)
    if (kind === DENSE && sparse === 'only') throw refuse('takes sparse gradients only; Adam takes the others')
    if (kind !== SPARSE || sparse === 'only') return
    if (!sparse) throw refuse('does not take sparse gradients')
    const form = sparse(this.paramGroups[member.group])
    if (form === 'refused') throw refuse('does not take sparse gradients together with weightDecay')
  }

  #takesRows(member: Member): boolean {
    const { sparse } = this.#rule
    if (kindOf(member) !== SPARSE || !sparse) return false
    return sparse === 'only' || sparse(this.paramGroups[member.group]) === 'rows'
  }

  #reserveWork(): void {
    const needed = UNIFORM_BYTES + this.members.flat().length * SPAN_BYTES
    if (needed <= this.#workBytes) return
    const work = this.arena.heap.allocate(needed, 'work')
    if (this.#work) this.arena.heap.free(this.#work)
    this.#work = work
    this.#workBytes = needed
  }

  /** Gathers the rows that have a gradient, with parameter and states, steps them, and puts them back. */
  #stepRows(run: Run, options: O): void {
    const { parameter, slots } = run.members[0]!
    const rows = parameter.sparseGrad!
    if (!rows.values.length) return
    const { dtype } = parameter
    const bytes = padded(rows.values.length * bytesPerElement[dtype])
    this.#reserveRows(bytes * (2 + slots.length))
    const gathered = (i: number) => this.arena.view(dtype, this.#rows + i * bytes, rows.values.length)
    const arrays = slots.map((address) => this.arena.view(dtype, address, parameter.size))
    gather(rows, parameter.data, gathered(0))
    gathered(1).set(rows.values)
    for (const [i, array] of arrays.entries()) gather(rows, array, gathered(2 + i))
    writeConsecutive(this.arena.u32, run.table, bytes, this.#rows)
    this.#call(run, options)
    scatter({ ...rows, values: gathered(0) }, parameter.data)
    for (const [i, array] of arrays.entries()) scatter({ ...rows, values: gathered(2 + i) }, array)
  }

  #reserveRows(bytes: number): void {
    if (bytes <= this.#rowsBytes) return
    const rows = this.arena.heap.allocate(bytes, 'work')
    if (this.#rows) this.arena.heap.free(this.#rows)
    this.#rows = rows
    this.#rowsBytes = bytes
  }

  protected override prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly O[]): Reserve {
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
    for (const block of [this.#work, this.#rows]) if (block) this.arena.heap.free(block)
  }
}

/** What state a parameter needs depends on the options alone. */
const NO_CLOCK = { t: 0 }
