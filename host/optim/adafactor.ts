import { bytesPerElement } from '../memory/dtype.ts'
import { foldsOf } from '../memory/folds.ts'
import { type Shape, sizeOf } from '../memory/shape.ts'
import type { Parameter } from '../memory/tensor.ts'
import { pow } from '../numerics/portable.ts'
import type { Params } from '../optimizer/groups.ts'
import type { Member, StateLayout } from '../optimizer/members.ts'
import { coupled, lr } from '../optimizer/rule.ts'
import { doc, number, type Option, torchFlag, type Values } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { OneByOneOptimizer } from './one-by-one.ts'

/** Machine epsilon, the default of ε₁. */
const EPSILON: Readonly<Record<FloatType, number>> = { float32: 2 ** -23, float64: 2 ** -52 }

const isFloor = (v: unknown) => typeof v === 'number' && v >= 0
const epsPair: Option<readonly [number | null, number]> = {
  default: [null, 1e-3],
  range: 'two numbers in [0, ∞], the first of which may be null',
  doc: doc`lower bound of the mean square (null: the dtype's epsilon), and lower bound of the parameter's root mean square`,
  accepts: (v) => Array.isArray(v) && v.length === 2 && (v[0] === null || isFloor(v[0])) && isFloor(v[1]),
}

const options = {
  lr: { ...lr(1e-2), doc: doc`largest relative step; at step t at most 1/√t` },
  beta2Decay: number(-0.8, '[-∞, 0]', doc`exponent of t in the weight of the new square`),
  eps: epsPair,
  d: number(1, '[1, ∞]', doc`root mean square to which updates are clipped`),
  weightDecay: number(0, '[0, ∞]', doc`decoupled: shrinks the parameter by lr·weightDecay`),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
}

export type AdafactorOptions = Values<typeof options>

export const adafactor = {
  name: 'Adafactor',
  options,
  keys: ['step', 'row_var', 'col_var', 'variance'],
  math: [
    doc`\beta_t = t^{\kappa},\quad \rho_t = \min(\gamma, 1/\sqrt t),\quad \alpha_t = \max(\epsilon_2, \mathrm{RMS}(\theta_{t-1}))\,\rho_t`,
    doc`R_t = R_{t-1} + \beta_t\,(\overline{G_t^2}^{\,\text{row}} - R_{t-1}),\quad C_t = C_{t-1} + \beta_t\,(\overline{G_t^2}^{\,\text{col}} - C_{t-1}),\quad V_t = R_t C_t / \max(\bar R_t, \epsilon_1) \text{ (two axes or more)}`,
    doc`V_t = V_{t-1} + \beta_t\,(G_t^2 - V_{t-1}) \text{ (one axis or none)}`,
    doc`U_t = G_t / \sqrt{\max(V_t, \epsilon_1^2)},\quad \theta_t = (1-\gamma\lambda)\,\theta_{t-1} - \alpha_t\,U_t / \max(1, \mathrm{RMS}(U_t)/d)`,
  ],
  paper: doc`Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", ICML 2018, arXiv 1804.04235`,
} as const

const isFactored = ({ shape }: Parameter) => shape.length > 1
/** Returns the shape with size 1 at its k-th last axis. */
const reduced = (shape: Shape, k: number) => shape.map((size, axis) => (axis === shape.length - k ? 1 : size))

const ROW = 0
const COLUMN = 1
const VARIANCE = 2

const layout: StateLayout<AdafactorOptions> = {
  slots: [
    { key: 'row_var', shape: ({ shape }) => reduced(shape, 1), initial: () => 0 },
    { key: 'col_var', shape: ({ shape }) => reduced(shape, 2), initial: () => 0 },
    { key: 'variance', shape: ({ shape }) => shape, initial: () => 0 },
  ],
  needs: (parameter) => (isFactored(parameter) ? (1 << ROW) | (1 << COLUMN) : 1 << VARIANCE),
  numbers: [{ key: 'step', name: 't', initial: () => 0 }],
}

