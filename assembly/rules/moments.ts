import { lerp, mulAdd } from '../lanes'

/** Moves the mean at an address towards a value by `gain`, and returns it. FromEnd: the gain is at least ½, see `lerp`. */
@inline export function mean<E, FromEnd>(at: usize, value: v128, gain: v128): v128 {
  const moved = lerp<E, FromEnd>(v128.load(at), value, gain)
  v128.store(at, moved)
  return moved
}

/** Updates the mean square v at an address to keep·v + gain·x², and returns it. */
@inline export function meanSquare<E>(at: usize, x: v128, keep: v128, gain: v128): v128 {
  const moved = mulAdd<E>(v128.load(at), keep, v128.mul<E>(v128.mul<E>(gain, x), x))
  v128.store(at, moved)
  return moved
}
