import { absMax, dot, nonFinite } from '../../assembly/fold'
import { fillRandom, get, make, set } from './arrays'

const SIZES: i32[] = [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 67]

function table1(elements: i32, x: usize, y: usize): usize {
  const at = make<u32>(3)
  store<u32>(at, elements)
  store<u32>(at + 4, <u32>x)
  store<u32>(at + 8, <u32>y)
  return at
}

/** Arrays of every size whose padding is NaN. */
function poisoned<E>(elements: i32): usize {
  const at = make<E>(elements)
  for (let i = 0; i < 16 / <i32>sizeof<E>() + elements; i++) if (<usize>(i + 1) * sizeof<E>() <= ((<usize>elements * sizeof<E>() + 63) & ~63)) set<E>(at, i, NaN)
  fillRandom<E>(at, elements)
  return at
}

function checkDot<E>(): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), y = poisoned<E>(n), out = make<f64>(1)
    let sum = 0.0
    for (let i = 0; i < n; i++) sum += <f64>get<E>(x, i) * <f64>get<E>(y, i)
    dot<E>(table1(n, x, y), 1, out)
    expect(Math.abs(load<f64>(out) - sum)).toBeLessThan(1e-14)
  }
}

function checkExtremes<E>(): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), out = make<f64>(1)
    set<E>(x, n - 1, -7)
    absMax<E>(table1(n, x, x), 1, out)
    expect(load<f64>(out)).toBe(7)
    nonFinite<E>(table1(n, x, x), 1, out)
    expect(load<f64>(out)).toBe(0)
    set<E>(x, n / 2, NaN)
    set<E>(x, 0, Infinity)
    nonFinite<E>(table1(n, x, x), 1, out)
    expect(load<f64>(out)).toBe(n / 2 == 0 ? 1 : 2)
  }
}

describe('folds', () => {
  it('dot of f32', () => { checkDot<f32>() })
  it('dot of f64', () => { checkDot<f64>() })
  it('absMax and nonFinite of f32', () => { checkExtremes<f32>() })
  it('absMax and nonFinite of f64', () => { checkExtremes<f64>() })
  it('squares of the largest f32 do not overflow', () => {
    const x = make<f32>(5), out = make<f64>(1)
    for (let i = 0; i < 5; i++) set<f32>(x, i, 3e38)
    dot<f32>(table1(5, x, x), 1, out)
    expect(Math.abs(load<f64>(out) / (5 * 9e76) - 1)).toBeLessThan(1e-6)
  })
  it('each entry of a table on its own', () => {
    const x = make<f64>(3), table = make<u32>(6), out = make<f64>(2)
    for (let i = 0; i < 3; i++) set<f64>(x, i, i + 1)
    for (let entry: usize = 0; entry < 2; entry++) {
      store<u32>(table + 12 * entry, <u32>(3 - entry))
      store<u32>(table + 12 * entry + 4, <u32>x)
      store<u32>(table + 12 * entry + 8, <u32>x)
    }
    dot<f64>(table, 2, out)
    expect(load<f64>(out)).toBe(14)
    expect(load<f64>(out + 8)).toBe(5)
  })
})
