import { lerp, mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'

/** FromEnd: β₁ ≤ ½, see `lerp`. */
export class NAdam<Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expAvgSq: usize,
    sign: v128, weightDecay: v128, shrink: v128, gain1: v128, keep2: v128, gain2: v128,
    unbias: v128, eps: v128, gradStep: v128, meanStep: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, sign, weightDecay)
    const mean = lerp<E, FromEnd>(v128.load(expAvg), grad, gain1)
    v128.store(expAvg, mean)
    const square = mulAdd<E>(v128.load(expAvgSq), keep2, v128.mul<E>(v128.mul<E>(gain2, grad), grad))
    v128.store(expAvgSq, square)
    const root = mulAdd<E>(v128.sqrt<E>(square), unbias, eps)
    const towardsGrad = v128.sub<E>(v128.mul<E>(param, shrink), v128.div<E>(v128.mul<E>(gradStep, grad), root))
    v128.store(p, v128.sub<E>(towardsGrad, v128.div<E>(v128.mul<E>(meanStep, mean), root)))
  }
}
