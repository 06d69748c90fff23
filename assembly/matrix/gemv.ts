/**
 * y = x·B + scale·S for a vector x. B is read once, eight rows at a time, without packing. Every element of y adds its products in the order of
 * k, as in gemm. Elements of x are `stepX` bytes apart and multiplied by alpha first; `stepS` is 0 if S repeats one vector.
 */
import { isOn, mulAdd, Off, On, storeFirst } from '../lanes'
import { Eight, Four, One } from './heights'

/** y = R elements of x times as many rows of B + scale·S. */
function addRows<E, R>(
  bytes: usize, x: usize, stepX: usize, alpha: v128, b: usize, strideB: usize, y: usize, scale: v128, start: usize, stepS: usize,
): void {
  const isEight = offsetof<R>() == 8
  let x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, x6: v128, x7: v128
  const x0 = entry<E>(x, alpha)
  if (isEight) {
    x1 = entry<E>(x + stepX, alpha), x2 = entry<E>(x + 2 * stepX, alpha), x3 = entry<E>(x + 3 * stepX, alpha)
    x4 = entry<E>(x + 4 * stepX, alpha), x5 = entry<E>(x + 5 * stepX, alpha), x6 = entry<E>(x + 6 * stepX, alpha)
    x7 = entry<E>(x + 7 * stepX, alpha)
  }
  for (const end = y + bytes; y < end; y += 16, b += 16, start += stepS) {
    let sum = mulAdd<E>(x0, v128.load(b), v128.mul<E>(scale, v128.load(start)))
    if (isEight) {
      sum = mulAdd<E>(x1, v128.load(b + strideB), sum)
      sum = mulAdd<E>(x2, v128.load(b + 2 * strideB), sum)
      sum = mulAdd<E>(x3, v128.load(b + 3 * strideB), sum)
      sum = mulAdd<E>(x4, v128.load(b + 4 * strideB), sum)
      sum = mulAdd<E>(x5, v128.load(b + 5 * strideB), sum)
      sum = mulAdd<E>(x6, v128.load(b + 6 * strideB), sum)
      sum = mulAdd<E>(x7, v128.load(b + 7 * strideB), sum)
    }
    if (y + 16 > end) storeFirst(y, sum, end - y)
    else v128.store(y, sum)
  }
}

/** alpha·x, in every lane. */
@inline function entry<E>(x: usize, alpha: v128): v128 {
  return v128.mul<E>(alpha, v128.load_splat<E>(x))
}

/** B is k × n, with rows `strideB` bytes apart; k > 0. */
export function gemv<E>(
  n: usize, k: usize, alpha: v128, x: usize, stepX: usize, b: usize, strideB: usize, y: usize, scale: v128, start: usize, stepS: usize,
): void {
  const bytes = n * sizeof<E>(), one = v128.splat<E>(1)
  for (; k >= 8; k -= 8, x += 8 * stepX, b += 8 * strideB, scale = one, start = y, stepS = 16) {
    addRows<E, Eight>(bytes, x, stepX, alpha, b, strideB, y, scale, start, stepS)
  }
  for (; k > 0; k--, x += stepX, b += strideB, scale = one, start = y, stepS = 16) {
    addRows<E, One>(bytes, x, stepX, alpha, b, strideB, y, scale, start, stepS)
  }
}

/** sum + k elements of x, or with Full as many as a vector has lanes, times columns of the rows at b, b + d1, … */
@inline function addCrossed<E, Full>(
  sum: v128, k: usize, x0: v128, x1: v128, x2: v128, x3: v128, b: usize, d1: usize, d2: usize, d3: usize,
): v128 {
  const r0 = v128.load(b), r1 = v128.load(b + d1)
  if (sizeof<E>() == 8) {
    sum = mulAdd<E>(x0, v128.shuffle<i64>(r0, r1, 0, 2), sum)
    return isOn<Full>() || k > 1 ? mulAdd<E>(x1, v128.shuffle<i64>(r0, r1, 1, 3), sum) : sum
  }
  const r2 = v128.load(b + d2), r3 = v128.load(b + d3)
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
  sum = mulAdd<E>(x0, v128.shuffle<i64>(low01, low23, 0, 2), sum)
  if (isOn<Full>() || k > 1) sum = mulAdd<E>(x1, v128.shuffle<i64>(low01, low23, 1, 3), sum)
  if (isOn<Full>() || k > 2) {
    const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
    sum = mulAdd<E>(x2, v128.shuffle<i64>(high01, high23, 0, 2), sum)
    if (isOn<Full>() || k > 3) sum = mulAdd<E>(x3, v128.shuffle<i64>(high01, high23, 1, 3), sum)
  }
  return sum
}

