import { fusedMulAdd, isOn, mulAdd } from '../lanes'

/**
 * The gradient at g; with Decay plus weightDecay·p, before any moment. Rules that divide it by its own size need the sum rounded once, as in
 * torch, because where the sum cancels, its remainder determines the direction.
 */
@inline export function gradient<E, Decay>(g: usize, param: v128, weightDecay: v128): v128 {
  return isOn<Decay>() ? fusedMulAdd<E>(weightDecay, param, v128.load(g)) : v128.load(g)
}

/** The gradient for rules that are linear in it, where the remainder is negligible: a step of SGD with decay takes a third of the time. */
@inline export function linearGradient<E, Decay>(g: usize, param: v128, weightDecay: v128): v128 {
  return isOn<Decay>() ? mulAdd<E>(weightDecay, param, v128.load(g)) : v128.load(g)
}
