import { pow, wholePow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, averaging, coupled, decoupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, number, pair, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(2e-3),
  betas: pair([0.9, 0.999], ['[0, 1)', '[0, 1)'], doc`decay of the mean of the gradient and of its square`),
  eps: eps(1e-8),
  weightDecay: coupled.weightDecay(),
  momentumDecay: number(4e-3, '[0, ∞]', doc`rate at which the momentum approaches β₁`),
  decoupledWeightDecay: decoupled.option(),
  maximize: coupled.maximize,
  foreach: torchFlag(null),
  capturable: torchFlag(false),
  differentiable: torchFlag(false),
}

export type NAdamOptions = Values<typeof options>

/** Returns μ_t, the momentum of step t. */
function momentum(o: NAdamOptions, t: number): number {
  return o.betas[0] * (1 - 0.5 * pow(0.96, t * o.momentumDecay))
}

export const nadam = defineRule({
  name: 'NAdam',
  kernel: kernels.NAdam,
  options,
  state: { expAvg: always, expAvgSq: always },
  scalars: { muProduct: () => 1 },
  advance: (o, clock) => {
    clock.muProduct *= momentum(o, clock.t)
  },
  flags: { ...decoupled.flags, ...averaging.flags },
  uniforms: {
    ...decoupled.uniforms,
    ...averaging.uniforms,
    unbias: (o, t) => 1 / Math.sqrt(1 - wholePow(o.betas[1], t)),
    eps: (o) => o.eps,
    gradStep: (o, t, clock) => (o.lr * (1 - momentum(o, t))) / (1 - clock.muProduct),
    meanStep: (o, t, clock) => (o.lr * momentum(o, t + 1)) / (1 - clock.muProduct * momentum(o, t + 1)),
  },
  math: [
    doc`\mu_t = \beta_1\,(1 - \tfrac12\,0.96^{t\psi})`,
    doc`m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t,\quad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2`,
    doc`d_t = \sqrt{v_t/(1-\beta_2^t)} + \epsilon`,
    doc`\theta_t = \theta_{t-1} - \gamma\,\frac{1-\mu_t}{1-\prod_{i\le t}\mu_i}\cdot\frac{g_t}{d_t} - \gamma\,\frac{\mu_{t+1}}{1-\prod_{i\le t+1}\mu_i}\cdot\frac{m_t}{d_t}`,
  ],
  paper: doc`Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016`,
})

/** NAdam: Adam with Nesterov momentum. */
export class NAdam extends ElementwiseOptimizer<NAdamOptions> {
  static readonly declaration: AnyRule = nadam

  constructor(params: Params<NAdamOptions>, options: Partial<NAdamOptions> = {}) {
    super(nadam, params, options)
  }
}
