import { Rule } from '../sweep'
import { gradient } from './gradient'
import { meanSquare } from './moments'

export class Adadelta<Decay> extends Rule {
  step<E>(
    p: usize, g: usize, squareAvg: usize, accDelta: usize,
    weightDecay: v128, lr: v128, keep: v128, gain: v128, eps: v128,
  ): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const square = meanSquare<E>(squareAvg, grad, keep, gain)
    const ratio = v128.div<E>(v128.sqrt<E>(v128.add<E>(v128.load(accDelta), eps)), v128.sqrt<E>(v128.add<E>(square, eps)))
    const delta = v128.mul<E>(ratio, grad)
    meanSquare<E>(accDelta, delta, keep, gain)
    v128.store(p, v128.sub<E>(param, v128.mul<E>(lr, delta)))
  }
}
