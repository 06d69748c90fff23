import { fusedMulAdd, isOn, mulAdd } from '../lanes'

/**
 * The gradient at g, which weightDecay·p joins with Decay, before any moment. Rules that divide it by its own size need the sum rounded once,
 * as torch has it: where it cancels, the rest decides which way to go.
 */
@inline export function gradient<E, Decay>(g: usize, param: v128, weightDecay: v128): v128 {
  return isOn<Decay>() ? fusedMulAdd<E>(weightDecay, param, v128.load(g)) : v128.load(g)
}

/** The same for rules that are linear in it, for which the rest is as small as it is: a step of SGD with decay takes a third of the time. */
@inline export function linearGradient<E, Decay>(g: usize, param: v128, weightDecay: v128): v128 {
  return isOn<Decay>() ? mulAdd<E>(weightDecay, param, v128.load(g)) : v128.load(g)
}
