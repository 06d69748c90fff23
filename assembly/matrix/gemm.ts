/** C = alpha·A·B + beta·S for row-major matrices, in cache blocks over panels for the micro-kernel. */
import { Off, On, splat } from '../lanes'
import { gemv, gemvCrossed } from './gemv'
import { Five, Four, One, Six, Three, Two } from './heights'
import { isFused, ROWS, STRICT_ROWS, strip, WIDTH } from './kernel'
import { packColumns, packEntries, packRows } from './pack'

// Elements of k and of n in a block: a strip of A takes 21 KB and a panel of B 7 KB of the first-level cache, a block of B 448 KB of f32.
const BLOCK_K: usize = 224
const BLOCK_N: usize = 512

// B with contiguous rows is not packed for few rows of A, nor A for few columns of B (docs/performance.md).
const IN_PLACE_M: usize = 64
const IN_PLACE_N: usize = 96

/** Bytes of working memory of `gemm`, for either element type. */
export function gemmScratch(): usize {
  return BLOCK_K * (ROWS * 16 + BLOCK_N * 8) + (ROWS + 1) * WIDTH + 128
}

/** Up to six rows. */
@inline function strips<E, Packed>(
  rows: usize, n: usize, k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, panel: usize, c: usize, rowC: usize,
  scale: v128, start: usize, rowS: usize, panelS: usize, edge: usize,
): void {
  if (rows == 6) strip<E, Six, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
  else if (rows == 5) strip<E, Five, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
  else if (rows == 4) strip<E, Four, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
  else if (rows == 3) strip<E, Three, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
  else if (rows == 2) strip<E, Two, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
  else strip<E, One, Packed>(n, k, a, rowA, stepA, b, stepB, panel, c, rowC, scale, start, rowS, panelS, edge)
}

/**
 * A is m × k (k × m if transposeA), B is k × n (n × k if transposeB), C is m × n; lda, ldb, ldc > 0 are the elements from row to row.
 * alpha multiplies the elements of A first. The sums start from beta·S: S is m × n and may be C; with lds = 0 it is one row for all, a
 * bias; at address 0 it is zero.
 */
export function gemm<E>(
  transposeA: u32, transposeB: u32, m: usize, n: usize, k: usize, alpha: f64, a: usize, lda: usize, b: usize, ldb: usize,
  beta: f64, s: usize, lds: usize, c: usize, ldc: usize, scratch: usize,
): void {
  const size = sizeof<E>(), across = WIDTH / size, strideB = ldb * size, strideC = ldc * size
  const rowA = transposeA ? size : lda * size, stepA = transposeA ? lda * size : size
  const entries = scratch, edge = entries + BLOCK_K * ROWS * 16, zeros = edge + ROWS * WIDTH, panels = zeros + WIDTH
  v128.store(zeros, splat<E>(0)), v128.store(zeros, splat<E>(0), 16)
  const isRow = m == 1, isColumn = n == 1 && ldc == 1 && lds <= 1 && alpha == 1
  if (k > 0 && (isRow || isColumn)) {
    const isOne = !isRow && lds == 0
    if (isOne && s) v128.store(zeros, v128.load_splat<E>(s))
    const start = s && !isOne ? s : zeros, stepS: usize = s && !isOne ? 16 : 0
    const x = isRow ? a : b, stepX = isRow ? stepA : transposeB ? size : strideB
    const matrix = isRow ? b : a, stride = isRow ? strideB : lda * size
    if (isRow ? transposeB : !transposeA) gemvCrossed<E>(m * n, k, splat<E>(alpha), x, stepX, matrix, stride, c, splat<E>(beta), start, stepS)
    else gemv<E>(m * n, k, splat<E>(alpha), x, stepX, matrix, stride, c, splat<E>(beta), start, stepS)
    return
  }
  // Blocks of k have equal sizes, and so have the last two strips, because a strip of one or two rows waits for its few sums.
  const blocksK = k > 0 ? (k - 1) / BLOCK_K + 1 : 1, blockK = max(1, (k + blocksK - 1) / blocksK)
  const tileRows = m > STRICT_ROWS && isFused(edge) ? ROWS : STRICT_ROWS
  const inPlaceA = alpha == 1 && n <= IN_PLACE_N, inPlaceB = !transposeB && m <= IN_PLACE_M
  for (let j0: usize = 0; j0 < n; j0 += BLOCK_N) {
    const nb = min(BLOCK_N, n - j0)
    // At least one turn, also for k = 0, which leaves beta·S in C.
    for (let k0: usize = 0; k0 == 0 || k0 < k; k0 += blockK) {
      const kb = min(blockK, k - k0), scale = splat<E>(k0 || !s ? 1 : beta)
      let from = b + k0 * strideB + j0 * size, step = strideB, panel = WIDTH
      if (!inPlaceB) {
        step = WIDTH
        panel = kb * WIDTH
        for (let j: usize = 0, out = panels; j < nb; j += across, out += panel) {
          if (transposeB) packColumns<E>(out, b + (j0 + j) * strideB + k0 * size, strideB, min(across, nb - j), kb, WIDTH)
          else packRows(out, from + j * size, strideB, kb, WIDTH)
        }
        from = panels
      }
      for (let i: usize = 0, rows: usize = 0; i < m; i += rows) {
        const left = m - i
        rows = left < 2 * tileRows && left > tileRows ? (left + 1) / 2 : min(tileRows, left)
        const at = a + i * rowA + k0 * stepA, out = c + i * strideC + j0 * size
        // Later blocks of k add to the results of earlier ones in C.
        const start = k0 ? out : s ? s + (i * lds + j0) * size : zeros, rowS = k0 ? strideC : s ? lds * size : 0, panelS = k0 || s ? WIDTH : 0
        if (inPlaceA) {
          strips<E, Off>(rows, nb, kb, at, rowA, stepA, from, step, panel, out, strideC, scale, start, rowS, panelS, edge)
        } else {
          packEntries<E>(entries, at, rowA, stepA, rows, kb, alpha)
          strips<E, On>(rows, nb, kb, entries, 0, 0, from, step, panel, out, strideC, scale, start, rowS, panelS, edge)
        }
      }
    }
  }
}

/** Computes `count` products of one form. The table has four u32 for each: the addresses of A, B, S and C. */
export function gemmEach<E>(
  table: usize, count: usize, transposeA: u32, transposeB: u32, m: usize, n: usize, k: usize, alpha: f64, lda: usize, ldb: usize,
  beta: f64, lds: usize, ldc: usize, scratch: usize,
): void {
  for (const end = table + 16 * count; table < end; table += 16) {
    const a = load<u32>(table), b = load<u32>(table, 4), s = load<u32>(table, 8), c = load<u32>(table, 12)
    gemm<E>(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, s, lds, c, ldc, scratch)
  }
}
