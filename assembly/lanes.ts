/**
 * Arithmetic on one vector (v128) of E = f32 (four lanes) or f64 (two lanes).
 * Strict IEEE operations only: relaxed multiply-add rounds once on some machines and twice on others.
 */

/** The two values of a flag that is a type parameter of a rule. Each combination compiles to its own kernel. */
export class On {}
export class Off {}

@inline export function isOn<Flag>(): bool {
  return idof<Flag>() == idof<On>();
}

@inline export function isSingle<E>(): bool {
  return sizeof<E>() == 4
}

@inline export function splat<E>(value: f64): v128 {
  return v128.splat<E>(<E>value);
}

/** Returns value i of a table of E, in every lane. */
@inline export function loadSplat<E>(table: usize, i: usize): v128 {
  return v128.load_splat<E>(table + i * sizeof<E>());
}

/** a·b + c, rounded twice. */
@inline export function mulAdd<E>(a: v128, b: v128, c: v128): v128 {
  return v128.add<E>(v128.mul<E>(a, b), c);
}

/**
 * a·b + c for f32, rounded almost only once: in f64, where the product is exact. For sums that may cancel, which torch fuses. For f64 it is
 * `mulAdd`.
 */
@inline export function fusedMulAdd<E>(a: v128, b: v128, c: v128): v128 {
  if (sizeof<E>() == 8) return mulAdd<E>(a, b, c)
  const low = mulAdd<f64>(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b), f64x2.promote_low_f32x4(c))
  return demote(low, mulAdd<f64>(promoteHigh(a), promoteHigh(b), promoteHigh(c)))
}

/** The upper two of four f32 as f64. */
@inline export function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 1))
}

/** Two f64 and two more, rounded to four f32. */
@inline export function demote(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2)
}

/** a where the mask is set, else b. */
@inline export function select(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/**
 * start + weight·(end − start). torch computes from the other end if weight ≥ ½, which is exact at weight 1; FromEnd selects that form,
 * with `weight` = −(1 − weight).
 */
@inline export function lerp<E, FromEnd>(start: v128, end: v128, weight: v128): v128 {
  return v128.add<E>(isOn<FromEnd>() ? end : start, v128.mul<E>(weight, v128.sub<E>(end, start)));
}

/** Stores the first `bytes` (a multiple of 4, below 16) of a vector, and nothing beyond them. */
@inline export function storeFirst(to: usize, vector: v128, bytes: usize): void {
  if (bytes & 8) {
    v128.store_lane<i64>(to, vector, 0)
    if (bytes & 4) v128.store_lane<i32>(to, vector, 2, 8)
  } else if (bytes & 4) {
    v128.store_lane<i32>(to, vector, 0)
  }
}

/** Returns a mask of the lanes below `count`. */
@inline export function firstLanes<E>(count: usize): v128 {
  return sizeof<E>() == 4
    ? i32x4.gt_s(i32x4.splat(<i32>count), i32x4(0, 1, 2, 3))
    : i64x2.gt_s(i64x2.splat(<i64>count), i64x2(0, 1))
}

/** 1, −1 or 0; 0 for NaN, as in torch. */
@inline export function signOf<E>(x: v128): v128 {
  const one = splat<E>(1)
  const zero = splat<E>(0)
  return v128.sub<E>(v128.and(v128.gt<E>(x, zero), one), v128.and(v128.lt<E>(x, zero), one))
}
