import { map } from '../../assembly/map'
import { Add, Affine, Clamp, Combine, Fill, Scale } from '../../assembly/nn/arithmetic'
import { sumAxis } from '../../assembly/nn/reduce'
import { get, guarded, make, padded, poisoned, set } from './arrays'

const SIZES: i32[] = [0, 1, 3, 5, 7, 16, 17, 67]
const SHAPES: i32[][] = [[0, 5], [1, 1], [1, 7], [7, 1], [3, 5], [16, 1], [2, 8], [17, 9], [5, 67]]

function checkSums<E>(): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], bytes = padded<E>(n), x = poisoned<E>(n), y = poisoned<E>(n), out = make<E>(n)
    map<Add, E>(bytes, out, x, y, 0, 0, 0)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBe(get<E>(x, i) + get<E>(y, i))
    map<Affine, E>(bytes, out, x, 0, 0, 2, -1)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBe(get<E>(x, i) * 2 - 1)
    map<Scale, E>(bytes, out, x, 0, 0, 0.1, 0)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBe(get<E>(x, i) * <E>0.1)
    map<Combine, E>(bytes, out, x, y, 0, 0.1, -0.7)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBe(get<E>(x, i) * <E>0.1 + get<E>(y, i) * <E>-0.7)
    map<Combine, E>(bytes, x, x, y, 0, 0.1, -0.7)
    for (let i = 0; i < n; i++) expect(get<E>(x, i)).toBe(get<E>(out, i))
    map<Fill, E>(bytes, out, 0, 0, 0, 0.1, 0)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBe(<E>0.1)
    map<Fill, E>(bytes, out, 0, 0, 0, NaN, 0)
    for (let i = 0; i < n; i++) expect(get<E>(out, i)).toBeNaN()
    expect(guarded<E>(x, n) && guarded<E>(out, n)).toBe(true)
  }
}

/** Puts NaN in every lane. */
function checkClamp<E>(low: f64, high: f64): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), out = make<E>(n)
    for (let i = 0; i < n; i += 3) set<E>(x, i, NaN)
    if (n > 2) set<E>(x, 1, Infinity)
    if (n > 2) set<E>(x, 2, -Infinity)
    map<Clamp, E>(padded<E>(n), out, x, 0, 0, low, high)
    for (let i = 0; i < n; i++) {
      const value = get<E>(x, i), raised = value < <E>low ? <E>low : value
      if (isNaN<E>(value)) expect(get<E>(out, i)).toBeNaN()
      else expect(get<E>(out, i)).toBe(raised > <E>high ? <E>high : raised)
    }
    expect(guarded<E>(out, n)).toBe(true)
  }
}

function checkSumRows<E>(): void {
  for (let s = 0; s < SHAPES.length; s++) {
    const rows = SHAPES[s][0], n = SHAPES[s][1], x = poisoned<E>(rows * n), out = poisoned<E>(n)
    sumAxis<E>(1, rows, n, n, out, x, 1)
    for (let j = 0; j < n; j++) {
      let sum = 0.0
      for (let i = 0; i < rows; i++) sum += <f64>get<E>(x, i * n + j)
      expect(get<E>(out, j)).toBe(<E>sum)
    }
    expect(guarded<E>(out, n)).toBe(true)
  }
}

/** Finite bounds, no lower or no upper bound, and swapped bounds, for which torch returns the upper one. */
function checkClamps<E>(): void {
  checkClamp<E>(-0.3, 0.6)
  checkClamp<E>(-Infinity, 0.1)
  checkClamp<E>(0.1, Infinity)
  checkClamp<E>(0.5, -0.5)
}

describe('arithmetic', () => {
  it('add, affine, scale, combine and fill, f32', () => { checkSums<f32>() })
  it('add, affine, scale, combine and fill, f64', () => { checkSums<f64>() })
  it('clamp, f32', () => { checkClamps<f32>() })
  it('clamp, f64', () => { checkClamps<f64>() })
  it('sumAxis, f32', () => { checkSumRows<f32>() })
  it('sumAxis, f64', () => { checkSumRows<f64>() })
})
