import { mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'

export class Adadelta<Decay> extends Rule {
  step<E>(
    p: usize, g: usize, squareAvg: usize, accDelta: usize,
    sign: v128, weightDecay: v128, lr: v128, keep: v128, gain: v128, eps: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, sign, weightDecay)
    const square = mulAdd<E>(v128.load(squareAvg), keep, v128.mul<E>(v128.mul<E>(gain, grad), grad))
    v128.store(squareAvg, square)
    const accumulated = v128.load(accDelta)
    const ratio = v128.div<E>(v128.sqrt<E>(v128.add<E>(accumulated, eps)), v128.sqrt<E>(v128.add<E>(square, eps)))
    const delta = v128.mul<E>(ratio, grad)
    v128.store(accDelta, mulAdd<E>(accumulated, keep, v128.mul<E>(v128.mul<E>(gain, delta), delta)))
    v128.store(p, v128.sub<E>(param, v128.mul<E>(lr, delta)))
  }
}
