/** Fixed-point arithmetic with 400 bits, the reference for measuring errors. */

export const BITS = 400n
export const ONE = 1n << BITS

/** Converts a double to fixed point, exactly. */
export function fixed(x: number): bigint {
  const [mantissa, exponent] = decompose(x)
  return exponent >= -Number(BITS) ? mantissa << BigInt(exponent + Number(BITS)) : mantissa >> BigInt(-exponent - Number(BITS))
}

function decompose(x: number): [bigint, number] {
  const bits = new BigUint64Array(new Float64Array([Math.abs(x)]).buffer)[0]!
  const exponent = Number(bits >> 52n)
  const mantissa = exponent ? (bits & 0xfffffffffffffn) | 0x10000000000000n : bits & 0xfffffffffffffn
  return [x < 0 ? -mantissa : mantissa, Math.max(exponent, 1) - 1075]
}

export const times = (a: bigint, b: bigint) => (a * b) >> BITS

/** ln 2 = Σ 1/(k·2^k) */
const LN2 = (() => {
  let sum = 0n
  for (let k = 1n; k < BITS; k++) sum += (ONE >> k) / k
  return sum
})()

/** π = 16·artan 1/5 − 4·artan 1/239 */
export const PI = (() => {
  const artan = (n: bigint) => {
    let [term, sum] = [ONE / n, 0n]
    for (let k = 1n; term !== 0n; k += 2n) {
      sum += ((k & 2n ? -1n : 1n) * term) / k
      term /= n * n
    }
    return sum
  }
  return 16n * artan(5n) - 4n * artan(239n)
})()

/** Returns e^x as [mantissa, exponent of 2]. */
export function exactExp(x: bigint): [bigint, number] {
  const n = x / LN2
  const r = x - n * LN2
  let [term, sum] = [ONE, 0n]
  for (let k = 1n; term !== 0n; k++) {
    sum += term
    term = times(term, r) / k
  }
  return [sum, Number(n)]
}

export function exactLog(x: number): bigint {
  const [mantissa, exponent] = decompose(x)
  const m = mantissa << (BITS - 52n)
  const s = ((m - ONE) << BITS) / (m + ONE)
  let [term, sum] = [s, 0n]
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k
    term = times(term, times(s, s))
  }
  return 2n * sum + BigInt(exponent + 52) * LN2
}

/** Returns |got − exact| in units in the last place of `got`, where exact = value·2^power. */
export function ulps(got: number, value: bigint, power = 0): number {
  const [mantissa, exponent] = decompose(got)
  const last = exponent - power + Number(BITS)
  const difference = (mantissa << BigInt(Math.max(last, 0))) - value
  const unit = 1n << BigInt(Math.max(last, 0))
  return Number(((difference < 0n ? -difference : difference) << 20n) / unit) / 2 ** 20
}

/** Returns `count` reproducible numbers spread over an interval. */
export function spread(from: number, to: number, count = 400): number[] {
  return Array.from({ length: count }, (_, i) => from + (to - from) * ((i * 0.6180339887498949) % 1))
}

export const most = (values: readonly number[]) => Math.max(...values)

const over = (a: bigint, b: bigint) => (a << BITS) / b

/** Returns e^x in fixed point, for x not so negative that it underflows. */
function fixedExp(x: bigint): bigint {
  const [mantissa, power] = exactExp(x)
  return power < 0 ? mantissa >> BigInt(-power) : mantissa << BigInt(power)
}

export const exactTanh = (x: bigint): bigint => {
  const e = fixedExp(2n * x)
  return over(e - ONE, e + ONE)
}

export const exactSigmoid = (x: bigint): bigint => over(ONE, ONE + fixedExp(-x))

/** max(x, 0) + ln(1 + w) = … + 2·artanh(w/(2 + w)) for w = e^−|x| */
export function exactSoftplus(x: bigint): bigint {
  const w = fixedExp(x < 0n ? x : -x)
  const s = over(w, 2n * ONE + w)
  let [term, sum] = [s, 0n]
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k
    term = times(term, times(s, s))
  }
  return (x > 0n ? x : 0n) + 2n * sum
}

/** √x for x in [1, 4] by Newton's method. */
function root(x: bigint): bigint {
  let estimate = x
  for (let i = 0; i < 12; i++) estimate = (estimate + over(x, estimate)) / 2n
  return estimate
}

const SQRT_PI = root(PI)
const SQRT_2 = root(2n * ONE)

/** 2/√π·Σ (−1)^n·x^(2n + 1)/(n!·(2n + 1)) */
export function exactErf(x: bigint): bigint {
  const square = times(x, x)
  let [term, sum] = [x, 0n]
  for (let n = 1n; term !== 0n; n++) {
    sum += term / (2n * n - 1n)
    term = -times(term, square) / n
  }
  return over(2n * sum, SQRT_PI)
}

/** x·(1 + erf(x/√2))/2, with 200 bits to spare at x = −12. */
export const exactGelu = (x: bigint): bigint => times(x, ONE + exactErf(over(x, SQRT_2))) / 2n
