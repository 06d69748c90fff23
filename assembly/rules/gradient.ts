import { fusedMulAdd, isOn } from '../lanes'

/** The gradient at g: `sign` is −1 to maximize, and with Decay `weightDecay`·p joins it, after the sign and before any moment. */
// @ts-ignore: decorator
@inline export function gradient<E, Decay>(g: usize, param: v128, sign: v128, weightDecay: v128): v128 {
  const grad = v128.mul<E>(v128.load(g), sign)
  return isOn<Decay>() ? fusedMulAdd<E>(weightDecay, param, grad) : grad
}
