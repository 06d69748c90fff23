import { gemm, gemmScratch } from '../../assembly/matrix/gemm'
import { fillRandom, get, guarded, make } from './arrays'

/** m, n, k: every tile height, edges of panels and blocks, vectors on either side, k = 0. */
const SIZES: i32[][] = [
  [1, 1, 1], [4, 8, 3], [5, 9, 7], [3, 10, 0], [97, 33, 5], [2, 300, 260], [13, 1, 520], [8, 16, 257], [1, 21, 6], [1, 64, 9], [37, 1, 11],
  [7, 530, 4], [70, 100, 3], [6, 97, 194],
]

/** The summand S: none, one row for all rows, a separate matrix, C itself. */
const NONE = 0, ROW = 1, OTHER = 2, ITSELF = 3

/**
 * Compares gemm with the plain triple loop, bit for bit: on every path each element is one sum in the order of k. Each row of each matrix
 * ends in `gap` NaN elements, which gemm must neither read nor, in C, write.
 */
function check<E>(m: i32, n: i32, k: i32, ta: u32, tb: u32, s: i32, alpha: f64, beta: f64, gap: i32): bool {
  const lda = (ta ? m : k) + gap, ldb = (tb ? k : n) + gap, ldc = n + gap
  const rowsA = ta ? k : m, rowsB = tb ? n : k
  const a = matrix<E>(rowsA, lda, gap), b = matrix<E>(rowsB, ldb, gap), c = matrix<E>(m, ldc, gap), other = matrix<E>(m, ldc, gap)
  const was = make<E>(m * ldc)
  memory.copy(was, c, <usize>(m * ldc) * sizeof<E>())
  const scratch = make<u8>(<i32>gemmScratch())
  const from = s == NONE ? 0 : s == ITSELF ? c : other, values = s == ITSELF ? was : other, lds = s == ROW ? 0 : ldc
  gemm<E>(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, from, lds, c, ldc, scratch)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < ldc; j++) {
      const got = get<E>(c, i * ldc + j)
      if (j >= n) {
        if (!isNaN<E>(got)) return false
        continue
      }
      let sum: E = s == NONE ? <E>0 : <E>beta * get<E>(values, i * lds + j)
      for (let p = 0; p < k; p++) sum += (<E>alpha * get<E>(a, ta ? p * lda + i : i * lda + p)) * get<E>(b, tb ? j * ldb + p : p * ldb + j)
      if (got != sum) return false
    }
  }
  return guarded<E>(c, m * ldc) && guarded<u8>(scratch, <i32>gemmScratch())
}

function matrix<E>(rows: i32, stride: i32, gap: i32): usize {
  const at = make<E>(max(rows * stride, 1))
  fillRandom<E>(at, rows * stride)
  for (let row = 0; row < rows; row++) for (let j = stride - gap; j < stride; j++) store<E>(at + <usize>(row * stride + j) * sizeof<E>(), <E>NaN)
  return at
}

function checkAll<E>(): void {
  for (let i = 0; i < SIZES.length; i++) {
    const m = SIZES[i][0], n = SIZES[i][1], k = SIZES[i][2]
    for (let form: u32 = 0; form < 4; form++) {
      for (let s = NONE; s <= ITSELF; s++) {
        expect(check<E>(m, n, k, form & 1, form >> 1, s, 1, 1, 0)).toBe(true, `${m} ${n} ${k} ${form} ${s}`)
        expect(check<E>(m, n, k, form & 1, form >> 1, s, 0.3, -1.7, 3)).toBe(true, `scaled ${m} ${n} ${k} ${form} ${s}`)
      }
    }
  }
}

describe('gemm equals the triple loop', () => {
  it('f32', () => { checkAll<f32>() })
  it('f64', () => { checkAll<f64>() })
})
