/**
 * Reductions over one axis of x, viewed as [outer, n, stride], in the order of the axis, for the first `inner` of `stride` columns. Sums
 * accumulate in f64 for every E.
 */
import { foldArray, pair, Sum } from '../fold'
import { splat } from '../lanes'

@inline function joined<Max>(a: v128, b: v128): v128 {
  return idof<Max>() == idof<Sum>() ? v128.add<f64>(a, b) : v128.max<f64>(a, b)
}

/** Stores the first `count` (1 or 2) of two f64 lanes as E. */
@inline function storePair<E>(to: usize, value: v128, count: usize): void {
  if (sizeof<E>() == 4) {
    const single = f32x4.demote_f64x2_zero(value)
    if (count == 1) v128.store_lane<i32>(to, single, 0)
    else v128.store_lane<i64>(to, single, 0)
  } else if (count == 1) v128.store_lane<i64>(to, value, 0)
  else v128.store(to, value)
}

/** Reduces `inner` columns of [n, stride], eight and then two at a time. Overruns x by less than 16 bytes. */
function columns<Kind, E>(n: usize, inner: usize, stride: usize, out: usize, x: usize, start: f64, scale: f64): void {
  const factor = splat<f64>(scale)
  let i: usize = 0
  for (; i + 8 <= inner; i += 8, x += 8 * sizeof<E>(), out += 8 * sizeof<E>()) {
    let s0 = splat<f64>(start), s1 = s0, s2 = s0, s3 = s0
    for (let at = x, end = at + n * stride; at < end; at += stride) {
      s0 = joined<Kind>(s0, pair<E>(at, 0))
      s1 = joined<Kind>(s1, pair<E>(at, 1))
      s2 = joined<Kind>(s2, pair<E>(at, 2))
      s3 = joined<Kind>(s3, pair<E>(at, 3))
    }
    storePair<E>(out, v128.mul<f64>(s0, factor), 2)
    storePair<E>(out + 2 * sizeof<E>(), v128.mul<f64>(s1, factor), 2)
    storePair<E>(out + 4 * sizeof<E>(), v128.mul<f64>(s2, factor), 2)
    storePair<E>(out + 6 * sizeof<E>(), v128.mul<f64>(s3, factor), 2)
  }
  for (; i < inner; i += 2, x += 2 * sizeof<E>(), out += 2 * sizeof<E>()) {
    let sum = splat<f64>(start)
    for (let at = x, end = at + n * stride; at < end; at += stride) sum = joined<Kind>(sum, pair<E>(at, 0))
    storePair<E>(out, v128.mul<f64>(sum, factor), min(inner - i, 2))
  }
}

/** out[outer, stride] = scale·Σ x[outer, k, stride] */
export function sumAxis<E>(outer: usize, n: usize, inner: usize, stride: usize, out: usize, x: usize, scale: f64): void {
  const row = stride * sizeof<E>()
  for (; outer > 0; outer--, out += row, x += n * row) {
    if (stride == 1) store<E>(out, <E>(scale * foldArray<Sum, E>(n, x, x, 0)))
    else columns<Sum, E>(n, inner, row, out, x, 0, scale)
  }
}

class Max {}

/** out[outer, stride] = maximum of x[outer, k, stride]; NaN if there is one. */
export function maxAxis<E>(outer: usize, n: usize, inner: usize, stride: usize, out: usize, x: usize): void {
  const row = stride * sizeof<E>()
  for (; outer > 0; outer--, out += row, x += n * row) {
    if (stride == 1) {
      let greatest = -Infinity
      for (let k: usize = 0; k < n; k++) greatest = max(greatest, <f64>load<E>(x + k * sizeof<E>()))
      store<E>(out, <E>greatest)
    } else columns<Max, E>(n, inner, row, out, x, -Infinity, 1)
  }
}
