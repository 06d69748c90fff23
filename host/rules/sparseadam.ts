import { wholePow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { Rows } from '../optimizer/rows.ts'
import { type AnyRule, always, coupled, defineRule, fromEnd, lerpWeight } from '../optimizer/rule.ts'
import { doc, number, pair, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: number(1e-3, '(0, ∞]', doc`learning rate`),
  betas: pair([0.9, 0.999], ['[0, 1)', '[0, 1)'], doc`decay of the mean of the gradient and of its square`),
  eps: number(1e-8, '(0, ∞]', doc`added to the root of the mean square, which has no bias correction`),
  maximize: coupled.maximize,
}

export type SparseAdamOptions = Values<typeof options>

export const sparseadam = defineRule({
  name: 'SparseAdam',
  kernel: kernels.SparseAdam,
  options,
  sparse: 'only',
  rows: Rows,
  state: { expAvg: always, expAvgSq: always },
  flags: { fromEnd1: (o) => fromEnd(o.betas[0]), fromEnd2: (o) => fromEnd(o.betas[1]) },
  uniforms: {
    gain1: (o) => lerpWeight(o.betas[0]),
    gain2: (o) => lerpWeight(o.betas[1]),
    stepSize: (o, t) => (o.lr * Math.sqrt(1 - wholePow(o.betas[1], t))) / (1 - wholePow(o.betas[0], t)),
    eps: (o) => o.eps,
  },
  math: [
    doc`m_t = m_{t-1} + (1-\beta_1)(g_t - m_{t-1}),\quad v_t = v_{t-1} + (1-\beta_2)(g_t^2 - v_{t-1})`,
    doc`\theta_t = \theta_{t-1} - \gamma\,\frac{\sqrt{1-\beta_2^t}}{1-\beta_1^t}\cdot\frac{m_t}{\sqrt{v_t} + \epsilon}`,
    doc`\text{for the rows that have a gradient}`,
  ],
  paper: doc`Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv 1412.6980`,
})

/** Adam for sparse gradients: rows without a gradient keep their moments and do not move. */
export class SparseAdam extends ElementwiseOptimizer<SparseAdamOptions> {
  static readonly declaration: AnyRule = sparseadam

  constructor(params: Params<SparseAdamOptions>, options: Partial<SparseAdamOptions> = {}) {
    super(sparseadam, params, options)
  }
}
