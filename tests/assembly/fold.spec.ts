import { absMax, absSum, dot, nonFinite, nonZero, powerSum, squaredDistance, squaredNorm } from '../../assembly/fold'
import { get, make, poisoned, set } from './arrays'

const SIZES: i32[] = [0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 67]

function table1(elements: i32, x: usize, y: usize): usize {
  const at = make<u32>(3)
  store<u32>(at, elements)
  store<u32>(at + 4, <u32>x)
  store<u32>(at + 8, <u32>y)
  return at
}

function checkDot<E>(): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), y = poisoned<E>(n), out = make<f64>(1)
    let sum = 0.0, squares = 0.0
    for (let i = 0; i < n; i++) {
      sum += <f64>get<E>(x, i) * <f64>get<E>(y, i)
      squares += (<f64>get<E>(x, i) - <f64>get<E>(y, i)) ** 2
    }
    dot<E>(table1(n, x, y), 1, out)
    expect(Math.abs(load<f64>(out) - sum)).toBeLessThan(1e-14)
    squaredDistance<E>(table1(n, x, y), 1, out)
    expect(Math.abs(load<f64>(out) - squares)).toBeLessThan(1e-13)
  }
}

function checkExtremes<E>(): void {
  for (let s = 1; s < SIZES.length; s++) {
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

/** Folds over x alone, with one element equal to 0. */
function checkSums<E>(): void {
  for (let s = 0; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), out = make<f64>(1), table = table1(n, x, x)
    if (n > 2) set<E>(x, n / 2, -0.0)
    let sizes = 0.0, squares = 0.0, others = 0
    for (let i = 0; i < n; i++) {
      sizes += Math.abs(<f64>get<E>(x, i))
      squares += <f64>get<E>(x, i) ** 2
      if (get<E>(x, i) != 0) others++
    }
    absSum<E>(table, 1, out)
    expect(Math.abs(load<f64>(out) - sizes)).toBeLessThan(1e-13)
    squaredNorm<E>(table, 1, out)
    expect(Math.abs(load<f64>(out) - squares)).toBeLessThan(1e-14)
    nonZero<E>(table, 1, out)
    expect(load<f64>(out)).toBe(<f64>others)
    for (let order = 0.5; order < 5; order += 0.75) {
      let powers = 0.0
      for (let i = 0; i < n; i++) powers += Math.pow(Math.abs(<f64>get<E>(x, i)), order)
      powerSum<E>(table, 1, out, order)
      expect(Math.abs(load<f64>(out) - powers)).toBeLessThan(1e-13)
    }
  }
}

/** NaN at any position makes the result NaN; ∞ without NaN makes it ∞. */
function checkSpecial<E>(): void {
  for (let s = 1; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), out = make<f64>(1), table = table1(n, x, x)
    for (let i = 0; i < n; i++) {
      const was = <f64>get<E>(x, i)
      set<E>(x, i, -Infinity)
      absMax<E>(table, 1, out)
      expect(load<f64>(out)).toBe(Infinity)
      absSum<E>(table, 1, out)
      expect(load<f64>(out)).toBe(Infinity)
      powerSum<E>(table, 1, out, 3)
      expect(load<f64>(out)).toBe(Infinity)
      set<E>(x, i, NaN)
      set<E>(x, (i + 1) % n, n > 1 ? -Infinity : NaN)
      absMax<E>(table, 1, out)
      expect(load<f64>(out)).toBeNaN()
      absSum<E>(table, 1, out)
      expect(load<f64>(out)).toBeNaN()
      squaredNorm<E>(table, 1, out)
      expect(load<f64>(out)).toBeNaN()
      powerSum<E>(table, 1, out, 3)
      expect(load<f64>(out)).toBeNaN()
      nonZero<E>(table, 1, out)
      expect(load<f64>(out)).toBe(<f64>n)
      set<E>(x, (i + 1) % n, 1)
      set<E>(x, i, was)
    }
  }
}

/** n elements of one magnitude, with squares and cubes outside the range of f32. */
function checkRange<E>(value: f64): void {
  const exact = <f64><E>value
  for (let s = 1; s < SIZES.length; s++) {
    const n = SIZES[s], x = poisoned<E>(n), out = make<f64>(1), table = table1(n, x, x)
    for (let i = 0; i < n; i++) set<E>(x, i, i & 1 ? -value : value)
    squaredNorm<E>(table, 1, out)
    expect(Math.abs(load<f64>(out) / exact / exact / <f64>n - 1)).toBeLessThan(1e-14)
    powerSum<E>(table, 1, out, 3)
    expect(Math.abs(load<f64>(out) / exact / exact / exact / <f64>n - 1)).toBeLessThan(1e-12)
    absSum<E>(table, 1, out)
    expect(Math.abs(load<f64>(out) / exact / <f64>n - 1)).toBeLessThan(1e-14)
    absMax<E>(table, 1, out)
    expect(load<f64>(out)).toBe(exact)
    nonZero<E>(table, 1, out)
    expect(load<f64>(out)).toBe(<f64>n)
  }
}

describe('folds', () => {
  it('dot and squaredDistance of f32', () => { checkDot<f32>() })
  it('dot and squaredDistance of f64', () => { checkDot<f64>() })
  it('absMax and nonFinite of f32', () => { checkExtremes<f32>() })
  it('absMax and nonFinite of f64', () => { checkExtremes<f64>() })
  it('sums of f32', () => { checkSums<f32>() })
  it('sums of f64', () => { checkSums<f64>() })
  it('NaN and ∞ in f32', () => { checkSpecial<f32>() })
  it('NaN and ∞ in f64', () => { checkSpecial<f64>() })
  it('1e30, 1e-30 and denormals of f32', () => { checkRange<f32>(1e30); checkRange<f32>(1e-30); checkRange<f32>(3e-45) })
  it('1e30, 1e-30 and 1e±100 of f64', () => {
    checkRange<f64>(1e30)
    checkRange<f64>(1e-30)
    checkRange<f64>(1e100)
    checkRange<f64>(1e-100)
  })
  it('sum and maximum of an empty array are 0', () => {
    const out = make<f64>(1), table = table1(0, 0, 0)
    store<f64>(out, 9)
    absMax<f32>(table, 1, out)
    expect(load<f64>(out)).toBe(0)
    store<f64>(out, 9)
    powerSum<f64>(table, 1, out, 3)
    expect(load<f64>(out)).toBe(0)
  })
  it('squares of the largest f32 do not overflow', () => {
    const x = make<f32>(5), out = make<f64>(1)
    for (let i = 0; i < 5; i++) set<f32>(x, i, 3e38)
    dot<f32>(table1(5, x, x), 1, out)
    expect(Math.abs(load<f64>(out) / (5 * 9e76) - 1)).toBeLessThan(1e-6)
  })
  it('each table entry has its own result', () => {
    const x = make<f64>(3), table = make<u32>(6), out = make<f64>(2)
    for (let i = 0; i < 3; i++) set<f64>(x, i, i + 1)
    for (let entry: usize = 0; entry < 2; entry++) {
      store<u32>(table + 12 * entry, 3 - <u32>entry)
      store<u32>(table + 12 * entry + 4, <u32>x)
      store<u32>(table + 12 * entry + 8, <u32>x)
    }
    dot<f64>(table, 2, out)
    expect(load<f64>(out)).toBe(14)
    expect(load<f64>(out + 8)).toBe(5)
  })
})
