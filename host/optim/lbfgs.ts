import type { Parameter } from '../memory/tensor.ts'
import type { GroupInit, ParamGroup, Params } from '../optimizer/groups.ts'
import { Optimizer } from '../optimizer/optimizer.ts'
import { lr } from '../optimizer/rule.ts'
import type { ParameterState, Take } from '../optimizer/state-dict.ts'
import { check, checkRange, DownhillError } from '../validation/errors.ts'
import { doc, integer, number, type Option, type Values } from '../validation/options.ts'
import type { Reserve } from '../validation/prepared.ts'
import { type Flat, FlatVectors } from './flat.ts'
import { type LBFGSState, newState, readState, stateKeys, vectorsOf, writtenState } from './lbfgs-state.ts'
import { type Point, strongWolfe } from './line-search.ts'

const any = '[-∞, ∞]'
const maxEval: Option<number | null> = {
  default: null,
  range: 'a number or null',
  doc: doc`maximum evaluations of the closure per step; null: 1.25·maxIter`,
  accepts: (v) => v === null || (typeof v === 'number' && !Number.isNaN(v)),
}
const lineSearchFn: Option<string | null> = {
  default: null,
  range: "null or 'strong_wolfe'",
  doc: doc`line search; null: a fixed step length lr`,
  // Any string passes, because torch checks it at each step instead.
  accepts: (v) => v === null || typeof v === 'string',
}

const options = {
  lr: lr(1),
  maxIter: number(20, any, doc`iterations per step`),
  maxEval,
  toleranceGrad: number(1e-7, any, doc`stop when no gradient component exceeds it`),
  toleranceChange: number(1e-9, any, doc`stop when neither the loss nor a parameter changes by more`),
  historySize: integer(100, '(-∞, ∞)', doc`number of stored pairs of changes`),
  lineSearchFn,
}

export type LBFGSOptions = Values<typeof options>

export const lbfgs = {
  name: 'LBFGS',
  options,
  keys: stateKeys,
  math: [
    doc`d_k = -H_k\,\nabla f(\theta_k),\quad \theta_{k+1} = \theta_k + t_k\,d_k`,
    doc`H_k \text{ by the two-loop recursion over } y_i = \nabla f(\theta_{i+1}) - \nabla f(\theta_i),\ s_i = t_i d_i,\quad H_k^0 = \frac{s^\top y}{y^\top y}\,I`,
  ],
  paper: doc`Nocedal, "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35, 1980`,
} as const

/** Curvature below which a pair of changes is dropped. */
const LEAST_CURVATURE = 1e-10

