import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { Rows } from '../optimizer/rows.ts'
import { type AnyRule, always, coupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, number, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-2),
  lrDecay: number(0, '[0, ∞]', doc`at step t the learning rate is lr / (1 + (t − 1)·lrDecay)`),
  eps: eps(1e-10),
  weightDecay: coupled.weightDecay(),
  initialAccumulatorValue: number(0, '[0, ∞]', doc`initial sum of squares; the same for all groups`),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
  differentiable: torchFlag(false),
  fused: torchFlag(null),
}

export type AdagradOptions = Values<typeof options>

export const adagrad = defineRule({
  name: 'Adagrad',
  kernel: kernels.Adagrad,
  options,
  state: { sum: always },
  initial: { sum: (_, defaults) => defaults.initialAccumulatorValue },
  eager: true,
  sparse: (o) => (o.weightDecay !== 0 ? 'refused' : 'rows'),
  rows: Rows,
  flags: coupled.flags,
  uniforms: {
    ...coupled.uniforms,
    stepSize: (o, t) => o.lr / (1 + (t - 1) * o.lrDecay),
    eps: (o) => o.eps,
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`s_t = s_{t-1} + g_t^2`,
    doc`\theta_t = \theta_{t-1} - \frac{\gamma}{1 + (t-1)\,\eta}\cdot\frac{g_t}{\sqrt{s_t} + \epsilon}`,
  ],
  paper: doc`Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011`,
})

/** Adagrad: a learning rate per element, which decreases with the sum of its squared gradients. */
export class Adagrad extends ElementwiseOptimizer<AdagradOptions> {
  static readonly declaration: AnyRule = adagrad

  constructor(params: Params<AdagradOptions>, options: Partial<AdagradOptions> = {}) {
    super(adagrad, params, options)
  }
}
