/**
 * exp, log, pow and cos in f64, with + − × ÷ and comparisons only. The engines' Math functions differ in the last bit; these functions
 * are bit-identical everywhere. Everything that reaches a trajectory (β^t, a cosine schedule) uses them. docs/numerics.md lists their
 * largest errors, measured by tests/host/portable.test.ts.
 *
 * pow, wholePow and log work on pairs of doubles [high, low] whose sum carries about 104 bits.
 */

const LN2_HIGH = 0.6931471803691238 // 33 bits: exact when multiplied by an exponent
const LN2_LOW = 1.9082149292705877e-10
const LN2_LOWEST = 1.1612227229362532e-26 // ln 2 − LN2_HIGH − LN2_LOW

const SPLIT = 134217729 // 2^27 + 1, Veltkamp's constant

const bits = new DataView(new ArrayBuffer(8))
const zeroTail = new DataView(new ArrayBuffer(8))

/** Returns 2^n for integers n whose result is a normal double. */
function powerOfTwo(n: number): number {
  zeroTail.setUint32(0, (n + 1023) << 20)
  return zeroTail.getFloat64(0)
}

/** Returns value·2^n, rounded once, denormal results included. */
function scale(value: number, n: number): number {
  if (n > -1022 && n < 1023) return value * powerOfTwo(n)
  const half = Math.trunc(n / 2)
  return value * powerOfTwo(half) * powerOfTwo(n - half)
}

/** Returns the rounding error of the product ab = a·b (Dekker, 1971). */
function productError(a: number, b: number, ab: number): number {
  const ta = SPLIT * a
  const tb = SPLIT * b
  const ah = ta - (ta - a)
  const bh = tb - (tb - b)
  const al = a - ah
  const bl = b - bh
  return al * bl - (ab - ah * bh - al * bh - ah * bl)
}

/** Returns the rounding error of the sum s = a + b (Knuth). */
function sumError(a: number, b: number, s: number): number {
  const bb = s - a
  return a - (s - bb) + (b - bb)
}

/** Returns e^(high + low) for high within ±746. */
function expOf(high: number, low: number): number {
  const n = Math.round(high * Math.LOG2E)
  const a = high - n * LN2_HIGH
  const b = -n * LN2_LOW
  const r = a + b
  const rest = sumError(a, b, r) + low
  // e^r = 1 + r + r²·(1/2! + r/3! + …), |r| ≤ 0.35, to r^14; even and odd terms separately, for half the latency.
  const z = r * r
  let even = z / 87178291200 + 1 / 479001600
  even = even * z + 1 / 3628800
  even = even * z + 1 / 40320
  even = even * z + 1 / 720
  even = even * z + 1 / 24
  even = even * z + 0.5
  let odd = z / 6227020800 + 1 / 39916800
  odd = odd * z + 1 / 362880
  odd = odd * z + 1 / 5040
  odd = odd * z + 1 / 120
  odd = odd * z + 1 / 6
  const series = even + r * odd
  const sum = 1 + r
  const tail = sumError(1, r, sum) + series * z
  return scale(sum + (tail + rest * (sum + tail)), n)
}

interface Pair {
  readonly high: number
  readonly low: number
}

/** Returns ln x as a pair, for normal and denormal x > 0. */
function logPair(x: number): Pair {
  let k = 0
  let m = x
  if (m < 2.2250738585072014e-308) {
    m *= 18014398509481984
    k = -54
  }
  bits.setFloat64(0, m)
  const word = bits.getUint32(0)
  k += (word >>> 20) - 1023
  bits.setUint32(0, (word & 0x000fffff) | 0x3ff00000)
  m = bits.getFloat64(0)
  if (m > Math.SQRT2) {
    m /= 2
    k++
  }
  // ln m = 2·(s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1) as a pair; the cube must be a pair too.
  const f = m - 1
  const d = m + 1
  const dLow = sumError(m, 1, d)
  const s = f / d
  const sd = s * d
  const sLow = (f - sd - productError(s, d, sd) - s * dLow) / d
  const z = s * s
  const zLow = productError(s, s, z) + 2 * s * sLow
  let series = z / 27 + 1 / 25
  series = series * z + 1 / 23
  series = series * z + 1 / 21
  series = series * z + 1 / 19
  series = series * z + 1 / 17
  series = series * z + 1 / 15
  series = series * z + 1 / 13
  series = series * z + 1 / 11
  series = series * z + 1 / 9
  series = series * z + 1 / 7
  series = series * z + 1 / 5
  // z·(1/3 + z·series), with 1/3 as a pair.
  const third = 0.3333333333333333
  const inner = third + z * series
  const innerLow = sumError(third, z * series, inner) + 1.850371707708594e-17
  const q = z * inner
  const qLow = productError(z, inner, q) + z * innerLow + zLow * inner
  const c = s * q
  const cLow = productError(s, q, c) + s * qLow + sLow * q
  const lnM = 2 * (s + c)
  const lnMLow = 2 * (sumError(s, c, s + c) + sLow + cLow)
  const whole = k * LN2_HIGH
  const high = whole + lnM
  const part = k * LN2_LOW
  const low = sumError(whole, lnM, high) + lnMLow + part + (productError(k, LN2_LOW, part) + k * LN2_LOWEST)
  const top = high + low
  return { high: top, low: sumError(high, low, top) }
}

