import { gatherRows, scatterAddRows } from '../../assembly/nn/embedding'
import { clean, get, make, poisoned, set } from './arrays'

const SIZES: i32[] = [1, 3, 5, 7, 17]

function check<E>(rows: i32, width: i32, count: i32, skip: i32): bool {
  const table = poisoned<E>(rows * width), out = make<E>(count * width), indices = make<i32>(count)
  const grad = poisoned<E>(count * width), sums = make<E>(rows * width), want = make<E>(rows * width)
  for (let i = 0; i < count; i++) store<i32>(indices + 4 * i, (i * i + 2) % rows)
  for (let i = 0; i < rows * width; i++) set<E>(sums, i, <f64>i), set<E>(want, i, <f64>i)
  gatherRows<E>(count, width, out, indices, table)
  scatterAddRows<E>(count, width, width, sums, indices, grad, skip)
  for (let i = 0; i < count; i++) {
    const row = get<i32>(indices, i)
    for (let j = 0; j < width; j++) {
      if (get<E>(out, i * width + j) != get<E>(table, row * width + j)) return false
      if (row != skip) set<E>(want, row * width + j, <f64>(<E>(get<E>(want, row * width + j) + get<E>(grad, i * width + j))))
    }
  }
  for (let i = 0; i < rows * width; i++) if (get<E>(sums, i) != get<E>(want, i)) return false
  return clean<E>(out, count * width) && clean<E>(sums, rows * width)
}

function checkAll<E>(): void {
  for (let r = 0; r < SIZES.length; r++) {
    for (let w = 0; w < SIZES.length; w++) {
      for (let c = 0; c < SIZES.length; c++) {
        expect(check<E>(SIZES[r], SIZES[w], SIZES[c], -1)).toBe(true)
        expect(check<E>(SIZES[r], SIZES[w], SIZES[c], 2 % SIZES[r])).toBe(true)
      }
    }
  }
  expect(check<E>(3, 5, 0, -1)).toBe(true)
}

describe('rows by index', () => {
  it('f32', () => { checkAll<f32>() })
  it('f64', () => { checkAll<f64>() })
})
