import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, always, coupled, defineRule, lr } from '../optimizer/rule.ts'
import { doc, pair, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-2),
  etas: pair([0.5, 1.2], ['(0, 1)', '(1, ∞]'], doc`factors of the step size after a change of sign, and without one`),
  stepSizes: pair([1e-6, 50], ['[-∞, ∞]', '[-∞, ∞]'], doc`minimum and maximum step size`),
  capturable: torchFlag(false),
  foreach: torchFlag(null),
  maximize: coupled.maximize,
  differentiable: torchFlag(false),
}

export type RpropOptions = Values<typeof options>

export const rprop = defineRule({
  name: 'Rprop',
  kernel: kernels.Rprop,
  options,
  state: { prev: always, stepSize: always },
  // Only the first step reads lr: schedulers have no effect afterwards, as in torch.
  initial: { stepSize: (o) => o.lr },
  flags: {},
  uniforms: {
    shrink: (o) => o.etas[0],
    grow: (o) => o.etas[1],
    least: (o) => o.stepSizes[0],
    most: (o) => o.stepSizes[1],
  },
  math: [
    doc`s_t = g_t\,g_{t-1},\quad \eta_t = \mathrm{clip}\!\left(\eta_{t-1}\cdot\begin{cases}\eta_+ & s_t > 0\\ \eta_- & s_t < 0\\ 1 & s_t = 0\end{cases}\right)`,
    doc`g_t \leftarrow 0 \text{ where } s_t < 0`,
    doc`\theta_t = \theta_{t-1} - \eta_t\,\mathrm{sign}(g_t)`,
  ],
  paper: doc`Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", ICNN 1993`,
})

/** Rprop: a step size per element, which grows while the gradient keeps its sign. For full batches. */
export class Rprop extends ElementwiseOptimizer<RpropOptions> {
  static readonly declaration: AnyRule = rprop

  constructor(params: Params<RpropOptions>, options: Partial<RpropOptions> = {}) {
    super(rprop, params, options)
  }
}