/**
 * L-BFGS: a quasi-Newton method for full batches. `step` needs a closure that computes the loss and the gradients, and calls it several
 * times; it returns the loss before the step.
 *
 * @example
 * const w = arena.parameter([2], { data: [3, -2], dtype: 'float64' })
 * const optimizer = new downhill.LBFGS([w], { lineSearchFn: 'strong_wolfe' })
 * const closure = () => {
 *   const [x, y] = w.data
 *   w.grad = [4 * (x - 1) ** 3, 2 * (y - 2)]
 *   return (x - 1) ** 4 + (y - 2) ** 2
 * }
 * for (let i = 0; i < 3; i++) optimizer.step(closure)
 * closure() < 1e-9 // true
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  static readonly declaration = lbfgs

  readonly #vectors: FlatVectors
  #state: LBFGSState | undefined

  constructor(params: Params<LBFGSOptions>, given: Partial<LBFGSOptions> = {}) {
    super(lbfgs, params, given)
    const group = this.paramGroups[0]!
    group.maxEval ??= Math.floor((group.maxIter * 5) / 4)
    this.#vectors = new FlatVectors(group.params)
  }

  protected override checkGroups(groups: readonly GroupInit<LBFGSOptions>[]): ParamGroup<LBFGSOptions>[] {
    const total = this.paramGroups.length + groups.length
    checkRange(total === 1, 'LBFGS', 'the number of groups', '1', total, 'params-invalid')
    const checked = super.checkGroups(groups)
    const types = new Set(checked[0]!.params.map(({ dtype }) => dtype))
    check(types.size === 1, 'dtype-mismatch', () => `LBFGS: all parameters must have one dtype, got ${[...types].join(' and ')}`)
    return checked
  }

  /** Bytes of a full history and six vectors: direction, two or three gradients, the start of a line search, or a new pair. */
  override get stateBytes(): number {
    return (2 * Math.max(this.paramGroups[0]!.historySize, 0) + 6) * this.#vectors.bytes
  }

  protected override update(closure: (() => number) | undefined): number {
    if (!closure) throw new DownhillError('option-range', 'LBFGS.step: closure must be a function that computes the loss and the gradients')
    const o = this.paramGroups[0] as LBFGSOptions
    const known = o.lineSearchFn === null || o.lineSearchFn === 'strong_wolfe'
    checkRange(known, 'LBFGS', 'lineSearchFn', "null or 'strong_wolfe'", o.lineSearchFn)
    const loss = closure()
    const state = (this.#state ??= newState())
    state.functionEvaluations++
    const gradient = this.#vectors.gradients(this.#vectors.take())
    try {
      if (!(this.#vectors.largest(gradient) <= o.toleranceGrad)) this.#iterate(state, o, closure, loss, gradient)
    } finally {
      this.#vectors.keepOnly(vectorsOf(state))
    }
    return loss
  }

  #iterate(state: LBFGSState, o: LBFGSOptions, closure: () => number, firstLoss: number, firstGradient: Flat): void {
    const vectors = this.#vectors
    const maxEvaluations = o.maxEval ?? Math.floor((o.maxIter * 5) / 4)
    let loss = firstLoss
    let gradient = firstGradient
    let evaluations = 1
    for (let iteration = 1; iteration - 1 < o.maxIter; iteration++) {
      state.iterations++
      this.#findDirection(state, o, gradient)
      state.previousGradient ||= vectors.take()
      vectors.scale(state.previousGradient, gradient, 1)
      state.previousLoss = loss
      const inverse = state.iterations === 1 ? 1 / vectors.absSum(gradient) : 1
      state.t = (inverse < 1 ? inverse : 1) * o.lr
      const slope = vectors.dot(gradient, state.direction)
      if (slope > -o.toleranceChange) break
      let used = 0
      if (o.lineSearchFn !== null) {
        ;({ loss, gradient, used } = this.#search(state, o, closure, { t: 0, value: loss, slope, gradient }, maxEvaluations - evaluations))
      }
      vectors.move(state.t, state.direction)
      if (o.lineSearchFn === null && iteration !== o.maxIter) {
        loss = closure()
        vectors.gradients(gradient)
        used = 1
      }
      evaluations += used
      state.functionEvaluations += used
      if (iteration === o.maxIter || evaluations >= maxEvaluations) break
      if (vectors.largest(gradient) <= o.toleranceGrad) break
      if (vectors.largest(state.direction) * Math.abs(state.t) <= o.toleranceChange) break
      if (Math.abs(loss - state.previousLoss) < o.toleranceChange) break
    }
  }

  /** Sets the direction: the negative gradient at first, then by the two-loop recursion over the history. */
  #findDirection(state: LBFGSState, o: LBFGSOptions, gradient: Flat): void {
    const vectors = this.#vectors
    if (state.iterations === 1) {
      state.direction ||= vectors.take()
      vectors.scale(state.direction, gradient, -1)
      return
    }
    this.#remember(state, o, gradient)
    const coefficients = (state.coefficients ??= Array<number | null>(o.historySize).fill(null))
    const d = vectors.scale(state.direction, gradient, -1)
    for (let i = state.steps.length - 1; i >= 0; i--) {
      const a = vectors.dot(state.steps[i]!, d) * state.inverses[i]!
      coefficients[i] = a
      vectors.combine(d, d, state.gradientChanges[i]!, 1, -a)
    }
    vectors.scale(d, d, state.diagonal)
    for (let i = 0; i < state.steps.length; i++) {
      const b = vectors.dot(state.gradientChanges[i]!, d) * state.inverses[i]!
      vectors.combine(d, d, state.steps[i]!, 1, coefficients[i]! - b)
    }
  }

  /** Appends the last change of gradient and parameters to the history, if the curvature along it is positive. */
  #remember(state: LBFGSState, o: LBFGSOptions, gradient: Flat): void {
    const vectors = this.#vectors
    const y = vectors.combine(vectors.take(), gradient, state.previousGradient, 1, -1)
    const s = vectors.scale(vectors.take(), state.direction, state.t)
    const curvature = vectors.dot(y, s)
    if (!(curvature > LEAST_CURVATURE)) return vectors.recycle(y, s)
    if (state.steps.length === o.historySize) {
      vectors.recycle(state.gradientChanges.shift()!, state.steps.shift()!)
      state.inverses.shift()
    }
    state.gradientChanges.push(y)
    state.steps.push(s)
    state.inverses.push(1 / curvature)
    state.diagonal = curvature / vectors.dot(y, y)
  }

  /** Runs a strong Wolfe search along the direction. The parameters do not change; the state gets the step length. */
  #search(state: LBFGSState, o: LBFGSOptions, closure: () => number, start: Point<Flat>, maxIterations: number) {
    const vectors = this.#vectors
    const origin = vectors.parameters(vectors.take())
    let gradients: Flat[] = [start.gradient]
    const forgetAllBut = (points: readonly Point<Flat>[]) => {
      const isInUse = (gradient: Flat) => points.some((point) => point.gradient === gradient)
      vectors.recycle(...gradients.filter((gradient) => !isInUse(gradient)))
      gradients = gradients.filter(isInUse)
    }
    const evaluate = (t: number, ...inUse: Point<Flat>[]): Point<Flat> => {
      forgetAllBut(inUse)
      vectors.move(t, state.direction)
      let value: number
      try {
        value = closure()
      } finally {
        vectors.setParameters(origin)
      }
      const gradient = vectors.gradients(vectors.take())
      gradients.push(gradient)
      return { t, value, slope: vectors.dot(gradient, state.direction), gradient }
    }
    const largest = vectors.largest(state.direction)
    const { point, evaluations } = strongWolfe(start, state.t, largest, o.toleranceChange, maxIterations, evaluate)
    forgetAllBut([point])
    vectors.recycle(origin)
    state.t = point.t
    return { loss: point.value, gradient: point.gradient, used: evaluations }
  }

  /** @internal */
  override readState(parameter: Parameter, take: Take): ParameterState | undefined {
    if (!this.#state || parameter !== this.paramGroups[0]!.params[0]) return undefined
    return writtenState(this.#state, this.#vectors, take)
  }

  /** @internal */
  override prepareStates(states: readonly (ParameterState | undefined)[], groups: readonly LBFGSOptions[]): Reserve {
    const hasState = (state: ParameterState | undefined) => state !== undefined && Object.keys(state).length > 0
    const [saved, ...others] = states
    check(!others.some(hasState), 'state-mismatch', 'LBFGS.loadStateDict: only the first parameter may have state')
    const load = hasState(saved) ? readState(saved!, this.#vectors, groups[0]!.historySize) : undefined
    return () => {
      const next = load?.()
      return () => {
        this.#vectors.recycle(...vectorsOf(this.#state))
        this.#state = next
      }
    }
  }

  protected override release(): void {
    this.#vectors.release()
  }
}
