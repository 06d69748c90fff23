/**
 * The only reduction loop. A fold accumulates in f64 lanes for every E, so that the square of a float32 cannot overflow, and in a fixed
 * order: elements 8i + 2k and 8i + 2k + 1 go to the lanes of accumulator k, and the eight lanes are added pairwise, neighbors first.
 * Elements past the end are masked to 0.
 */
import { mulAdd, splat } from './lanes'
import { exp, log } from './portable'

/** Like a rule (sweep.ts), a fold has no fields and is never subclassed. Its neutral element is 0. */
export abstract class Fold {
  /** Returns the accumulator with two more elements x (and y, in a fold over two arrays). */
  take(sum: v128, x: v128, y: v128, order: v128): v128 {
    unreachable()
    return sum
  }
  join(a: v128, b: v128): v128 {
    unreachable()
    return a
  }
}

/** Loads elements 2k and 2k + 1 at an address as f64. */
@inline export function pair<E>(address: usize, k: usize): v128 {
  return sizeof<E>() == 4 ? f64x2.promote_low_f32x4(v128.load64_zero(address + 8 * k)) : v128.load(address + 16 * k)
}

/** Returns a mask of the lanes below `count`, for a pair that starts at element 2k. */
@inline function below(count: i64, k: i64): v128 {
  return i64x2.gt_s(i64x2.splat(count - 2 * k), i64x2(0, 1))
}

/** Reduces one array. */
export function foldArray<F extends Fold, E>(elements: usize, x: usize, y: usize, order: f64): f64 {
  const rule = changetype<F>(0)
  const p = splat<f64>(order)
  let s0 = splat<f64>(0), s1 = s0, s2 = s0, s3 = s0
  for (const stop = x + (elements >> 3) * 8 * sizeof<E>(); x < stop; x += 8 * sizeof<E>(), y += 8 * sizeof<E>()) {
    s0 = rule.take(s0, pair<E>(x, 0), pair<E>(y, 0), p)
    s1 = rule.take(s1, pair<E>(x, 1), pair<E>(y, 1), p)
    s2 = rule.take(s2, pair<E>(x, 2), pair<E>(y, 2), p)
    s3 = rule.take(s3, pair<E>(x, 3), pair<E>(y, 3), p)
  }
  const left = <i64>(elements & 7)
  if (left != 0) {
    const m0 = below(left, 0), m1 = below(left, 1), m2 = below(left, 2), m3 = below(left, 3)
    s0 = rule.take(s0, v128.and(pair<E>(x, 0), m0), v128.and(pair<E>(y, 0), m0), p)
    s1 = rule.take(s1, v128.and(pair<E>(x, 1), m1), v128.and(pair<E>(y, 1), m1), p)
    s2 = rule.take(s2, v128.and(pair<E>(x, 2), m2), v128.and(pair<E>(y, 2), m2), p)
    s3 = rule.take(s3, v128.and(pair<E>(x, 3), m3), v128.and(pair<E>(y, 3), m3), p)
  }
  const low = rule.join(v128.shuffle<f64>(s0, s1, 0, 2), v128.shuffle<f64>(s0, s1, 1, 3))
  const high = rule.join(v128.shuffle<f64>(s2, s3, 0, 2), v128.shuffle<f64>(s2, s3, 1, 3))
  const halves = rule.join(v128.shuffle<f64>(low, high, 0, 2), v128.shuffle<f64>(low, high, 1, 3))
  return f64x2.extract_lane(rule.join(halves, v128.shuffle<f64>(halves, halves, 1, 0)), 0)
}

/** Bytes of an entry of a fold's table: u32 element count and the addresses x and y. */
const ENTRY: usize = 12

/** Reduces each of `count` arrays; writes the f64 results to `out`. */
@inline function foldTable<F extends Fold, E>(table: usize, count: usize, out: usize, order: f64): void {
  for (const end = table + count * ENTRY; table < end; table += ENTRY, out += 8) {
    store<f64>(out, foldArray<F, E>(load<u32>(table), load<u32>(table, 4), load<u32>(table, 8), order))
  }
}

export class Sum extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    return v128.add<f64>(sum, x)
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

export class Dot extends Fold {
  take(sum: v128, x: v128, y: v128, _order: v128): v128 {
    return mulAdd<f64>(x, y, sum)
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

export class SquaredNorm extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    return mulAdd<f64>(x, x, sum)
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

class SquaredDifference extends Fold {
  take(sum: v128, x: v128, y: v128, _order: v128): v128 {
    const difference = v128.sub<f64>(x, y)
    return v128.add<f64>(sum, v128.mul<f64>(difference, difference))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

class AbsSum extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    return v128.add<f64>(sum, v128.abs<f64>(x))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

/** |x|^order for order > 0, as e^(order·ln |x|). */
class PowerSum extends Fold {
  take(sum: v128, x: v128, _y: v128, order: v128): v128 {
    return v128.add<f64>(sum, exp<f64>(v128.mul<f64>(order, log<f64>(v128.abs<f64>(x)))))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

class NonZero extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    return v128.add<f64>(sum, v128.and(splat<f64>(1), v128.ne<f64>(x, splat<f64>(0))))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

/** Propagates NaN, as torch's infinity norm does. */
class AbsMax extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    return v128.max<f64>(sum, v128.abs<f64>(x))
  }
  join(a: v128, b: v128): v128 {
    return v128.max<f64>(a, b)
  }
}

class NonFinite extends Fold {
  take(sum: v128, x: v128, _y: v128, _order: v128): v128 {
    const finite = v128.lt<f64>(v128.abs<f64>(x), splat<f64>(Infinity))
    return v128.add<f64>(sum, v128.andnot(splat<f64>(1), finite))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

/** Σ xy of each entry. */
export function dot<E>(table: usize, count: usize, out: usize): void {
  foldTable<Dot, E>(table, count, out, 0)
}

/** Σ x² of each entry. */
export function squaredNorm<E>(table: usize, count: usize, out: usize): void {
  foldTable<SquaredNorm, E>(table, count, out, 0)
}

/** Σ (x − y)² of each entry. */
export function squaredDistance<E>(table: usize, count: usize, out: usize): void {
  foldTable<SquaredDifference, E>(table, count, out, 0)
}

/** Σ |x| of each entry. */
export function absSum<E>(table: usize, count: usize, out: usize): void {
  foldTable<AbsSum, E>(table, count, out, 0)
}

/** Σ |x|^order of each entry, order > 0. */
export function powerSum<E>(table: usize, count: usize, out: usize, order: f64): void {
  foldTable<PowerSum, E>(table, count, out, order)
}

/** Number of nonzero elements of each entry. */
export function nonZero<E>(table: usize, count: usize, out: usize): void {
  foldTable<NonZero, E>(table, count, out, 0)
}

/** Largest |x| of each entry. */
export function absMax<E>(table: usize, count: usize, out: usize): void {
  foldTable<AbsMax, E>(table, count, out, 0)
}

/** Number of NaN or infinite elements of each entry. */
export function nonFinite<E>(table: usize, count: usize, out: usize): void {
  foldTable<NonFinite, E>(table, count, out, 0)
}