/** Returns e^x. */
export function exp(x: number): number {
  if (x > 709.782712893384) return Infinity
  if (x < -745.1332191019412) return 0
  return expOf(x, 0)
}

/** Returns ln x; −∞ at 0, NaN below. */
export function log(x: number): number {
  if (x > 0 && x < Infinity) return logPair(x).high
  return x === 0 ? -Infinity : Math.sqrt(x)
}

/** Returns x^y for x ≥ 0, with pow's conventions: 1 where y is 0 or x is 1. Negative x need an integer y. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1
  if (y === 1) return x
  if (x < 0) {
    if (!Number.isInteger(y)) return Number.NaN
    return y % 2 === 0 ? pow(-x, y) : -pow(-x, y)
  }
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  if (x === 0 || x === Infinity || Math.abs(y) === Infinity) {
    const grows = x > 1 === y > 0
    return grows ? Infinity : 0
  }
  const { high, low } = logPair(x)
  const product = y * high
  if (product > 710) return Infinity
  if (product < -746) return 0
  return expOf(product, productError(y, high, product) + y * low)
}

/** Powers of a base as pairs [high, low], concatenated: exponents 0 … 64, then three more at these indices. */
const AT_64 = 2 * 64
const AT_BLOCK = AT_64 + 2
const AT_SQUARE = AT_64 + 4
const AT_RESULT = AT_64 + 6

interface Powers {
  readonly x: number
  readonly pairs: Float64Array
  /** The pair at AT_BLOCK is x^(64·block). */
  block: number
}

/** The bases of recent powers: an optimizer raises the same two decays at every step. */
const bases: Powers[] = []
const MOST_BASES = 8
let oldestBase = 0

function powersOf(x: number): Powers {
  for (let i = 0; i < bases.length; i++) if (bases[i]!.x === x) return bases[i]!
  const pairs = Float64Array.from({ length: AT_RESULT + 2 }, (_, i) => (i === 0 ? 1 : i === 2 ? x : 0))
  for (let at = 4; at <= AT_64; at += 2) multiply(pairs, at, at - 2, 2)
  const powers = { x, pairs, block: 0 }
  pairs[AT_BLOCK] = 1
  bases[oldestBase] = powers
  oldestBase = (oldestBase + 1) % MOST_BASES
  return powers
}

/** pairs[to] = pairs[i]·pairs[j] */
function multiply(pairs: Float64Array, to: number, i: number, j: number): void {
  const [a, aLow, b, bLow] = [pairs[i]!, pairs[i + 1]!, pairs[j]!, pairs[j + 1]!]
  const high = a * b
  const low = productError(a, b, high) + (a * bLow + aLow * b)
  pairs[to] = high + low
  pairs[to + 1] = low - (pairs[to]! - high)
}

/** Returns x^n for integers n ≥ 0 and x in [0, 1], as products. From one step to the next it takes 13 ns; pow takes 19 to 24 (Node 20). */
export function wholePow(x: number, n: number): number {
  const powers = powersOf(x)
  const { pairs } = powers
  const block = Math.floor(n / 64)
  if (block !== powers.block) {
    powers.block = block
    pairs.copyWithin(AT_BLOCK, 0, 2)
    pairs.copyWithin(AT_SQUARE, AT_64, AT_64 + 2)
    for (let rest = block; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) multiply(pairs, AT_BLOCK, AT_BLOCK, AT_SQUARE)
      multiply(pairs, AT_SQUARE, AT_SQUARE, AT_SQUARE)
    }
  }
  multiply(pairs, AT_RESULT, AT_BLOCK, 2 * (n - 64 * block))
  return pairs[AT_RESULT]!
}

/** Returns cos πx. The reduction to a quarter turn is exact, so integers and halves give exactly ±1 and 0. */
export function cosPi(x: number): number {
  const turns = Math.abs(x) % 2
  const folded = turns > 1 ? 2 - turns : turns
  if (folded > 0.5) return -cosPi(1 - folded)
  if (folded <= 0.25) return cosine(folded * Math.PI)
  return sine((0.5 - folded) * Math.PI)
}

/** Taylor series of the cosine for |x| ≤ π/4. */
function cosine(x: number): number {
  const z = x * x
  let sum = -1 / 6402373705728000
  for (let k = 16, factorial = 20922789888000; k >= 2; factorial /= k * (k - 1), k -= 2) {
    sum = sum * z + ((k / 2) % 2 ? -1 : 1) / factorial
  }
  return 1 + sum * z
}

function sine(x: number): number {
  const z = x * x
  let sum = 1 / 355687428096000
  for (let k = 15, factorial = 1307674368000; k >= 3; factorial /= k * (k - 1), k -= 2) {
    sum = sum * z + (((k - 1) / 2) % 2 ? -1 : 1) / factorial
  }
  return x + x * z * sum
}
