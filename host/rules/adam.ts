import { wholePow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, averaging, coupled, decoupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, flag, pair, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-3),
  betas: pair([0.9, 0.999], ['[0, 1)', '[0, 1)'], doc`decay of the mean of the gradient and of its square`),
  eps: eps(1e-8),
  weightDecay: coupled.weightDecay(),
  amsgrad: flag(false, doc`divide by the largest mean square so far`),
  maximize: coupled.maximize,
  foreach: torchFlag(null),
  capturable: torchFlag(false),
  differentiable: torchFlag(false),
  fused: torchFlag(null),
  decoupledWeightDecay: decoupled.option(),
}

export type AdamOptions = Values<typeof options>

export const adam = defineRule({
  name: 'Adam',
  kernel: kernels.Adam,
  options,
  state: { expAvg: always, expAvgSq: always, maxExpAvgSq: (o) => o.amsgrad },
  flags: { amsgrad: (o) => o.amsgrad, ...decoupled.flags, ...averaging.flags },
  uniforms: {
    ...decoupled.uniforms,
    ...averaging.uniforms,
    stepSize: (o, t) => o.lr / (1 - wholePow(o.betas[0], t)),
    unbias: (o, t) => 1 / Math.sqrt(1 - wholePow(o.betas[1], t)),
    eps: (o) => o.eps,
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1} \text{ (Adam)},\quad \theta_{t-1} \leftarrow (1-\gamma\lambda)\,\theta_{t-1} \text{ (AdamW)}`,
    doc`m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t`,
    doc`v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2,\quad \hat v_t = \max(\hat v_{t-1}, v_t) \text{ (amsgrad)},\quad \hat v_t = v_t \text{ (otherwise)}`,
    doc`\theta_t = \theta_{t-1} - \frac{\gamma}{1-\beta_1^t}\cdot\frac{m_t}{\sqrt{\hat v_t}/\sqrt{1-\beta_2^t} + \epsilon}`,
  ],
  paper: doc`Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv 1412.6980; amsgrad: Reddi, Kale and Kumar, ICLR 2018`,
})

/** Adam. Weight decay is added to the gradient; {@link AdamW} decouples it. */
export class Adam extends ElementwiseOptimizer<AdamOptions> {
  static readonly declaration: AnyRule = adam

  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(adam, params, options)
  }
}
