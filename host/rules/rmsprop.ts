import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, coupled, defineRule, eps, fromEnd, lerpWeight, lr } from '../optimizer/rule.ts'
import { doc, flag, number, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-2),
  momentum: number(0, '[0, ∞]', doc`momentum factor`),
  alpha: number(0.99, '[0, ∞]', doc`decay of the mean square`),
  eps: eps(1e-8),
  centered: flag(false, doc`divide by the standard deviation instead of the root mean square`),
  weightDecay: coupled.weightDecay(),
  capturable: torchFlag(false),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
  differentiable: torchFlag(false),
}

export type RMSpropOptions = Values<typeof options>

export const rmsprop = defineRule({
  name: 'RMSprop',
  kernel: kernels.RMSprop,
  options,
  state: { squareAvg: always, momentumBuffer: (o) => o.momentum > 0, gradAvg: (o) => o.centered },
  flags: {
    ...coupled.flags,
    centered: (o) => o.centered,
    momentum: (o) => o.momentum > 0,
    fromEnd: (o) => fromEnd(o.alpha),
  },
  uniforms: {
    ...coupled.uniforms,
    lr: (o) => o.lr,
    keep: (o) => o.alpha,
    gain: (o) => 1 - o.alpha,
    weight: (o) => lerpWeight(o.alpha),
    eps: (o) => o.eps,
    momentum: (o) => o.momentum,
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`v_t = \alpha\,v_{t-1} + (1-\alpha)\,g_t^2`,
    doc`h_t = \alpha\,h_{t-1} + (1-\alpha)\,g_t,\quad \tilde v_t = v_t - h_t^2 \text{ (centered)},\quad \tilde v_t = v_t \text{ (otherwise)}`,
    doc`b_t = \mu\,b_{t-1} + \frac{g_t}{\sqrt{\tilde v_t} + \epsilon},\quad \theta_t = \theta_{t-1} - \gamma\,b_t`,
  ],
  paper: doc`Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera 2012; centered: Graves, arXiv 1308.0850`,
})

/** RMSprop: divides the gradient by its root mean square. */
export class RMSprop extends ElementwiseOptimizer<RMSpropOptions> {
  static readonly declaration: AnyRule = rmsprop

  constructor(params: Params<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    super(rmsprop, params, options)
  }
}
