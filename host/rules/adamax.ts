import { wholePow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, averaging, coupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, pair, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(2e-3),
  betas: pair([0.9, 0.999], ['[0, 1)', '[0, 1)'], doc`decay of the mean of the gradient and of its largest magnitude`),
  eps: eps(1e-8, doc`added to the magnitude of the gradient`),
  weightDecay: coupled.weightDecay(),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
  differentiable: torchFlag(false),
  capturable: torchFlag(false),
}

export type AdamaxOptions = Values<typeof options>

export const adamax = defineRule({
  name: 'Adamax',
  kernel: kernels.Adamax,
  options,
  state: { expAvg: always, expInf: always },
  flags: { ...coupled.flags, ...averaging.flags },
  uniforms: {
    ...coupled.uniforms,
    gain1: averaging.uniforms.gain1,
    keep2: averaging.uniforms.keep2,
    eps: (o) => o.eps,
    stepSize: (o, t) => o.lr / (1 - wholePow(o.betas[0], t)),
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t`,
    doc`u_t = \max(\beta_2\,u_{t-1},\ |g_t| + \epsilon)`,
    doc`\theta_t = \theta_{t-1} - \frac{\gamma}{1-\beta_1^t}\cdot\frac{m_t}{u_t}`,
  ],
  paper: doc`Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, arXiv 1412.6980, section 7.1`,
})

/** Adamax: Adam with the infinity norm of past gradients instead of their root mean square. */
export class Adamax extends ElementwiseOptimizer<AdamaxOptions> {
  static readonly declaration: AnyRule = adamax

  constructor(params: Params<AdamaxOptions>, options: Partial<AdamaxOptions> = {}) {
    super(adamax, params, options)
  }
}
