import { gemm, gemmScratch } from '../../assembly/matrix/gemm'
import { fillRandom, get, guarded, make } from './arrays'

const SIZES: i32[][] = [[1, 1, 1], [4, 8, 3], [5, 9, 7], [3, 10, 0], [97, 33, 5], [2, 300, 260], [13, 1, 520], [8, 16, 257]]

/** Against the plain triple loop: every transposition, without and with bias, over and onto what C holds. */
function check<E>(m: i32, n: i32, k: i32, ta: u32, tb: u32, bias: bool, onto: bool, limit: f64): bool {
  const a = make<E>(max(m * k, 1)), b = make<E>(max(k * n, 1)), c = make<E>(m * n), d = make<E>(n), scratch = make<u8>(<i32>gemmScratch())
  fillRandom<E>(a, m * k)
  fillRandom<E>(b, k * n)
  fillRandom<E>(c, m * n)
  fillRandom<E>(d, n)
  const was = make<E>(m * n)
  memory.copy(was, c, <usize>(m * n) * sizeof<E>())
  gemm<E>(ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, c, n, bias ? d : 0, onto ? 1 : 0, scratch)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = onto ? <f64>get<E>(was, i * n + j) : bias ? <f64>get<E>(d, j) : 0
      for (let p = 0; p < k; p++) {
        sum += <f64>get<E>(a, ta ? p * m + i : i * k + p) * <f64>get<E>(b, tb ? j * k + p : p * n + j)
      }
      if (!(Math.abs(sum - <f64>get<E>(c, i * n + j)) < limit)) return false
    }
  }
  return guarded<E>(c, m * n) && guarded<u8>(scratch, <i32>gemmScratch())
}

function checkAll<E>(limit: f64): void {
  for (let s = 0; s < SIZES.length; s++) {
    const m = SIZES[s][0], n = SIZES[s][1], k = SIZES[s][2]
    for (let form: u32 = 0; form < 4; form++) {
      expect(check<E>(m, n, k, form & 1, form >> 1, false, false, limit)).toBe(true)
      expect(check<E>(m, n, k, form & 1, form >> 1, true, false, limit)).toBe(true)
      expect(check<E>(m, n, k, form & 1, form >> 1, false, true, limit)).toBe(true)
    }
  }
}

describe('gemm against the triple loop', () => {
  it('f32', () => { checkAll<f32>(1e-4) })
  it('f64', () => { checkAll<f64>(1e-12) })
})
