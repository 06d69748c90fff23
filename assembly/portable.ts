/**
 * exp, log, tanh, sigmoid and softplus on lanes of E, from strict IEEE operations: bit-identical on every engine. docs/numerics.md has their
 * errors against a correctly rounded result, measured by tests/host/portable-kernels.test.ts. Denormal results are kept.
 *
 * The series are Taylor series, so that every constant is a simple fraction; the argument is reduced until they converge.
 */
import { isSingle, mulAdd, select, splat } from './lanes'

/** Adding and subtracting 1.5·2^(mantissa bits) rounds to the nearest integer, which is in the low bits in between. */
@inline function roundingShift<E>(): v128 {
  return splat<E>(isSingle<E>() ? 12582912.0 : 6755399441055744.0)
}

/** 2^n for integers n in rounding-shifted form, |n| within the exponent range. */
@inline function powerOfTwo<E>(shifted: v128): v128 {
  return isSingle<E>()
    ? i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(127 << 23))
    : i64x2.add(i64x2.shl(shifted, 52), i64x2.splat(1023 << 52))
}

/** ln 2 in two parts, the first so short that its multiples by an exponent are exact. */
@inline function ln2High<E>(): v128 {
  return splat<E>(isSingle<E>() ? 0.693359375 : 0.693147180369123816490)
}

@inline function ln2Low<E>(): v128 {
  return splat<E>(isSingle<E>() ? -2.12194440054690583e-4 : 1.90821492927058770002e-10)
}

/**
 * e^x = 2^n·e^r for r = x − n·ln 2; +0 and ∞ beyond the range, NaN for NaN. 2^n is applied in two factors, of which only the second rounds to
 * denormals.
 */
export function exp<E>(x: v128): v128 {
  const low = splat<E>(isSingle<E>() ? -104.0 : -746.0)
  const high = splat<E>(isSingle<E>() ? 89.0 : 710.0)
  const shift = roundingShift<E>()
  // Skips e^x where it is 0: a product that underflows costs x86 hundreds of cycles, and masks are full of −∞.
  const vanishes = v128.lt<E>(x, low)
  // pmin keeps NaN in its first operand, and is one instruction on x86, where min is six.
  const bounded = v128.pmin<E>(v128.andnot(x, vanishes), high)
  const n = v128.sub<E>(mulAdd<E>(bounded, splat<E>(1.44269504088896340736), shift), shift)
  // r = near − rest, where near is exact.
  const near = v128.sub<E>(bounded, v128.mul<E>(n, ln2High<E>()))
  const rest = v128.mul<E>(n, ln2Low<E>())
  const r = v128.sub<E>(near, rest)
  // Taylor series to r^7 (f32) or r^13 (f64): `sum` is 1/2! + r/3! + …
  let sum: v128
  if (isSingle<E>()) {
    sum = splat<E>(1.0 / 5040.0)
  } else {
    sum = splat<E>(1.0 / 6227020800.0)
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 479001600.0))
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 39916800.0))
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 3628800.0))
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 362880.0))
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 40320.0))
    sum = mulAdd<E>(sum, r, splat<E>(1.0 / 5040.0))
  }
  sum = mulAdd<E>(sum, r, splat<E>(1.0 / 720.0))
  sum = mulAdd<E>(sum, r, splat<E>(1.0 / 120.0))
  sum = mulAdd<E>(sum, r, splat<E>(1.0 / 24.0))
  sum = mulAdd<E>(sum, r, splat<E>(1.0 / 6.0))
  sum = mulAdd<E>(sum, r, splat<E>(0.5))
  // 1 + near + (r²·sum − rest), with the rounding error of the first addition added to the small part.
  const one = splat<E>(1)
  const leading = v128.add<E>(one, near)
  const lost = v128.sub<E>(near, v128.sub<E>(leading, one))
  const value = v128.add<E>(leading, v128.add<E>(v128.sub<E>(v128.mul<E>(v128.mul<E>(r, r), sum), rest), lost))
  const half = mulAdd<E>(n, splat<E>(0.5), shift)
  const other = v128.add<E>(v128.sub<E>(n, v128.sub<E>(half, shift)), shift)
  return v128.andnot(v128.mul<E>(v128.mul<E>(value, powerOfTwo<E>(half)), powerOfTwo<E>(other)), vanishes)
}

/**
 * 1 − 2/(e^2|x| + 1), and below 0.625 Lambert's continued fraction x/(1 + x²/(3 + x²/(5 + …))) to 9 (f32) or 17 (f64), as x minus the rest,
 * so that the leading term is exact. The two differ only in the quotient.
 */
