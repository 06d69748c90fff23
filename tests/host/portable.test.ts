import { describe, expect, it } from 'vitest'
import { cosPi, exp, log, pow, wholePow } from '../../host/numerics/portable.ts'
import { BITS, exactExp, exactLog, fixed, most, ONE, PI, spread, times, ulps } from './exact.ts'

describe('errors in ulps against a correctly rounded reference', () => {
  it('of exp are below 0.6', () => {
    expect(most(spread(-700, 700).map((x) => ulps(exp(x), ...exactExp(fixed(x)))))).toBeLessThan(0.6)
  })

  it('of log are below 0.51', () => {
    expect(most(spread(0.01, 20).map((x) => ulps(log(x), exactLog(x))))).toBeLessThan(0.51)
    expect(most(spread(0.99, 1.01).map((x) => ulps(log(x), exactLog(x))))).toBeLessThan(0.51)
  })

  it('of pow are below 1, and below 0.6 for powers of a decay rate', () => {
    const error = (x: number, y: number) => ulps(pow(x, y), ...exactExp(times(fixed(y), exactLog(x))))
    expect(most(spread(0.01, 3).map((x, i) => error(x, ((i * 7) % 60) - 20.5)))).toBeLessThan(1)
    expect(most(spread(1, 20_000).map((t) => error(0.999, Math.round(t))))).toBeLessThan(0.6)
  })

  it('of wholePow are below 0.501', () => {
    const error = (x: number, n: number) => ulps(wholePow(x, n), ...exactExp(times(fixed(n), exactLog(x))))
    for (const decay of [0.5, 0.9, 0.99, 0.999, 0.999999]) {
      expect(most(spread(1, Math.min(20_000, 600 / -log(decay))).map((t) => error(decay, Math.round(t))))).toBeLessThan(0.501)
    }
  })

  it('of cosPi are below 2^-52 absolutely', () => {
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
  it('follow IEEE 754', () => {
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
    expect([wholePow(0, 0), wholePow(0, 1), wholePow(1, 2 ** 53), wholePow(0.5, 1074), wholePow(0.9, 2 ** 53 - 1)]).toEqual([
      1, 0, 1, 5e-324, 0,
    ])
    expect([cosPi(0), cosPi(0.5), cosPi(1), cosPi(1.5), cosPi(2), cosPi(1 / 3)]).toEqual([1, 0, -1, 0, 1, 0.5])
  })

  it('denormal results are kept', () => {
    expect(exp(-745)).toBe(5e-324)
    expect(ulps(exp(-740), ...exactExp(fixed(-740)))).toBeLessThanOrEqual(0.6)
    expect(log(5e-324)).toBeCloseTo(-744.4400719213812, 12)
  })
})
