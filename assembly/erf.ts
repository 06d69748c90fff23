/** The error function on lanes of E, from strict operations like portable.ts. docs/numerics.md has its errors. */
import { isSingle, mulAdd, select, splat } from './lanes'
import { exp } from './portable'

/** erf′(0) = 2/√π */
const SLOPE: f64 = 1.12837916709551257390

/** |x|, limited to the value from which e^(−x²/2) is 0; NaN stays NaN. */
@inline export function boundedSize<E>(x: v128): v128 {
  return v128.pmin<E>(v128.abs<E>(x), splat<E>(isSingle<E>() ? 15.0 : 39.0))
}

/** e^(−factor·x²) for factor 1 or ½, with the rounding error of x²: the upper half of x has an exact square. */
export function gaussian<E>(x: v128, factor: f64): v128 {
  const upper = v128.and(x, isSingle<E>() ? i32x4.splat(0xfffff000) : i64x2.splat(0xfffffffff8000000))
  const lower = v128.sub<E>(x, upper)
  const square = v128.mul<E>(x, x)
  const crossed = mulAdd<E>(v128.add<E>(upper, upper), lower, v128.sub<E>(v128.mul<E>(upper, upper), square))
  const lost = mulAdd<E>(lower, lower, crossed)
  const value = exp<E>(v128.mul<E>(square, splat<E>(-factor)))
  return v128.sub<E>(value, v128.mul<E>(value, v128.mul<E>(lost, splat<E>(factor))))
}

/**
 * e^(x²)·(1 − erf x) for x ≥ 0: (1 − y)·S(c − y) with y = x/(x + 4). S and c are from tools/erfcx.py, with a relative error of 2^−29.7 up to
 * x = 10.7 (f32) or 2^−58 up to 27.6 (f64), where e^(−x²) underflows.
 */
export function erfcx<E>(x: v128): v128 {
  const inverse = v128.div<E>(splat<E>(1), v128.add<E>(x, splat<E>(4)))
  const w = v128.sub<E>(splat<E>(isSingle<E>() ? 0.375 : 0.4375), v128.mul<E>(x, inverse))
  let sum: v128
  if (isSingle<E>()) {
    sum = splat<E>(-0.191458804485)
    sum = mulAdd<E>(sum, w, splat<E>(-0.192535409767))
    sum = mulAdd<E>(sum, w, splat<E>(0.317158217831))
    sum = mulAdd<E>(sum, w, splat<E>(1.22207849724))
    sum = mulAdd<E>(sum, w, splat<E>(2.13063375176))
    sum = mulAdd<E>(sum, w, splat<E>(2.62832663102))
    sum = mulAdd<E>(sum, w, splat<E>(2.54427935732))
    sum = mulAdd<E>(sum, w, splat<E>(2.01654720545))
    sum = mulAdd<E>(sum, w, splat<E>(1.33516611845))
    sum = mulAdd<E>(sum, w, splat<E>(0.74456782718))
    sum = mulAdd<E>(sum, w, splat<E>(0.349597974906))
  } else {
    sum = splat<E>(0.0010768226293938994778)
    sum = mulAdd<E>(sum, w, splat<E>(0.0016670948098264420413))
    sum = mulAdd<E>(sum, w, splat<E>(-0.0028193159576563064908))
    sum = mulAdd<E>(sum, w, splat<E>(-0.0048200655057509996621))
    sum = mulAdd<E>(sum, w, splat<E>(0.0049101354370968944561))
    sum = mulAdd<E>(sum, w, splat<E>(0.010386621125105797087))
    sum = mulAdd<E>(sum, w, splat<E>(-0.0066632252882581766312))
    sum = mulAdd<E>(sum, w, splat<E>(-0.022646504722885211099))
    sum = mulAdd<E>(sum, w, splat<E>(0.0025688936564124403265))
    sum = mulAdd<E>(sum, w, splat<E>(0.048924144961023477468))
    sum = mulAdd<E>(sum, w, splat<E>(0.032839756273653349552))
    sum = mulAdd<E>(sum, w, splat<E>(-0.080139839556354586528))
    sum = mulAdd<E>(sum, w, splat<E>(-0.17674025594457632654))
    sum = mulAdd<E>(sum, w, splat<E>(-0.056040963372882430107))
    sum = mulAdd<E>(sum, w, splat<E>(0.38729888105858566624))
    sum = mulAdd<E>(sum, w, splat<E>(1.0406173723550156419))
    sum = mulAdd<E>(sum, w, splat<E>(1.6343937744527991309))
    sum = mulAdd<E>(sum, w, splat<E>(1.9249846801161780924))
    sum = mulAdd<E>(sum, w, splat<E>(1.8376724945457648475))
    sum = mulAdd<E>(sum, w, splat<E>(1.4733766496526712409))
    sum = mulAdd<E>(sum, w, splat<E>(1.0107421500723875989))
    sum = mulAdd<E>(sum, w, splat<E>(0.59900766758764807993))
    sum = mulAdd<E>(sum, w, splat<E>(0.3078220955665327847))
  }
  return v128.mul<E>(v128.mul<E>(inverse, splat<E>(4)), sum)
}

/** Taylor series 2/√π·Σ (−1)^n·x^(2n + 1)/(n!·(2n + 1)) for |x| < 1, and 1 − e^(−x²)·erfcx(x) beyond. */
export function erf<E>(x: v128): v128 {
  const sign = v128.and(x, splat<E>(-0.0))
  const size = v128.xor(x, sign)
  const z = v128.mul<E>(x, x)
  let sum: v128
  if (isSingle<E>()) {
    sum = splat<E>(-SLOPE / 6894720.0)
  } else {
    sum = splat<E>(-SLOPE / 12449059983360000.0)
    sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 690452066304000.0))
    sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 40537905408000.0))
    sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 2528170444800.0))
    sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 168129561600.0))
    sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 11975040000.0))
    sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 918086400.0))
    sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 76204800.0))
    sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 6894720.0))
  }
  sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 685440.0))
  sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 75600.0))
  sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 9360.0))
  sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 1320.0))
  sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 216.0))
  sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 42.0))
  sum = mulAdd<E>(sum, z, splat<E>(SLOPE / 10.0))
  sum = mulAdd<E>(sum, z, splat<E>(-SLOPE / 3.0))
  // x + x·(2/√π − 1 + …): the leading term is exact.
  sum = mulAdd<E>(sum, z, splat<E>(0.12837916709551257390))
  const near = mulAdd<E>(size, sum, size)
  const bounded = boundedSize<E>(x)
  const far = v128.sub<E>(splat<E>(1), v128.mul<E>(erfcx<E>(bounded), gaussian<E>(bounded, 1)))
  return v128.or(select(v128.lt<E>(size, splat<E>(1)), near, far), sign)
}
