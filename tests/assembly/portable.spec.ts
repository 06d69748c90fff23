import { erf } from '../../assembly/erf'
import { splat } from '../../assembly/lanes'
import { cosTurns, exp, log, sigmoid, softplus, tanh } from '../../assembly/portable'
import { ulps } from './arrays'
import { erfOf } from './reference'

function lane<E>(x: v128): E {
  return v128.extract_lane<E>(x, 0)
}

const EXP = 0, LOG = 1, TANH = 2, SIGMOID = 3, ERF = 4, SOFTPLUS = 5

function got<E>(kind: i32, x: f64): E {
  const at = splat<E>(x)
  if (kind == EXP) return lane<E>(exp<E>(at))
  if (kind == LOG) return lane<E>(log<E>(at))
  if (kind == TANH) return lane<E>(tanh<E>(at))
  if (kind == SIGMOID) return lane<E>(sigmoid<E>(at))
  return kind == ERF ? lane<E>(erf<E>(at)) : lane<E>(softplus<E>(at))
}

function wanted(kind: i32, x: f64): f64 {
  if (kind == EXP) return Math.exp(x)
  if (kind == LOG) return Math.log(x)
  if (kind == TANH) return Math.tanh(x)
  if (kind == SIGMOID) return 1 / (1 + Math.exp(-x))
  return kind == ERF ? erfOf(x) : max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** Returns the largest error on a uniform grid, in ulps, against f64 math, which has errors of its own. */
function worst<E>(kind: i32, from: f64, to: f64): f64 {
  let most = 0.0
  for (let i = 0; i < 20000; i++) {
    const x = <f64>(<E>(from + ((to - from) * <f64>i) / 20000))
    most = max(most, ulps<E>(got<E>(kind, x), <E>wanted(kind, x)))
  }
  return most
}

describe('portable functions', () => {
  it('exp', () => {
    expect(worst<f32>(EXP, -103, 88.7)).toBeLessThanOrEqual(1)
    expect(worst<f64>(EXP, -745, 709.7)).toBeLessThanOrEqual(1)
  })
  it('log', () => {
    expect(worst<f32>(LOG, 1e-3, 10)).toBeLessThanOrEqual(1)
    expect(worst<f64>(LOG, 1e-3, 10)).toBeLessThanOrEqual(2)
  })
  it('tanh', () => {
    expect(worst<f32>(TANH, -10, 10)).toBeLessThanOrEqual(1)
    expect(worst<f64>(TANH, -20, 20)).toBeLessThanOrEqual(2)
  })
  it('sigmoid', () => {
    expect(worst<f32>(SIGMOID, -90, 20)).toBeLessThanOrEqual(2)
    expect(worst<f64>(SIGMOID, -40, 40)).toBeLessThanOrEqual(3)
  })
  it('erf', () => {
    expect(worst<f32>(ERF, -4, 4)).toBeLessThanOrEqual(1)
    expect(worst<f64>(ERF, -2, 2)).toBeLessThanOrEqual(16)
  })
  it('softplus', () => {
    expect(worst<f32>(SOFTPLUS, -103, 20)).toBeLessThanOrEqual(2)
    expect(worst<f64>(SOFTPLUS, -700, 40)).toBeLessThanOrEqual(3)
  })
  it('special values', () => {
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
    expect(lane<f32>(erf<f32>(splat<f32>(Infinity)))).toBe(1)
    expect(lane<f64>(erf<f64>(splat<f64>(-Infinity)))).toBe(-1)
    expect(isNaN(lane<f64>(erf<f64>(splat<f64>(NaN))))).toBe(true)
    expect(lane<f32>(erf<f32>(splat<f32>(1e-40)))).toBe(<f32>(1.1283791670955126 * <f64>(<f32>1e-40)))
    expect(lane<f32>(softplus<f32>(splat<f32>(-103)))).toBe(<f32>Math.exp(-103))
    expect(lane<f64>(softplus<f64>(splat<f64>(Infinity)))).toBe(Infinity)
    expect(isNaN(lane<f64>(softplus<f64>(splat<f64>(NaN))))).toBe(true)
  })
  it('cosine of turns', () => {
    for (let i = -64; i <= 64; i++) {
      const turn = <f64>i / 16
      expect(Math.abs(lane<f64>(cosTurns<f64>(splat<f64>(turn))) - Math.cos(turn * 2 * Math.PI))).toBeLessThan(3e-15)
      expect(Math.abs(<f64>lane<f32>(cosTurns<f32>(splat<f32>(turn))) - Math.cos(turn * 2 * Math.PI))).toBeLessThan(2e-7)
    }
  })
})
