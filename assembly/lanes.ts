/**
 * Arithmetic on one vector (v128) of E = f32 (four lanes) or f64 (two lanes).
 * Strict IEEE operations only: relaxed multiply-add rounds once on some machines and twice on others.
 */

/** The two values of a flag that is a type parameter of a rule: each combination compiles to its own kernel. */
export class On {}
export class Off {}

// @ts-ignore: decorator
@inline export function isOn<Flag>(): bool {
  return idof<Flag>() == idof<On>();
}

// @ts-ignore: decorator
@inline export function splat<E>(value: f64): v128 {
  return v128.splat<E>(<E>value);
}

/** The i-th value of a table of E, in every lane. */
// @ts-ignore: decorator
@inline export function loadSplat<E>(table: usize, i: usize): v128 {
  return v128.load_splat<E>(table + i * sizeof<E>());
}

/** a·b + c, rounded twice. */
// @ts-ignore: decorator
@inline export function mulAdd<E>(a: v128, b: v128, c: v128): v128 {
  return v128.add<E>(v128.mul<E>(a, b), c);
}

/** a where the mask is set, else b. */
// @ts-ignore: decorator
@inline export function select(mask: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, mask);
}

/**
 * start + weight·(end − start). torch measures from the other end where weight ≥ ½, which is exact at weight 1;
 * FromEnd is that form, with `weight` = −(1 − weight).
 */
// @ts-ignore: decorator
@inline export function lerp<E, FromEnd>(start: v128, end: v128, weight: v128): v128 {
  return v128.add<E>(isOn<FromEnd>() ? end : start, v128.mul<E>(weight, v128.sub<E>(end, start)));
}

/** Stores the first `bytes` (a multiple of 4, below 16) of a vector, and nothing beside them. */
// @ts-ignore: decorator
@inline export function storeFirst(to: usize, vector: v128, bytes: usize): void {
  if (bytes & 8) {
    v128.store_lane<i64>(to, vector, 0)
    if (bytes & 4) v128.store_lane<i32>(to, vector, 2, 8)
  } else if (bytes & 4) {
    v128.store_lane<i32>(to, vector, 0)
  }
}

/** All bits of the lanes below `count`. */
// @ts-ignore: decorator
@inline export function firstLanes<E>(count: usize): v128 {
  return sizeof<E>() == 4
    ? i32x4.gt_s(i32x4.splat(<i32>count), i32x4(0, 1, 2, 3))
    : i64x2.gt_s(i64x2.splat(<i64>count), i64x2(0, 1))
}
