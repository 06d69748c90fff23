import { mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'
import { mean, meanSquare } from './moments'

/** FromEnd: β₁ ≤ ½, see `lerp`. */
export class NAdam<Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expAvgSq: usize,
    weightDecay: v128, shrink: v128, gain1: v128, keep2: v128, gain2: v128,
    unbias: v128, eps: v128, gradStep: v128, meanStep: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const first = mean<E, FromEnd>(expAvg, grad, gain1)
    const second = meanSquare<E>(expAvgSq, grad, keep2, gain2)
    const root = mulAdd<E>(v128.sqrt<E>(second), unbias, eps)
    const towardsGrad = v128.sub<E>(v128.mul<E>(param, shrink), v128.div<E>(v128.mul<E>(gradStep, grad), root))
    v128.store(p, v128.sub<E>(towardsGrad, v128.div<E>(v128.mul<E>(meanStep, first), root)))
  }
}
