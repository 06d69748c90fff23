import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, defineRule } from '../optimizer/rule.ts'
import { doc, fixed, number } from '../validation/options.ts'
import { type AdamOptions, adam } from './adam.ts'

/** Options of {@link AdamW}: those of Adam, without the flag that makes it AdamW. */
export type AdamWOptions = Omit<AdamOptions, 'decoupledWeightDecay'>

export const adamw = defineRule({
  ...adam,
  name: 'AdamW',
  options: {
    ...adam.options,
    weightDecay: number(1e-2, '[0, ∞]', doc`the parameter shrinks by lr·weightDecay, whatever its gradient`),
    decoupledWeightDecay: fixed(true),
  },
  paper: doc`Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv 1711.05101`,
})

/** Adam with weight decay of its own, apart from the gradient. */
export class AdamW extends ElementwiseOptimizer<AdamOptions> {
  static readonly declaration: AnyRule = adamw

  constructor(params: Params<AdamWOptions>, options: Partial<AdamWOptions> = {}) {
    super(adamw, params, options)
  }
}
