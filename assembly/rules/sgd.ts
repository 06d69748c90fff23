import { isOn, mulAdd } from '../lanes'
import { Rule } from '../sweep'
import { linearGradient } from './gradient'

export class SGD<Momentum, Nesterov, Decay> extends Rule {
  step<E>(
    p: usize, g: usize, momentumBuffer: usize,
    weightDecay: v128, lr: v128, momentum: v128, keep: v128, gain: v128,
  ): void {
    const param = v128.load(p)
    let grad = linearGradient<E, Decay>(g, param, weightDecay)
    if (isOn<Momentum>()) {
      const buffer = mulAdd<E>(keep, v128.load(momentumBuffer), v128.mul<E>(gain, grad))
      v128.store(momentumBuffer, buffer)
      grad = isOn<Nesterov>() ? mulAdd<E>(momentum, buffer, grad) : buffer
    }
    v128.store(p, v128.sub<E>(param, v128.mul<E>(lr, grad)))
  }
}