export function tanh<E>(x: v128): v128 {
  const sign = v128.and(x, splat<E>(-0.0))
  const size = v128.xor(x, sign)
  const z = v128.mul<E>(x, x)
  let above: v128, below: v128
  if (isSingle<E>()) {
    above = mulAdd<E>(z, splat<E>(14), splat<E>(315))
    below = mulAdd<E>(mulAdd<E>(z, splat<E>(15), splat<E>(420)), z, splat<E>(945))
  } else {
    above = mulAdd<E>(z, splat<E>(44), splat<E>(12870))
    above = mulAdd<E>(above, z, splat<E>(810810))
    above = mulAdd<E>(above, z, splat<E>(11486475))
    below = mulAdd<E>(z, splat<E>(45), splat<E>(13860))
    below = mulAdd<E>(below, z, splat<E>(945945))
    below = mulAdd<E>(below, z, splat<E>(16216200))
    below = mulAdd<E>(below, z, splat<E>(34459425))
  }
  const near = v128.lt<E>(size, splat<E>(0.625))
  const rest = v128.div<E>(
    select(near, v128.mul<E>(v128.mul<E>(size, z), above), splat<E>(2)),
    select(near, below, v128.add<E>(exp<E>(v128.add<E>(size, size)), splat<E>(1))),
  )
  return v128.or(v128.sub<E>(select(near, size, splat<E>(1)), rest), sign)
}

/**
 * 1/(1 + w), for negative x w/(1 + w), with w = e^−|x|: neither form overflows, and both keep denormal results. The rounding error of 1 + w is
 * corrected: lost/(1 + w), to first order in w.
 */
export function sigmoid<E>(x: v128): v128 {
  const one = splat<E>(1)
  const w = exp<E>(v128.or(x, splat<E>(-0.0)))
  const sum = v128.add<E>(w, one)
  const lost = v128.sub<E>(w, v128.sub<E>(sum, one))
  const value = v128.div<E>(select(v128.lt<E>(x, splat<E>(0)), w, one), sum)
  return v128.sub<E>(value, v128.mul<E>(value, v128.mul<E>(lost, v128.sub<E>(one, w))))
}

/** k·ln 2 + ln(1 + f) with 1 + f in [√½, √2): ln(1 + f) = 2·artanh(s) for s = f/(2 + f). */
@inline function log1pReduced<E>(f: v128, k: v128): v128 {
  const s = v128.div<E>(f, v128.add<E>(f, splat<E>(2)))
  const z = v128.mul<E>(s, s)
  let sum: v128
  if (isSingle<E>()) {
    sum = splat<E>(2.0 / 11.0)
  } else {
    sum = splat<E>(2.0 / 23.0)
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 21.0))
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 19.0))
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 17.0))
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 15.0))
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 13.0))
    sum = mulAdd<E>(sum, z, splat<E>(2.0 / 11.0))
  }
  sum = mulAdd<E>(sum, z, splat<E>(2.0 / 9.0))
  sum = mulAdd<E>(sum, z, splat<E>(2.0 / 7.0))
  sum = mulAdd<E>(sum, z, splat<E>(2.0 / 5.0))
  sum = mulAdd<E>(sum, z, splat<E>(2.0 / 3.0))
  // ln(1 + f) = f − (f²/2 − s·(f²/2 + z·sum)): f is exact, so the leading term is exact.
  const square = v128.mul<E>(v128.mul<E>(f, f), splat<E>(0.5))
  const tail = mulAdd<E>(s, v128.add<E>(square, v128.mul<E>(z, sum)), v128.mul<E>(k, ln2Low<E>()))
  return v128.sub<E>(v128.mul<E>(k, ln2High<E>()), v128.sub<E>(v128.sub<E>(square, tail), f))
}

