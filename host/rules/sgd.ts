import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { Rows } from '../optimizer/rows.ts'
import { type AnyRule, coupled, defineRule, lr } from '../optimizer/rule.ts'
import { doc, flag, number, torchFlag, type Values } from '../validation/options.ts'
import * as kernels from '../wasm/generated/kernels.ts'

const options = {
  lr: lr(1e-3),
  momentum: number(0, '[0, ∞]', doc`momentum factor`),
  dampening: number(0, '[-∞, ∞]', doc`fraction of the gradient left out of the momentum, except at the first step`),
  weightDecay: coupled.weightDecay(),
  nesterov: flag(false, doc`Nesterov momentum; needs momentum > 0 and dampening 0`),
  maximize: coupled.maximize,
  foreach: torchFlag(null),
  differentiable: torchFlag(false),
  fused: torchFlag(null),
}

export type SGDOptions = Values<typeof options>

export const sgd = defineRule({
  name: 'SGD',
  kernel: kernels.SGD,
  options,
  conflict: (o) => (o.nesterov && (o.momentum <= 0 || o.dampening !== 0) ? 'nesterov needs momentum > 0 and dampening 0' : undefined),
  uncounted: true,
  sparse: (o) => (o.weightDecay !== 0 ? 'refused' : o.momentum !== 0 ? 'dense' : 'rows'),
  rows: Rows,
  state: { momentumBuffer: (o) => o.momentum !== 0 },
  flags: {
    momentum: (o) => o.momentum !== 0,
    nesterov: (o) => o.nesterov,
    ...coupled.flags,
  },
  uniforms: {
    ...coupled.uniforms,
    lr: (o) => o.lr,
    momentum: (o) => o.momentum,
    keep: (o, t) => (t === 1 ? 0 : o.momentum),
    gain: (o, t) => (t === 1 ? 1 : 1 - o.dampening),
  },
  math: [
    doc`g_t \leftarrow \nabla f_t(\theta_{t-1}) + \lambda\,\theta_{t-1}`,
    doc`b_1 = g_1,\quad b_t = \mu\,b_{t-1} + (1-\tau)\,g_t`,
    doc`u_t = g_t + \mu\,b_t \text{ (nesterov)},\quad u_t = b_t \text{ (momentum)},\quad u_t = g_t \text{ (neither)}`,
    doc`\theta_t = \theta_{t-1} - \gamma\,u_t`,
  ],
  paper: doc`Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013`,
})

/** Stochastic gradient descent, with momentum and Nesterov momentum. */
export class SGD extends ElementwiseOptimizer<SGDOptions> {
  static readonly declaration: AnyRule = sgd

  constructor(params: Params<SGDOptions>, options: Partial<SGDOptions> = {}) {
    super(sgd, params, options)
  }
}
