import { isOn } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'
import { mean, meanSquare } from './moments'

/** Rectified: the variance of the step is tractable, and divides it. FromEnd: β₁ ≤ ½, see `lerp`. */
export class RAdam<Rectified, Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expAvgSq: usize,
    weightDecay: v128, shrink: v128, gain1: v128, keep2: v128, gain2: v128, eps: v128, stepSize: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const first = mean<E, FromEnd>(expAvg, grad, gain1)
    const second = meanSquare<E>(expAvgSq, grad, keep2, gain2)
    let change = v128.mul<E>(stepSize, first)
    if (isOn<Rectified>()) change = v128.div<E>(change, v128.add<E>(v128.sqrt<E>(second), eps))
    v128.store(p, v128.sub<E>(v128.mul<E>(param, shrink), change))
  }
}
