import { fusedMulAdd, isOn, mulAdd } from '../lanes'

/**
 * The gradient at g: `sign` is −1 to maximize, and with Decay `weightDecay`·p joins it, after the sign and before any moment. Rules that
 * divide it by its own size need the sum rounded once, as torch has it: where it cancels, the rest decides which way to go.
 */
// @ts-ignore: decorator
@inline export function gradient<E, Decay>(g: usize, param: v128, sign: v128, weightDecay: v128): v128 {
  const grad = v128.mul<E>(v128.load(g), sign)
  return isOn<Decay>() ? fusedMulAdd<E>(weightDecay, param, grad) : grad
}

/** The same for rules that are linear in it, for which the rest is as small as it is: a step of SGD with decay takes a third of the time. */
// @ts-ignore: decorator
@inline export function linearGradient<E, Decay>(g: usize, param: v128, sign: v128, weightDecay: v128): v128 {
  const grad = v128.mul<E>(v128.load(g), sign)
  return isOn<Decay>() ? mulAdd<E>(weightDecay, param, grad) : grad
}
