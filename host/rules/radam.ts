import { wholePow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, averaging, coupled, decoupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, pair, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-3),
  betas: pair([0.9, 0.999], ['[0, 1)', '[0, 1)'], doc`decay of the mean of the gradient and of its square`),
  eps: eps(1e-8),
  weightDecay: coupled.weightDecay(),
  maximize: coupled.maximize,
  foreach: torchFlag(null),
  capturable: torchFlag(false),
  decoupledWeightDecay: decoupled.option(),
  differentiable: torchFlag(false),
}

export type RAdamOptions = Values<typeof options>

/** Returns ρ_t, the length of the average v at step t; ρ_∞ is its limit. */
function rho(o: RAdamOptions, t: number): number {
  const power = wholePow(o.betas[1], t)
  return rhoInfinity(o) - (2 * t * power) / (1 - power)
}

function rhoInfinity(o: RAdamOptions): number {
  return 2 / (1 - o.betas[1]) - 1
}

/** Returns r_t·√(1 − β₂^t) if the variance is tractable, 1 before. */
function rectification(o: RAdamOptions, t: number): number {
  const now = rho(o, t)
  if (now <= 5) return 1
  const end = rhoInfinity(o)
  const ratio = ((now - 4) * (now - 2) * end) / ((end - 4) * (end - 2) * now)
  return Math.sqrt(ratio) * Math.sqrt(1 - wholePow(o.betas[1], t))
}

export const radam = defineRule({
  name: 'RAdam',
  kernel: kernels.RAdam,
  options,
  state: { expAvg: always, expAvgSq: always },
  flags: { rectified: (o, t) => rho(o, t) > 5, ...decoupled.flags, ...averaging.flags },
  uniforms: {
    ...decoupled.uniforms,
    ...averaging.uniforms,
    eps: (o) => o.eps,
    stepSize: (o, t) => (o.lr / (1 - wholePow(o.betas[0], t))) * rectification(o, t),
  },
  math: [
    doc`m_t = \beta_1 m_{t-1} + (1-\beta_1)\,g_t,\quad v_t = \beta_2 v_{t-1} + (1-\beta_2)\,g_t^2`,
    doc`\rho_\infty = \frac{2}{1-\beta_2} - 1,\quad \rho_t = \rho_\infty - \frac{2\,t\,\beta_2^t}{1-\beta_2^t}`,
    doc`r_t = \sqrt{\frac{(\rho_t-4)(\rho_t-2)\,\rho_\infty}{(\rho_\infty-4)(\rho_\infty-2)\,\rho_t}}`,
    doc`\theta_t = \theta_{t-1} - \frac{\gamma\,m_t}{1-\beta_1^t}\cdot\begin{cases} r_t\,\sqrt{1-\beta_2^t}/(\sqrt{v_t}+\epsilon) & \rho_t > 5\\ 1 & \text{otherwise}\end{cases}`,
  ],
  paper: doc`Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, arXiv 1908.03265`,
})

/** RAdam: Adam without the mean square until its variance is tractable. */
export class RAdam extends ElementwiseOptimizer<RAdamOptions> {
  static readonly declaration: AnyRule = radam

  constructor(params: Params<RAdamOptions>, options: Partial<RAdamOptions> = {}) {
    super(radam, params, options)
  }
}
