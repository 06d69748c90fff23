import { mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { gradient } from './gradient'

export class Adagrad<Decay> extends Rule {
  step<E>(p: usize, g: usize, sum: usize, weightDecay: v128, stepSize: v128, eps: v128): void {
    const param = v128.load(p)
    const grad = gradient<E, Decay>(g, param, weightDecay)
    const total = mulAdd<E>(grad, grad, v128.load(sum))
    v128.store(sum, total)
    const root = v128.add<E>(v128.sqrt<E>(total), eps)
    v128.store(p, v128.sub<E>(param, v128.div<E>(v128.mul<E>(stepSize, grad), root)))
  }
}
