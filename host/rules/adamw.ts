import { ElementwiseOptimizer } from '../optimizer/elementwise.ts'
import type { Params } from '../optimizer/groups.ts'
import { type AnyRule, defineRule } from '../optimizer/rule.ts'
import { doc, fixed, number } from '../validation/options.ts'
import { type AdamOptions, adam } from './adam.ts'

/** Options of {@link AdamW}: those of Adam, except the flag that decouples weight decay. */
export type AdamWOptions = Omit<AdamOptions, 'decoupledWeightDecay'>

export const adamw = defineRule({
  ...adam,
  name: 'AdamW',
  options: {
    ...adam.options,
    weightDecay: number(1e-2, '[0, ∞]', doc`decoupled: shrinks the parameter by lr·weightDecay`),
    decoupledWeightDecay: fixed(true),
  },
  paper: doc`Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv 1711.05101`,
})

/** Adam with decoupled weight decay. */
export class AdamW extends ElementwiseOptimizer<AdamOptions> {
  static readonly declaration: AnyRule = adamw

  constructor(params: Params<AdamWOptions>, options: Partial<AdamWOptions> = {}) {
    super(adamw, params, options)
  }
}