/**
 * Adafactor: stores only the row and column means of a matrix's second moments, so its state is a fraction of the model's size.
 *
 * @example
 * const w = arena.parameter([64, 32])
 * const optimizer = new downhill.Adafactor([w], { lr: 0.01 })
 * w.grad = new Float32Array(64 * 32).fill(0.5)
 * optimizer.step()
 * arena.usage().state // 384
 */
export class Adafactor extends OneByOneOptimizer<AdafactorOptions> {
  static readonly declaration = adafactor

  constructor(params: Params<AdafactorOptions>, options: Partial<AdafactorOptions> = {}) {
    super(adafactor, params, options)
    this.groupsChanged()
  }

  protected override get layout(): StateLayout<AdafactorOptions> {
    return layout
  }

  protected override workSizes({ size, shape }: Parameter): readonly number[] {
    return [size, sizeOf(reduced(shape, 1)), sizeOf(reduced(shape, 2))]
  }

  protected override stepOne(member: Member, o: AdafactorOptions): void {
    const { parameter, clock } = member
    const { arena } = this
    const dtype = parameter.dtype as FloatType
    const t = ++clock.t
    const eps1 = o.eps[0] ?? EPSILON[dtype]
    const rms = (address: number) => Math.sqrt(foldsOf(arena).one('squaredNorm', dtype, parameter.size, address) / parameter.size)
    const size = rms(parameter.address)
    const alpha = (size > o.eps[1] ? size : o.eps[1]) * Math.min(o.lr, 1 / Math.sqrt(t))
    const direction = arena.temporary(parameter.shape, dtype, 'Adafactor')
    const weight = pow(t, o.beta2Decay)
    if (isFactored(parameter)) this.#factored(member, direction.address, weight, eps1)
    else {
      const kernels = arena.kernels[dtype]
      const variance = member.slots[VARIANCE]!
      kernels.lerpToSquare(parameter.bytes, variance, variance, parameter.gradAddress, weight)
      kernels.direction(parameter.bytes, direction.address, parameter.gradAddress, variance, eps1 * eps1)
    }
    const ratio = rms(direction.address) / o.d
    const scale = alpha / (ratio > 1 ? ratio : 1)
    const shrink = o.weightDecay === 0 ? 1 : 1 - o.lr * o.weightDecay
    const { address, bytes } = parameter
    arena.kernels[dtype].combine(bytes, address, address, direction.address, shrink, o.maximize ? scale : -scale)
  }

  /** The last two axes are the rows and columns of a matrix; the leading axes enumerate matrices. */
  #factored({ parameter, slots }: Member, out: number, weight: number, eps1: number): void {
    const { arena } = this
    const dtype = parameter.dtype as FloatType
    const kernels = arena.kernels[dtype]
    const element = bytesPerElement[dtype]
    const [rows, columns] = parameter.shape.slice(-2) as [number, number]
    const matrices = sizeOf(parameter.shape.slice(0, -2))
    const [rowVar, columnVar] = [slots[ROW]!, slots[COLUMN]!]
    const rowMeans = arena.temporary([matrices * rows], dtype, 'Adafactor')
    const columnMeans = arena.temporary([matrices * columns], dtype, 'Adafactor')
    const gradOf = (m: number) => parameter.gradAddress + m * rows * columns * element
    kernels.rowSquares(matrices * rows, columns, rowMeans.address, parameter.gradAddress)
    for (let m = 0; m < matrices; m++) kernels.columnSquares(rows, columns, columns, columnMeans.address + m * columns * element, gradOf(m))
    kernels.lerpTo(rowMeans.bytes, rowVar, rowVar, rowMeans.address, weight)
    kernels.lerpTo(columnMeans.bytes, columnVar, columnVar, columnMeans.address, weight)
    for (let m = 0; m < matrices; m++) {
      const row = rowVar + m * rows * element
      const mean = foldsOf(arena).one('absSum', dtype, rows, row) / rows
      const column = columnVar + m * columns * element
      const at = out + m * rows * columns * element
      kernels.factoredDirection(rows, columns, at, gradOf(m), row, column, mean < eps1 ? eps1 : mean, eps1 * eps1)
    }
  }
}
