import { pow } from '../numerics/portable.ts'
import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, coupled, defineRule, lr } from '../optimizer/rule.ts'
import { doc, number, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-2),
  lambd: number(1e-4, '[-∞, ∞]', doc`decay of the parameter and of the learning rate`),
  alpha: number(0.75, '[-∞, ∞]', doc`exponent of the decay of the learning rate`),
  t0: number(1e6, '[-∞, ∞]', doc`step at which averaging starts`),
  weightDecay: coupled.weightDecay(),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
  differentiable: torchFlag(false),
  capturable: torchFlag(false),
}

export type ASGDOptions = Values<typeof options>

export const asgd = defineRule({
  name: 'ASGD',
  kernel: kernels.ASGD,
  options,
  state: { ax: always },
  // η is computed from the previous step's lr: a change of lr takes effect one step late, as in torch.
  scalars: { eta: (o) => o.lr, mu: () => 1 },
  settle: (o, clock) => {
    clock.eta = o.lr / pow(1 + o.lambd * o.lr * clock.t, o.alpha)
    clock.mu = 1 / Math.max(1, clock.t - o.t0)
  },
  flags: { copy: (_, __, clock) => clock.mu === 1, ...coupled.flags },
  uniforms: {
    ...coupled.uniforms,
    shrink: (o, _, clock) => 1 - o.lambd * clock.eta,
    eta: (_, __, clock) => clock.eta,
    mu: (_, __, clock) => clock.mu,
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`\theta_t = (1 - \lambda_d\,\eta_{t-1})\,\theta_{t-1} - \eta_{t-1}\,g_t`,
    doc`\bar\theta_t = \bar\theta_{t-1} + \mu_{t-1}\,(\theta_t - \bar\theta_{t-1})`,
    doc`\eta_t = \frac{\gamma}{(1 + \lambda_d\,\gamma\,t)^\alpha},\quad \mu_t = \frac{1}{\max(1,\ t - t_0)}`,
  ],
  paper: doc`Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992`,
})

/** Averaged stochastic gradient descent. The average is the state `ax`; the parameters do not use it. */
export class ASGD extends ElementwiseOptimizer<ASGDOptions> {
  static readonly declaration: AnyRule = asgd

  constructor(params: Params<ASGDOptions>, options: Partial<ASGDOptions> = {}) {
    super(asgd, params, options)
  }
}
