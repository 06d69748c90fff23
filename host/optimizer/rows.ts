/** Steps for sparse gradients, on the rows that have one. Rules that take sparse gradients import this file. */
import type { Arena } from '../memory/arena.ts'
import { densifyGrad } from '../memory/densify.ts'
import { bytesPerElement } from '../memory/dtype.ts'
import { padded } from '../memory/heap.ts'
import { gather, scatter } from '../memory/sparse.ts'
import type { Parameter } from '../memory/tensor.ts'
import { DownhillError } from '../validation/errors.ts'
import { type Run, writeConsecutive } from './runs.ts'

/** How an optimizer takes a sparse gradient: by its rows, as a dense one, or not at all. */
export type SparseForm = 'rows' | 'dense' | 'refused'

/** The part of a rule that concerns sparse gradients. */
export interface SparseRule {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: the options of any rule
  readonly sparse?: 'only' | ((o: any) => SparseForm)
}

export class Rows {
  readonly #rule: SparseRule
  /** Address of the gathered rows: parameter, gradient and states. */
  #rows = 0
  #bytes = 0

  constructor(rule: SparseRule) {
    this.#rule = rule
  }

  /** Throws if the rule does not support the gradient's form. */
  check({ sparseGrad }: Parameter, options: object): void {
    const { name, sparse } = this.#rule
    const refuse = (why: string) => new DownhillError('params-invalid', `${name} ${why}`)
    if (sparse === 'only') {
      if (!sparseGrad) throw refuse('takes sparse gradients only; use Adam for dense ones')
    } else if (sparseGrad && sparse!(options) === 'refused') throw refuse('does not take sparse gradients together with weightDecay')
  }

  /** Makes a gradient dense if a momentum moves every row anyway. */
  densify(parameter: Parameter, options: object): void {
    const { sparse } = this.#rule
    if (sparse !== 'only' && sparse!(options) === 'dense') densifyGrad(parameter)
  }

  /** Gathers the rows that have a gradient, with parameter and states, steps them, and scatters the results. */
  step(run: Run, call: () => void): void {
    const { parameter, slots } = run.members[0]!
    const { arena, dtype } = parameter
    const rows = parameter.sparseGrad!
    if (!rows.values.length) return
    const bytes = padded(rows.values.length * bytesPerElement[dtype])
    this.#reserve(parameter, bytes * (2 + slots.length))
    const gathered = (i: number) => arena.view(dtype, this.#rows + i * bytes, rows.values.length)
    const arrays = slots.map((address) => arena.view(dtype, address, parameter.size))
    gather(rows, parameter.data, gathered(0))
    gathered(1).set(rows.values)
    for (const [i, array] of arrays.entries()) gather(rows, array, gathered(2 + i))
    writeConsecutive(arena.u32, run.table, bytes, this.#rows)
    call()
    scatter({ ...rows, values: gathered(0) }, parameter.data)
    for (const [i, array] of arrays.entries()) scatter({ ...rows, values: gathered(2 + i) }, array)
  }

  #reserve({ arena }: Parameter, bytes: number): void {
    if (bytes <= this.#bytes) return
    const rows = arena.heap.allocate(bytes, 'work')
    if (this.#rows) arena.heap.free(this.#rows)
    this.#rows = rows
    this.#bytes = bytes
  }

  release(arena: Arena): void {
    if (this.#rows) arena.heap.free(this.#rows)
  }
}
