import { foldsOf } from '../memory/folds.ts'
import { scratchOf } from '../memory/scratch.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import type { Parameter } from '../memory/tensor.ts'
import type { GroupInit, ParamGroup, Params } from '../optimizer/groups.ts'
import type { Member, StateLayout } from '../optimizer/members.ts'
import { lr } from '../optimizer/rule.ts'
import { check } from '../validation/errors.ts'
import { choice, doc, flag, integer, number, numbers, type Values } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { OneByOneOptimizer } from './one-by-one.ts'

const options = {
  lr: lr(1e-3),
  weightDecay: number(0.1, '[0, ∞]', doc`decoupled: shrinks the parameter by lr·weightDecay`),
  momentum: number(0.95, '[0, ∞]', doc`decay of the mean gradient`),
  nesterov: flag(true, doc`Nesterov momentum`),
  nsCoefficients: numbers([3.4445, -4.775, 2.0315], doc`coefficients of the Newton–Schulz iteration`),
  eps: number(1e-7, '[-∞, ∞]', doc`lower bound of the update's norm`),
  nsSteps: integer(5, '(-∞, 100)', doc`number of Newton–Schulz iterations`),
  adjustLrFn: choice<null | 'original' | 'match_rms_adamw'>(
    null,
    [null, 'original', 'match_rms_adamw'],
    doc`how the learning rate depends on the matrix's shape: times √max(1, rows/columns), or times 0.2·√max(rows, columns)`,
  ),
}

const shortest = (shape: Shape) => Math.min(...shape)

export type MuonOptions = Values<typeof options>

export const muon = {
  name: 'Muon',
  options,
  keys: ['momentum_buffer'],
  math: [
    doc`B_t = B_{t-1} + (1-\mu)(G_t - B_{t-1}),\quad U_t = G_t + \mu\,(B_t - G_t) \text{ (nesterov)},\quad U_t = B_t \text{ (otherwise)}`,
    doc`X_0 = U_t / \max(\lVert U_t\rVert_F, \epsilon),\quad A_k = X_k X_k^\top,\quad X_{k+1} = a X_k + (b A_k + c A_k^2)\,X_k`,
    doc`\theta_t = (1-\gamma\lambda)\,\theta_{t-1} - \gamma\,k\,X_K,\quad k = \sqrt{\max(1, \text{rows}/\text{columns})} \text{ or } 0.2\sqrt{\max(\text{rows}, \text{columns})}`,
  ],
  paper: doc`Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., arXiv 2502.16982`,
} as const

const layout: StateLayout<MuonOptions> = {
  slots: [{ key: 'momentum_buffer', shape: ({ shape }) => shape, initial: () => 0 }],
  needs: () => 1,
  numbers: [],
}

/**
 * Muon: orthogonalizes the momentum of a matrix and steps along it. All parameters must have two axes. The iteration runs in the
 * parameter's dtype; torch's always runs in bfloat16, with errors of about 1e-3.
 *
 * @example
 * const w = arena.parameter([4, 2], { data: [1, 2, 3, 4, 5, 6, 7, 8] })
 * const optimizer = new downhill.Muon([w], { lr: 0.1, weightDecay: 0 })
 * w.grad = [1, 0, 0, 1, 1, 0, 0, 1]
 * optimizer.step()
 * w.data[0] < 1 && w.data[1] === 2 // true
 */
export class Muon extends OneByOneOptimizer<MuonOptions> {
  static readonly declaration = muon

  constructor(params: Params<MuonOptions>, options: Partial<MuonOptions> = {}) {
    super(muon, params, options)
    this.groupsChanged()
  }

  protected override get layout(): StateLayout<MuonOptions> {
    return layout
  }

  protected override checkGroups(groups: readonly GroupInit<MuonOptions>[]): ParamGroup<MuonOptions>[] {
    const checked = super.checkGroups(groups)
    for (const { shape } of checked.flatMap(({ params }) => params)) {
      check(shape.length === 2, 'params-invalid', () => `Muon: parameters must have two axes, got ${showShape(shape)}`)
    }
    return checked
  }

  protected override update(closure: (() => number) | undefined): number | undefined {
    scratchOf(this.arena)
    return super.update(closure)
  }

  protected override workSizes({ size, shape }: Parameter): readonly number[] {
    return [size, size, shortest(shape) * shortest(shape), shortest(shape) * shortest(shape)]
  }

  protected override stepOne({ parameter, slots }: Member, o: MuonOptions): void {
    const { arena } = this
    const dtype = parameter.dtype as FloatType
    const kernels = arena.kernels[dtype]
    const { address, bytes, gradAddress: grad } = parameter
    const buffer = slots[0]!
    const [rows, columns] = parameter.shape as [number, number]
    kernels.lerpTo(bytes, buffer, buffer, grad, 1 - o.momentum)
    const update = arena.temporary(parameter.shape, dtype, 'Muon').address
    if (o.nesterov) kernels.lerpTo(bytes, update, grad, buffer, o.momentum)
    else kernels.scale(bytes, update, buffer, 1)
    const orthogonal = this.#orthogonalized(update, parameter, o)
    const ratio = o.adjustLrFn === 'match_rms_adamw' ? 0.2 * Math.sqrt(Math.max(rows, columns)) : Math.sqrt(Math.max(1, rows / columns))
    kernels.combine(bytes, address, address, orthogonal, 1 - o.lr * o.weightDecay, -o.lr * ratio)
  }

  /** Runs the Newton–Schulz iteration with the smaller Gram matrix: XᵀX instead of XXᵀ if rows > columns. */
  #orthogonalized(update: number, { shape, dtype, bytes }: Parameter, o: MuonOptions): number {
    const { arena } = this
    const kernels = arena.kernels[dtype as FloatType]
    const [rows, columns] = shape as [number, number]
    const scratch = scratchOf(arena)
    const tall = rows > columns
    const n = Math.min(rows, columns)
    const [a, b, c] = o.nsCoefficients as [number, number, number]
    let x = update
    let next = arena.temporary(shape, dtype, 'Muon').address
    const gram = arena.temporary([n, n], dtype, 'Muon').address
    const inner = arena.temporary([n, n], dtype, 'Muon').address
    const norm = Math.sqrt(foldsOf(arena).one('squaredNorm', dtype as FloatType, rows * columns, x))
    kernels.scale(bytes, x, x, 1 / (norm < o.eps ? o.eps : norm))
    for (let step = 0; step < o.nsSteps; step++) {
      const k = tall ? rows : columns
      kernels.gemm(tall ? 1 : 0, tall ? 0 : 1, n, n, k, 1, x, columns, x, columns, 1, 0, 0, gram, n, scratch)
      kernels.gemm(0, 0, n, n, n, c, gram, n, gram, n, b, gram, n, inner, n, scratch)
      if (tall) kernels.gemm(0, 0, rows, n, n, 1, x, n, inner, n, a, x, n, next, n, scratch)
      else kernels.gemm(0, 0, n, columns, n, 1, inner, n, x, columns, a, x, columns, next, columns, scratch)
      ;[x, next] = [next, x]
    }
    return x
  }
}
