import { describe, expect, it } from 'vitest'
import { cosPi, exp, log, pow } from '../../host/portable.ts'

/** Fixed-point arithmetic of 400 bits: the correctly rounded reference. */
const BITS = 400n
const ONE = 1n << BITS

/** A double as fixed point, exactly. */
function fixed(x: number): bigint {
  const [mantissa, exponent] = decompose(x)
  return exponent >= -Number(BITS) ? mantissa << BigInt(exponent + Number(BITS)) : mantissa >> BigInt(-exponent - Number(BITS))
}

function decompose(x: number): [bigint, number] {
  const bits = new BigUint64Array(new Float64Array([Math.abs(x)]).buffer)[0]!
  const exponent = Number(bits >> 52n)
  const mantissa = exponent ? (bits & 0xfffffffffffffn) | 0x10000000000000n : bits & 0xfffffffffffffn
  return [x < 0 ? -mantissa : mantissa, Math.max(exponent, 1) - 1075]
}

const times = (a: bigint, b: bigint) => (a * b) >> BITS

/** ln 2 = Σ 1/(k·2^k) */
const LN2 = (() => {
  let sum = 0n
  for (let k = 1n; k < BITS; k++) sum += (ONE >> k) / k
  return sum
})()

/** π = 16·artan 1/5 − 4·artan 1/239 */
const PI = (() => {
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

/** e^r as [mantissa, power of two] */
function exactExp(x: bigint): [bigint, number] {
  const n = x / LN2
  const r = x - n * LN2
  let [term, sum] = [ONE, 0n]
  for (let k = 1n; term !== 0n; k++) {
    sum += term
    term = times(term, r) / k
  }
  return [sum, Number(n)]
}

function exactLog(x: number): bigint {
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

/** |got − exact| in units of the last place of got, where exact = value·2^power. */
function ulps(got: number, value: bigint, power = 0): number {
  const [mantissa, exponent] = decompose(got)
  const last = exponent - power + Number(BITS)
  const difference = (mantissa << BigInt(Math.max(last, 0))) - value
  const unit = 1n << BigInt(Math.max(last, 0))
  return Number(((difference < 0n ? -difference : difference) << 20n) / unit) / 2 ** 20
}

/** Numbers spread over an interval, the same in every run. */
function spread(from: number, to: number, count = 400): number[] {
  return Array.from({ length: count }, (_, i) => from + (to - from) * ((i * 0.6180339887498949) % 1))
}

const most = (values: readonly number[]) => Math.max(...values)

describe('errors against a correctly rounded reference, in units of the last place', () => {
  it('exp: below 0.6', () => {
    expect(most(spread(-700, 700).map((x) => ulps(exp(x), ...exactExp(fixed(x)))))).toBeLessThan(0.6)
  })

  it('log: below 0.51', () => {
    expect(most(spread(0.01, 20).map((x) => ulps(log(x), exactLog(x))))).toBeLessThan(0.51)
    expect(most(spread(0.99, 1.01).map((x) => ulps(log(x), exactLog(x))))).toBeLessThan(0.51)
  })

  it('pow: below 1, and below 0.6 for the powers of a decay', () => {
    const error = (x: number, y: number) => ulps(pow(x, y), ...exactExp(times(fixed(y), exactLog(x))))
    expect(most(spread(0.01, 3).map((x, i) => error(x, ((i * 7) % 60) - 20.5)))).toBeLessThan(1)
    expect(most(spread(1, 20_000).map((t) => error(0.999, Math.round(t))))).toBeLessThan(0.6)
  })

  it('cosPi: below 2^-52 absolutely', () => {
    const exact = (x: number) => {
      const angle = times(fixed(x), PI)
      let [term, sum] = [ONE, 0n]
      for (let k = 1n; term !== 0n; k += 2n) {
        sum += term
        term = -times(term, times(angle, angle)) / k / (k + 1n)
      }
      return Number(sum >> (BITS - 80n)) / 2 ** 80
    }
    expect(most(spread(-3, 3).map((x) => Math.abs(cosPi(x) - exact(x))))).toBeLessThan(2 ** -52)
  })
})

describe('special values', () => {
  it('are those of IEEE 754', () => {
    expect([exp(0), exp(-Infinity), exp(Infinity), exp(Number.NaN), exp(1000), exp(-1000)]).toEqual([
      1,
      0,
      Infinity,
      Number.NaN,
      Infinity,
      0,
    ])
    expect([log(1), log(0), log(-1), log(Infinity), log(Number.NaN)]).toEqual([0, -Infinity, Number.NaN, Infinity, Number.NaN])
    expect([pow(0, 0), pow(2, 10), pow(2, -1074), pow(0, 2), pow(0, -1), pow(-2, 3), pow(-2, 0.5)]).toEqual([
      1,
      1024,
      5e-324,
      0,
      Infinity,
      -8,
      Number.NaN,
    ])
    expect([pow(Infinity, 2), pow(Infinity, -2), pow(0.5, Infinity), pow(1, Number.NaN), pow(Number.NaN, 2)]).toEqual([
      Infinity,
      0,
      0,
      1,
      Number.NaN,
    ])
    expect([cosPi(0), cosPi(0.5), cosPi(1), cosPi(1.5), cosPi(2), cosPi(1 / 3)]).toEqual([1, 0, -1, 0, 1, 0.5])
  })

  it('denormal results are kept', () => {
    expect(exp(-745)).toBe(5e-324)
    expect(ulps(exp(-740), ...exactExp(fixed(-740)))).toBeLessThanOrEqual(0.6)
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 12)
  })
})
