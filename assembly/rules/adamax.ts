import { Rule } from '../sweep'
import { gradient } from './gradient'
import { mean } from './moments'

/** FromEnd: β₁ ≤ ½, see `lerp`. */
export class Adamax<Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expInf: usize,
    weightDecay: v128, gain1: v128, keep2: v128, eps: v128, stepSize: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const first = mean<E, FromEnd>(expAvg, grad, gain1)
    const most = v128.max<E>(v128.mul<E>(v128.load(expInf), keep2), v128.add<E>(v128.abs<E>(grad), eps))
    v128.store(expInf, most)
    v128.store(p, v128.sub<E>(param, v128.div<E>(v128.mul<E>(stepSize, first), most)))
  }
}