/** The next R vectors of y; the rows of B are d1 … d3 bytes behind the first of each vector, and `group` from vector to vector. */
function addColumns<E, R>(
  k: usize, alpha: v128, x: usize, stepX: usize, b: usize, d1: usize, d2: usize, d3: usize, group: usize, y: usize, bytes: usize,
  scale: v128, start: usize, stepS: usize,
): void {
  const isFour = offsetof<R>() == 4, lanes: usize = 16 / sizeof<E>()
  let s0 = v128.mul<E>(scale, v128.load(start)), s1: v128, s2: v128, s3: v128
  if (isFour) {
    s1 = v128.mul<E>(scale, v128.load(start + stepS)), s2 = v128.mul<E>(scale, v128.load(start + 2 * stepS))
    s3 = v128.mul<E>(scale, v128.load(start + 3 * stepS))
  }
  for (; k >= lanes; k -= lanes, x += lanes * stepX, b += 16) {
    const x0 = entry<E>(x, alpha), x1 = entry<E>(x + stepX, alpha)
    const x2 = sizeof<E>() == 4 ? entry<E>(x + 2 * stepX, alpha) : x0, x3 = sizeof<E>() == 4 ? entry<E>(x + 3 * stepX, alpha) : x0
    s0 = addCrossed<E, On>(s0, k, x0, x1, x2, x3, b, d1, d2, d3)
    if (isFour) {
      s1 = addCrossed<E, On>(s1, k, x0, x1, x2, x3, b + group, d1, d2, d3)
      s2 = addCrossed<E, On>(s2, k, x0, x1, x2, x3, b + 2 * group, d1, d2, d3)
      s3 = addCrossed<E, On>(s3, k, x0, x1, x2, x3, b + 3 * group, d1, d2, d3)
    }
  }
  if (k > 0) {
    const x0 = entry<E>(x, alpha), x1 = k > 1 ? entry<E>(x + stepX, alpha) : x0, x2 = k > 2 ? entry<E>(x + 2 * stepX, alpha) : x0
    s0 = addCrossed<E, Off>(s0, k, x0, x1, x2, x2, b, d1, d2, d3)
    if (isFour) {
      s1 = addCrossed<E, Off>(s1, k, x0, x1, x2, x2, b + group, d1, d2, d3)
      s2 = addCrossed<E, Off>(s2, k, x0, x1, x2, x2, b + 2 * group, d1, d2, d3)
      s3 = addCrossed<E, Off>(s3, k, x0, x1, x2, x2, b + 3 * group, d1, d2, d3)
    }
  }
  if (isFour) v128.store(y, s0), v128.store(y, s1, 16), v128.store(y, s2, 32), v128.store(y, s3, 48)
  else if (bytes >= 16) v128.store(y, s0)
  else storeFirst(y, s0, bytes)
}

/** y = x·Bᵀ + scale·S for B of n × k. */
export function gemvCrossed<E>(
  n: usize, k: usize, alpha: v128, x: usize, stepX: usize, b: usize, strideB: usize, y: usize, scale: v128, start: usize, stepS: usize,
): void {
  const lanes: usize = 16 / sizeof<E>(), group = lanes * strideB
  for (; n >= 4 * lanes; n -= 4 * lanes, b += 4 * group, y += 64, start += 4 * stepS) {
    addColumns<E, Four>(k, alpha, x, stepX, b, strideB, 2 * strideB, 3 * strideB, group, y, 64, scale, start, stepS)
  }
  for (; n > 0; n -= min(n, lanes), b += group, y += 16, start += stepS) {
    // Rows past the last repeat the last.
    const d1 = min(1, n - 1) * strideB, d2 = min(2, n - 1) * strideB, d3 = min(3, n - 1) * strideB
    addColumns<E, One>(k, alpha, x, stepX, b, d1, d2, d3, group, y, n * sizeof<E>(), scale, start, stepS)
  }
}
