import { columnSquares, direction, factoredDirection, lerpTo, lerpToSquare, rowSquares } from '../../assembly/optim/factored'
import { clean, fillRandom, get, guarded, make, next, padded, poisoned, set } from './arrays'

const SHAPES: i32[][] = [[1, 1], [1, 7], [7, 1], [3, 5], [17, 9], [16, 1], [4, 8]]
const WEIGHTS: f64[] = [0, 0.25, 0.4375, 0.5, 0.8125, 1]

/** Allocates positive numbers, padded with NaN. */
function variances<E>(elements: i32): usize {
  const at = poisoned<E>(elements)
  for (let i = 0; i < elements; i++) set<E>(at, i, Math.abs(next()) + 0.1)
  return at
}

function near<E>(got: E, want: f64, limit: f64): void {
  expect(Math.abs(<f64>got - want)).toBeLessThan(limit * (Math.abs(want) + 1))
}

function checkMeans<E>(limit: f64): void {
  for (let s = 0; s < SHAPES.length; s++) {
    const rows = SHAPES[s][0], columns = SHAPES[s][1]
    const x = poisoned<E>(rows * columns), byRow = make<E>(rows), byColumn = make<E>(columns)
    rowSquares<E>(rows, columns, byRow, x)
    columnSquares<E>(rows, columns, columns, byColumn, x)
    for (let i = 0; i < rows; i++) {
      let sum = 0.0
      for (let j = 0; j < columns; j++) sum += <f64>get<E>(x, i * columns + j) ** 2
      near<E>(get<E>(byRow, i), sum / <f64>columns, limit)
    }
    for (let j = 0; j < columns; j++) {
      let sum = 0.0
      for (let i = 0; i < rows; i++) sum += <f64>get<E>(x, i * columns + j) ** 2
      expect(get<E>(byColumn, j)).toBe(<E>(sum / <f64>rows))
    }
    expect(clean<E>(byRow, rows) && clean<E>(byColumn, columns)).toBe(true)
  }
}

/** Squares outside the range of f32 with a mean inside it. */
function checkRange(): void {
  const x = make<f32>(15), out = make<f32>(5)
  set<f32>(x, 7, 2e19)
  set<f32>(x, 5, 1e-22)
  const large = <f64>(<f32>2e19) ** 2, small = <f64>(<f32>1e-22) ** 2
  columnSquares<f32>(3, 5, 5, out, x)
  expect(get<f32>(out, 2)).toBe(<f32>(large / 3))
  expect(get<f32>(out, 0)).toBe(<f32>(small / 3))
  rowSquares<f32>(3, 5, out, x)
  expect(get<f32>(out, 1)).toBe(<f32>((large + small) / 5))
}

function checkFactored<E>(limit: f64): void {
  for (let s = 0; s < SHAPES.length; s++) {
    const rows = SHAPES[s][0], columns = SHAPES[s][1], n = rows * columns
    const grad = poisoned<E>(n), row = variances<E>(rows), column = variances<E>(columns), out = make<E>(n)
    for (let floor = 1e-6; floor < 2; floor *= 300) {
      factoredDirection<E>(rows, columns, out, grad, row, column, 0.75, floor)
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          const variance = (<f64>get<E>(row, i) * <f64>get<E>(column, j)) / 0.75
          near<E>(get<E>(out, i * columns + j), <f64>get<E>(grad, i * columns + j) / Math.sqrt(max(variance, floor)), limit)
        }
      }
      expect(clean<E>(out, n)).toBe(true)
    }
  }
}

function checkDirection<E>(limit: f64): void {
  for (let s = 0; s < SHAPES.length; s++) {
    const n = SHAPES[s][0] * SHAPES[s][1]
    const grad = poisoned<E>(n), variance = variances<E>(n), out = make<E>(n)
    set<E>(variance, n / 2, 0)
    direction<E>(padded<E>(n), out, grad, variance, 0.25)
    for (let i = 0; i < n; i++) near<E>(get<E>(out, i), <f64>get<E>(grad, i) / Math.sqrt(max(<f64>get<E>(variance, i), 0.25)), limit)
    expect(guarded<E>(out, n)).toBe(true)
  }
}

function lerp<E>(square: bool, bytes: u32, out: usize, start: usize, end: usize, weight: f64): void {
  if (square) lerpToSquare<E>(bytes, out, start, end, weight)
  else lerpTo<E>(bytes, out, start, end, weight)
}

/** Checks lerp into another array and in place; weights 0 and 1 return an endpoint exactly. */
function lerps<E>(square: bool, n: i32, weight: f64, limit: f64): bool {
  const bytes = padded<E>(n), start = poisoned<E>(n), end = poisoned<E>(n), out = make<E>(n), own = make<E>(n)
  fillRandom<E>(end, n, 0.1)
  lerp<E>(square, bytes, out, start, end, weight)
  memory.copy(own, start, bytes)
  lerp<E>(square, bytes, own, own, end, weight)
  for (let i = 0; i < n; i++) {
    const got = get<E>(out, i), a = get<E>(start, i), b = square ? get<E>(end, i) * get<E>(end, i) : get<E>(end, i)
    if (!(Math.abs(<f64>got - (<f64>a + weight * (<f64>b - <f64>a))) < limit) || get<E>(own, i) != got) return false
    if ((weight == 0 && got != a) || (weight == 1 && got != b)) return false
  }
  return guarded<E>(out, n) && guarded<E>(own, n)
}

function checkLerps<E>(limit: f64): void {
  for (let s = 0; s < SHAPES.length; s++) {
    for (let w = 0; w < WEIGHTS.length; w++) {
      expect(lerps<E>(false, SHAPES[s][0] * SHAPES[s][1], WEIGHTS[w], limit)).toBe(true)
      expect(lerps<E>(true, SHAPES[s][0] * SHAPES[s][1], WEIGHTS[w], limit)).toBe(true)
    }
  }
}

describe("Adafactor's kernels", () => {
  it('rowSquares and columnSquares, f32', () => { checkMeans<f32>(1e-7) })
  it('rowSquares and columnSquares, f64', () => { checkMeans<f64>(1e-15) })
  it('means of squares outside the range of f32', () => { checkRange() })
  it('factoredDirection, f32', () => { checkFactored<f32>(1e-6) })
  it('factoredDirection, f64', () => { checkFactored<f64>(1e-15) })
  it('direction, f32', () => { checkDirection<f32>(1e-6) })
  it('direction, f64', () => { checkDirection<f64>(1e-15) })
  it('lerpTo and lerpToSquare, f32', () => { checkLerps<f32>(3e-7) })
  it('lerpTo and lerpToSquare, f64', () => { checkLerps<f64>(1e-15) })
})
