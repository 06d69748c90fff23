import { fusedMulAdd, isOn, mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'
import { mean } from './moments'

/** FromEnd: α ≤ ½, see `lerp`. Like torch, it does not limit v − h² to 0. */
export class RMSprop<Centered, Momentum, Decay, FromEnd> extends Rule {
  step<E>(
    p: usize, g: usize, squareAvg: usize, momentumBuffer: usize, gradAvg: usize,
    weightDecay: v128, lr: v128, keep: v128, gain: v128, weight: v128, eps: v128, momentum: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const kept = v128.mul<E>(v128.load(squareAvg), keep), gained = v128.mul<E>(gain, grad)
    // The difference below may cancel almost completely.
    let square = isOn<Centered>() ? fusedMulAdd<E>(gained, grad, kept) : mulAdd<E>(gained, grad, kept)
    v128.store(squareAvg, square)
    if (isOn<Centered>()) {
      const first = mean<E, FromEnd>(gradAvg, grad, weight)
      square = fusedMulAdd<E>(v128.neg<E>(first), first, square)
    }
    const root = v128.add<E>(v128.sqrt<E>(square), eps)
    if (isOn<Momentum>()) {
      const buffer = mulAdd<E>(v128.load(momentumBuffer), momentum, v128.div<E>(grad, root))
      v128.store(momentumBuffer, buffer)
      v128.store(p, v128.sub<E>(param, v128.mul<E>(lr, buffer)))
    } else {
      v128.store(p, v128.sub<E>(param, v128.div<E>(v128.mul<E>(lr, grad), root)))
    }
  }
}
