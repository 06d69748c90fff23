import { isOn, mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { linearGradient } from './gradient'

/** Copy: averaging has not started, and ax equals the parameter. */
export class ASGD<Copy, Decay> extends Rule {
  step<E>(
    p: usize, g: usize, ax: usize,
    weightDecay: v128, shrink: v128, eta: v128, mu: v128,
  ): void {
    const before = v128.load(p)
    const grad = linearGradient<E, Decay>(g, before, weightDecay)
    const param = v128.sub<E>(v128.mul<E>(before, shrink), v128.mul<E>(eta, grad))
    v128.store(p, param)
    if (isOn<Copy>()) {
      v128.store(ax, param)
    } else {
      const average = v128.load(ax)
      v128.store(ax, mulAdd<E>(v128.sub<E>(param, average), mu, average))
    }
  }
}
