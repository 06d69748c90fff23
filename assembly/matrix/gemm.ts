/** C = A·B (+ bias, or + C) for row-major matrices, in blocks that fit the caches, over panels that fit the micro-kernel. */
import { FROM_BIAS, FROM_C, FROM_ZERO, ROWS, tile } from './kernel'
import { packColumns, packRows } from './pack'
import { copyRow } from '../rows'

// Elements of a block: A is BLOCK_M × BLOCK_K (96 KB of f32), B is BLOCK_K × BLOCK_N (256 KB of f32).
const BLOCK_M: usize = 96
const BLOCK_K: usize = 256
const BLOCK_N: usize = 256

/** Bytes of working memory `gemm` needs, for either element type. */
export function gemmScratch(): usize {
  return (BLOCK_M + BLOCK_N) * BLOCK_K * 8 + 3 * 128
}

/** Copies the first `columns` (≤ 2 vectors) of `rows` rows out of or into a matrix whose surplus must not be written. */
function copyTile<E>(to: usize, toStride: usize, from: usize, fromStride: usize, rows: usize, columns: usize): void {
  for (; rows > 0; rows--, to += toStride, from += fromStride) {
    copyRow(to, from, columns * sizeof<E>())
  }
}

/**
 * A is m × k (k × m if transposeA), B is k × n (n × k if transposeB), C is m × n; lda, ldb, ldc are the elements from row to row.
 * bias: address of n values that start every row, or 0. accumulate: non-zero to start from what C holds (then without bias).
 */
export function gemm<E>(
  transposeA: u32, transposeB: u32, m: usize, n: usize, k: usize,
  a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize,
  bias: usize, accumulate: u32, scratch: usize,
): void {
  const size = sizeof<E>(), columns: usize = 32 / size
  const strideA = lda * size, strideB = ldb * size, strideC = ldc * size
  const panelsA = scratch, panelsB = panelsA + BLOCK_M * BLOCK_K * size + 128, edge = panelsB + BLOCK_K * BLOCK_N * size + 128
  const start = accumulate ? FROM_C : bias ? FROM_BIAS : FROM_ZERO
  for (let j0: usize = 0; j0 < n; j0 += BLOCK_N) {
    const nb = min(BLOCK_N, n - j0)
    // One turn even for k = 0, which leaves the bias or zeros in C.
    for (let k0: usize = 0; k0 == 0 || k0 < k; k0 += BLOCK_K) {
      const kb = min(BLOCK_K, k - k0), from = k0 ? FROM_C : start
      for (let j: usize = 0, out = panelsB; j < nb; j += columns, out += kb * 32) {
        if (transposeB) packColumns<E>(out, b + (j0 + j) * strideB + k0 * size, strideB, min(columns, nb - j), kb, 32)
        else packRows(out, b + k0 * strideB + (j0 + j) * size, strideB, kb, 32)
      }
      for (let i0: usize = 0; i0 < m; i0 += BLOCK_M) {
        const mb = min(BLOCK_M, m - i0)
        for (let i: usize = 0, out = panelsA; i < mb; i += ROWS, out += kb * ROWS * size) {
          if (transposeA) packRows(out, a + k0 * strideA + (i0 + i) * size, strideA, kb, ROWS * size)
          else packColumns<E>(out, a + (i0 + i) * strideA + k0 * size, strideA, min(ROWS, mb - i), kb, ROWS * size)
        }
        for (let j: usize = 0; j < nb; j += columns) {
          const panelB = panelsB + j * kb * size, nt = min(columns, nb - j), biasAt = bias + (j0 + j) * size
          for (let i: usize = 0; i < mb; i += ROWS) {
            const panelA = panelsA + i * kb * size, mt = min(ROWS, mb - i)
            const at = c + (i0 + i) * strideC + (j0 + j) * size
            if (mt == ROWS && nt == columns) {
              tile<E>(kb, panelA, panelB, at, strideC, from, biasAt)
            } else {
              if (from == FROM_C) copyTile<E>(edge, 32, at, strideC, mt, nt)
              tile<E>(kb, panelA, panelB, edge, 32, from, biasAt)
              copyTile<E>(at, strideC, edge, 32, mt, nt)
            }
          }
        }
      }
    }
  }
}
