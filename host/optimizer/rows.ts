/** Steps of sparse gradients: only the rows that have one. A rule that takes them brings this along. */
import type { Arena } from '../arena.ts'
import { padded } from '../heap.ts'
import { gather, scatter } from '../sparse.ts'
import { bytesPerElement } from '../tensor.ts'
import { type Run, writeConsecutive } from './runs.ts'

export class Rows {
  readonly #arena: Arena
  /** Rows of a parameter, its gradient and its states, gathered. */
  #rows = 0
  #bytes = 0

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** Gathers the rows that have a gradient, with parameter and states, has them stepped, and puts them back. */
  step(run: Run, call: () => void): void {
    const { parameter, slots } = run.members[0]!
    const rows = parameter.sparseGrad!
    if (!rows.values.length) return
    const { dtype } = parameter
    const bytes = padded(rows.values.length * bytesPerElement[dtype])
    this.#reserve(bytes * (2 + slots.length))
    const gathered = (i: number) => this.#arena.view(dtype, this.#rows + i * bytes, rows.values.length)
    const arrays = slots.map((address) => this.#arena.view(dtype, address, parameter.size))
    gather(rows, parameter.data, gathered(0))
    gathered(1).set(rows.values)
    for (const [i, array] of arrays.entries()) gather(rows, array, gathered(2 + i))
    writeConsecutive(this.#arena.u32, run.table, bytes, this.#rows)
    call()
    scatter({ ...rows, values: gathered(0) }, parameter.data)
    for (const [i, array] of arrays.entries()) scatter({ ...rows, values: gathered(2 + i) }, array)
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes) return
    const rows = this.#arena.heap.allocate(bytes, 'work')
    this.release()
    this.#rows = rows
    this.#bytes = bytes
  }

  release(): void {
    if (this.#rows) this.#arena.heap.free(this.#rows)
  }
}
