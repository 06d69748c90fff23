/** A run of one optimizer on a surface. */
import type { AnyOptimizer, Arena, LRScheduler, Parameter, ParameterState } from '../../host/index.ts'
import { ReduceLROnPlateau } from '../../host/index.ts'
import { asFunctions, optimizers, schedules } from './catalogue.ts'
import type { Racer } from './link.ts'
import type { Ground } from './surfaces.ts'

/** A step with more evaluations would block the page. */
const MOST_EVALUATIONS = 500
const LONGEST_HISTORY = 1000

export class Run {
  readonly optimizer: string
  /** x and y of the start and of every step. */
  readonly path: number[] = []
  gradient: number[] = []
  update: number[] = []
  /** The error that stopped the run; '' without one. */
  problem = ''
  readonly #ground: Ground
  readonly #parameter: Parameter
  readonly #made: AnyOptimizer | undefined
  readonly #scheduler: LRScheduler | undefined
  #evaluations = 0

  constructor(arena: Arena, ground: Ground, racer: Racer, start: readonly [number, number]) {
    this.optimizer = racer.optimizer
    this.#ground = ground
    const { shape, made } = optimizers[racer.optimizer]!
    this.#parameter = arena.parameter(shape, { dtype: 'float64', data: start })
    this.path.push(...start)
    try {
      const { historySize = 0 } = racer.options
      if (Number(historySize) > LONGEST_HISTORY)
        throw new Error(`LBFGS: historySize must be at most ${LONGEST_HISTORY} on this page, got ${historySize}`)
      this.#made = new made([this.#parameter], racer.options)
      if (racer.schedule) this.#scheduler = new schedules[racer.schedule]!.made(this.#made, asFunctions(racer.scheduleOptions))
    } catch (error) {
      this.problem = sentence(error)
    }
  }

  get steps(): number {
    return this.path.length / 2 - 1
  }

  get place(): readonly [number, number] {
    return [this.path.at(-2)!, this.path.at(-1)!]
  }

  get value(): number {
    return this.#ground.value(this.place)
  }

  get lr(): number {
    return this.#made?.lr() ?? Number.NaN
  }

  /** The optimizer's state, under torch's keys. */
  get state(): ParameterState {
    return this.#made?.stateDict().state[0] ?? {}
  }

  /** Takes a step, unless an error stopped the run. */
  step(): void {
    const optimizer = this.#made
    if (this.problem || !optimizer) return
    const before = this.place
    this.#evaluations = 0
    try {
      this.#evaluate()
      this.gradient = this.#gradientHere()
      const loss = this.optimizer === 'LBFGS' ? optimizer.step(() => this.#evaluate()) : this.#ground.value(before)
      if (this.optimizer !== 'LBFGS') optimizer.step()
      const [x, y] = this.#parameter.data as ArrayLike<number> as [number, number]
      if (!Number.isFinite(x) || !Number.isFinite(y)) throw new Error(`Diverged at step ${this.steps + 1}`)
      this.path.push(x, y)
      this.update = [x - before[0], y - before[1]]
      if (this.#scheduler instanceof ReduceLROnPlateau) this.#scheduler.step(loss)
      else this.#scheduler?.step()
    } catch (error) {
      this.problem = sentence(error)
    }
  }

  #gradientHere(): number[] {
    return this.#ground.gradient(this.#parameter.data)
  }

  /** Returns the value at the parameter and sets its gradient. */
  #evaluate(): number {
    if (++this.#evaluations > MOST_EVALUATIONS) throw new Error(`A step takes at most ${MOST_EVALUATIONS} evaluations on this page`)
    const values = this.#gradientHere()
    this.#parameter.grad = this.optimizer === 'SparseAdam' ? { indices: [0, 1], values } : values
    return this.#ground.value(this.#parameter.data)
  }

  dispose(): void {
    this.#made?.dispose()
    this.#parameter.dispose()
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
