import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, coupled, defineRule, eps, lr } from '../optimizer/rule.ts'
import { doc, number, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1),
  rho: number(0.9, '[0, 1]', doc`decay of the mean squares of gradient and update`),
  eps: eps(1e-6, doc`added inside both square roots`),
  weightDecay: coupled.weightDecay(),
  maximize: coupled.maximize,
  capturable: torchFlag(false),
  foreach: torchFlag(null),
  differentiable: torchFlag(false),
}

export type AdadeltaOptions = Values<typeof options>

export const adadelta = defineRule({
  name: 'Adadelta',
  kernel: kernels.Adadelta,
  options,
  state: { squareAvg: always, accDelta: always },
  flags: coupled.flags,
  uniforms: {
    ...coupled.uniforms,
    lr: (o) => o.lr,
    keep: (o) => o.rho,
    gain: (o) => 1 - o.rho,
    eps: (o) => o.eps,
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`v_t = \rho\,v_{t-1} + (1-\rho)\,g_t^2`,
    doc`\delta_t = \frac{\sqrt{a_{t-1} + \epsilon}}{\sqrt{v_t + \epsilon}}\,g_t,\quad a_t = \rho\,a_{t-1} + (1-\rho)\,\delta_t^2`,
    doc`\theta_t = \theta_{t-1} - \gamma\,\delta_t`,
  ],
  paper: doc`Zeiler, "ADADELTA: an adaptive learning rate method", 2012, arXiv 1212.5701`,
})

/** Adadelta: scales the step by the root mean square of past updates. */
export class Adadelta extends ElementwiseOptimizer<AdadeltaOptions> {
  static readonly declaration: AnyRule = adadelta

  constructor(params: Params<AdadeltaOptions>, options: Partial<AdadeltaOptions> = {}) {
    super(adadelta, params, options)
  }
}
