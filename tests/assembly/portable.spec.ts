import { splat } from '../../assembly/lanes'
import { cosTurns, exp, log, sigmoid, tanh } from '../../assembly/portable'
import { ulps } from './arrays'

function lane<E>(x: v128): E {
  return v128.extract_lane<E>(x, 0)
}

/** The largest error over an even range, in units of the last place, against asc's own f64 mathematics. */
function worst<E>(name: i32, from: f64, to: f64): f64 {
  let most = 0.0
  for (let i = 0; i < 20000; i++) {
    const x = <E>(from + ((to - from) * <f64>i) / 20000)
    const got = name == 0 ? lane<E>(exp<E>(splat<E>(<f64>x))) : name == 1 ? lane<E>(log<E>(splat<E>(<f64>x))) : lane<E>(tanh<E>(splat<E>(<f64>x)))
    const want = name == 0 ? Math.exp(<f64>x) : name == 1 ? Math.log(<f64>x) : Math.tanh(<f64>x)
    most = max(most, ulps<E>(got, <E>want))
  }
  return most
}

describe('portable functions', () => {
  it('exp', () => {
    expect(worst<f32>(0, -103, 88.7)).toBeLessThanOrEqual(1)
    expect(worst<f64>(0, -745, 709.7)).toBeLessThanOrEqual(2)
  })
  it('log', () => {
    expect(worst<f32>(1, 1e-3, 10)).toBeLessThanOrEqual(1)
    expect(worst<f64>(1, 1e-3, 10)).toBeLessThanOrEqual(2)
  })
  it('tanh', () => {
    expect(worst<f32>(2, -10, 10)).toBeLessThanOrEqual(2)
    expect(worst<f64>(2, -20, 20)).toBeLessThanOrEqual(3)
  })
  it('exceptional values', () => {
    expect(lane<f32>(exp<f32>(splat<f32>(Infinity)))).toBe(Infinity)
    expect(lane<f32>(exp<f32>(splat<f32>(-Infinity)))).toBe(0)
    expect(isNaN(lane<f32>(exp<f32>(splat<f32>(NaN))))).toBe(true)
    expect(lane<f32>(exp<f32>(splat<f32>(-103)))).toBe(<f32>Math.exp(-103))
    expect(lane<f32>(log<f32>(splat<f32>(0)))).toBe(-Infinity)
    expect(isNaN(lane<f32>(log<f32>(splat<f32>(-1))))).toBe(true)
    expect(lane<f64>(log<f64>(splat<f64>(Infinity)))).toBe(Infinity)
    expect(lane<f32>(log<f32>(splat<f32>(1e-45)))).toBe(<f32>Math.log(1.401298464324817e-45))
    expect(lane<f64>(tanh<f64>(splat<f64>(-Infinity)))).toBe(-1)
    expect(lane<f32>(sigmoid<f32>(splat<f32>(-100)))).toBe(<f32>(1 / (1 + Math.exp(100))))
    expect(lane<f32>(sigmoid<f32>(splat<f32>(1e4)))).toBe(1)
  })
  it('cosine of turns', () => {
    for (let i = -64; i <= 64; i++) {
      const turn = <f64>i / 16
      expect(Math.abs(lane<f64>(cosTurns<f64>(splat<f64>(turn))) - Math.cos(turn * 2 * Math.PI))).toBeLessThan(3e-15)
      expect(Math.abs(<f64>lane<f32>(cosTurns<f32>(splat<f32>(turn))) - Math.cos(turn * 2 * Math.PI))).toBeLessThan(2e-7)
    }
  })
})