/** ln x = k·ln 2 + ln m with m in [√½, √2). −∞ at 0, NaN below. */
export function log<E>(x: v128): v128 {
  const smallest = isSingle<E>() ? 1.1754943508222875e-38 : 2.2250738585072014e-308
  const denormal = v128.lt<E>(x, splat<E>(smallest))
  const normal = select(denormal, v128.mul<E>(x, splat<E>(isSingle<E>() ? 33554432.0 : 18014398509481984.0)), x)
  const lift = v128.and(denormal, splat<E>(isSingle<E>() ? 25.0 : 54.0))
  let k: v128, m: v128
  if (isSingle<E>()) {
    const shifted = i32x4.add(normal, i32x4.splat(0x3f800000 - 0x3f3504f3))
    m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3))
    k = v128.sub<E>(v128.or(i32x4.shr_u(shifted, 23), splat<E>(8388608.0)), splat<E>(8388608.0 + 127.0))
  } else {
    const shifted = i64x2.add(normal, i64x2.splat(0x3ff0000000000000 - 0x3fe6a09e667f3bcd))
    m = i64x2.add(v128.and(shifted, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e667f3bcd))
    k = v128.sub<E>(v128.or(i64x2.shr_u(shifted, 52), splat<E>(4503599627370496.0)), splat<E>(4503599627370496.0 + 1023.0))
  }
  k = v128.sub<E>(k, lift)
  const value = log1pReduced<E>(v128.sub<E>(m, splat<E>(1)), k)
  const finite = v128.and(v128.gt<E>(x, splat<E>(0)), v128.lt<E>(x, splat<E>(Infinity)))
  const special = select(v128.eq<E>(x, splat<E>(0)), splat<E>(-Infinity), v128.sqrt<E>(x))
  return select(finite, value, special)
}

/** max(x, 0) + ln(1 + w) for w = e^−|x|, which is e^x for very negative x. */
export function softplus<E>(x: v128): v128 {
  const w = exp<E>(v128.or(x, splat<E>(-0.0)))
  const above = v128.gt<E>(w, splat<E>(0.41421356237309504880))
  const f = select(above, v128.mul<E>(v128.sub<E>(w, splat<E>(1)), splat<E>(0.5)), w)
  return v128.add<E>(v128.max<E>(x, splat<E>(0)), log1pReduced<E>(f, v128.and(above, splat<E>(1))))
}

/** cos 2πx for |x| ≤ 2²⁰: x is reduced exactly to the nearest quarter turn, and the Taylor series covers half of one. */
export function cosTurns<E>(x: v128): v128 {
  const shift = roundingShift<E>()
  const shifted = mulAdd<E>(x, splat<E>(4), shift)
  const r = v128.mul<E>(v128.sub<E>(x, v128.mul<E>(v128.sub<E>(shifted, shift), splat<E>(0.25))), splat<E>(6.28318530717958647693))
  const z = v128.mul<E>(r, r)
  let sine: v128, cosine: v128
  if (isSingle<E>()) {
    sine = splat<E>(1.0 / 362880.0)
    cosine = splat<E>(-1.0 / 3628800.0)
  } else {
    sine = splat<E>(-1.0 / 1307674368000.0)
    sine = mulAdd<E>(sine, z, splat<E>(1.0 / 6227020800.0))
    sine = mulAdd<E>(sine, z, splat<E>(-1.0 / 39916800.0))
    sine = mulAdd<E>(sine, z, splat<E>(1.0 / 362880.0))
    cosine = splat<E>(1.0 / 20922789888000.0)
    cosine = mulAdd<E>(cosine, z, splat<E>(-1.0 / 87178291200.0))
    cosine = mulAdd<E>(cosine, z, splat<E>(1.0 / 479001600.0))
    cosine = mulAdd<E>(cosine, z, splat<E>(-1.0 / 3628800.0))
  }
  sine = mulAdd<E>(sine, z, splat<E>(-1.0 / 5040.0))
  sine = mulAdd<E>(sine, z, splat<E>(1.0 / 120.0))
  sine = mulAdd<E>(sine, z, splat<E>(-1.0 / 6.0))
  sine = mulAdd<E>(v128.mul<E>(sine, z), r, r)
  cosine = mulAdd<E>(cosine, z, splat<E>(1.0 / 40320.0))
  cosine = mulAdd<E>(cosine, z, splat<E>(-1.0 / 720.0))
  cosine = mulAdd<E>(cosine, z, splat<E>(1.0 / 24.0))
  cosine = mulAdd<E>(cosine, z, splat<E>(-0.5))
  cosine = mulAdd<E>(cosine, z, splat<E>(1))
  // Quarter turns q, in the low bits of `shifted`: odd ones give ∓sin, and 1 and 2 (mod 4) are negative.
  if (isSingle<E>()) {
    const odd = i32x4.shr_s(i32x4.shl(shifted, 31), 31)
    const negative = i32x4.shl(i32x4.add(shifted, i32x4.splat(1)), 30)
    return v128.xor(select(odd, sine, cosine), v128.and(negative, splat<E>(-0.0)))
  }
  const odd = i64x2.neg(v128.and(shifted, i64x2.splat(1)))
  const negative = i64x2.shl(i64x2.add(shifted, i64x2.splat(1)), 62)
  return v128.xor(select(odd, sine, cosine), v128.and(negative, splat<E>(-0.0)))
}
