import { isOn, mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'
import { mean, meanSquare } from './moments'

/** Adam and AdamW, whose decay is the uniform `shrink` = 1 − lr·weightDecay. FromEnd: β₁ ≤ ½, see `lerp`. */
export class Adam<Amsgrad, Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expAvgSq: usize, maxExpAvgSq: usize,
    weightDecay: v128, shrink: v128, gain1: v128, keep2: v128, gain2: v128,
    stepSize: v128, unbias: v128, eps: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const first = mean<E, FromEnd>(expAvg, grad, gain1)
    let second = meanSquare<E>(expAvgSq, grad, keep2, gain2)
    if (isOn<Amsgrad>()) {
      second = v128.max<E>(v128.load(maxExpAvgSq), second)
      v128.store(maxExpAvgSq, second)
    }
    const root = mulAdd<E>(v128.sqrt<E>(second), unbias, eps)
    v128.store(p, v128.sub<E>(v128.mul<E>(param, shrink), v128.div<E>(v128.mul<E>(stepSize, first), root)))
  }
}
