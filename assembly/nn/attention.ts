/**
 * Attention of many heads, softmax(scale·Q·Kᵀ + mask)·V, for a block of queries at a time: a few rows of a gemm give its scores, which become
 * weights before they leave the cache. Heads are used in place, for example in a joint projection of queries, keys and values.
 */
import { gemm } from '../matrix/gemm'
import { softmaxRow, softmaxRowBackward } from './softmax'

/**
 * The table, in u32: inner count of heads, queries, keys, width of queries and keys, width of values, whether query i attends to keys 0 … i only;
 * addresses of the weights [outer, inner, queries, keys] and of factors of the same shape (dropout; 0 for none); then for query, key, value,
 * result and mask (0 for none) the address and the strides in elements from outer to outer, inner to inner, row to row; then the addresses of
 * the gradients of query, key and value, with the same strides, 0 for none.
 */
const INNER: usize = 0, QUERIES: usize = 4, KEYS: usize = 8, WIDTH: usize = 12, VALUE_WIDTH: usize = 16, CAUSAL: usize = 20
const WEIGHTS: usize = 24, FACTORS: usize = 28
const QUERY: usize = 32, KEY: usize = 48, VALUE: usize = 64, RESULT: usize = 80, MASK: usize = 96
const QUERY_GRAD: usize = 112, KEY_GRAD: usize = 116, VALUE_GRAD: usize = 120

/** Queries of a block: rows for which gemm reads keys and values without packing. */
const BLOCK: usize = 48

/** Bytes of working memory for a number of keys. */
export function attentionWork(keys: usize): usize {
  return 2 * BLOCK * keys * 8 + 128
}

@inline function read(table: usize, field: usize): usize {
  return load<u32>(table + field)
}

/** Offset in elements of head (o, h) of an operand. */
@inline function offset(table: usize, operand: usize, o: usize, h: usize): usize {
  return o * read(table, operand + 4) + h * read(table, operand + 8)
}

@inline function rowOf(table: usize, operand: usize): usize {
  return read(table, operand + 12)
}

/** Number of keys that the queries before `end` attend to. */
@inline function seenBefore(table: usize, end: usize): usize {
  return read(table, CAUSAL) ? min(end, read(table, KEYS)) : read(table, KEYS)
}

/** out = x·factors for `rows` rows of `n` elements; out is contiguous, the others have `stride` elements from row to row. */
function multiply<E>(rows: usize, n: usize, out: usize, stride: usize, x: usize, strideX: usize, factors: usize, strideF: usize): void {
  const size = sizeof<E>()
  for (; rows > 0; rows--, out += stride * size, x += strideX * size, factors += strideF * size) {
    let i: usize = 0
    for (; i + 16 <= n * size; i += 16) v128.store(out + i, v128.mul<E>(v128.load(x + i), v128.load(factors + i)))
    for (; i < n * size; i += size) store<E>(out + i, <E>(load<E>(x + i) * load<E>(factors + i)))
  }
}

/**
 * `count` heads from `first` on, in the order of the weights. `work` has `attentionWork` bytes. Leaves the weights for `attentionBackward`; those
 * of keys that a block of queries masks are not written.
 */
export function attention<E>(table: usize, first: usize, count: usize, scale: f64, work: usize, scratch: usize): void {
  const size = sizeof<E>(), queries = read(table, QUERIES), keys = read(table, KEYS), heads = read(table, INNER)
  const width = read(table, WIDTH), valueWidth = read(table, VALUE_WIDTH), mask = read(table, MASK)
  for (let n = first; n < first + count; n++) {
    const o = n / heads, h = n % heads
    const q = read(table, QUERY) + offset(table, QUERY, o, h) * size, k = read(table, KEY) + offset(table, KEY, o, h) * size
    const v = read(table, VALUE) + offset(table, VALUE, o, h) * size, out = read(table, RESULT) + offset(table, RESULT, o, h) * size
    for (let i: usize = 0; i < queries; i += BLOCK) {
      const rows = min(BLOCK, queries - i), seen = seenBefore(table, i + rows), at = (n * queries + i) * keys * size
      const w = read(table, WEIGHTS) + at
      gemm<E>(
        0, 1, rows, seen, width, scale, q + i * rowOf(table, QUERY) * size, rowOf(table, QUERY), k, rowOf(table, KEY),
        1, mask ? mask + (offset(table, MASK, o, h) + i * rowOf(table, MASK)) * size : 0, rowOf(table, MASK), w, keys, scratch,
      )
      for (let r: usize = 0; r < rows; r++) {
        const visible = seenBefore(table, i + r + 1), row = w + r * keys * size
        softmaxRow<E>(visible, row, row, true)
        memory.fill(row + visible * size, 0, (seen - visible) * size)
      }
      const factors = read(table, FACTORS)
      if (factors) multiply<E>(rows, seen, work, keys, w, keys, factors + at, keys)
      gemm<E>(
        0, 0, rows, valueWidth, seen, 1, factors ? work : w, keys, v, rowOf(table, VALUE),
        1, 0, 0, out + i * rowOf(table, RESULT) * size, rowOf(table, RESULT), scratch,
      )
    }
  }
}

/** Adds to the gradients in the table, from the gradient of the result at dy. */
export function attentionBackward<E>(
  table: usize, first: usize, count: usize, scale: f64, dy: usize, work: usize, scratch: usize,
): void {
  const size = sizeof<E>(), queries = read(table, QUERIES), keys = read(table, KEYS), heads = read(table, INNER)
  const width = read(table, WIDTH), valueWidth = read(table, VALUE_WIDTH), factors = read(table, FACTORS)
  const rowQ = rowOf(table, QUERY), rowK = rowOf(table, KEY), rowV = rowOf(table, VALUE), rowO = rowOf(table, RESULT)
  const ds = work, dropped = ds + BLOCK * keys * size
  for (let n = first; n < first + count; n++) {
    const o = n / heads, h = n % heads
    const atQ = offset(table, QUERY, o, h) * size, atK = offset(table, KEY, o, h) * size, atV = offset(table, VALUE, o, h) * size
    const dk = read(table, KEY_GRAD) + atK, dv = read(table, VALUE_GRAD) + atV
    for (let i: usize = 0; i < queries; i += BLOCK) {
      const rows = min(BLOCK, queries - i), seen = seenBefore(table, i + rows), at = (n * queries + i) * keys * size
      const w = read(table, WEIGHTS) + at, dOut = dy + (offset(table, RESULT, o, h) + i * rowO) * size, rowsQ = atQ + i * rowQ * size
      if (read(table, VALUE_GRAD)) {
        if (factors) multiply<E>(rows, seen, dropped, keys, w, keys, factors + at, keys)
        gemm<E>(1, 0, seen, valueWidth, rows, 1, factors ? dropped : w, keys, dOut, rowO, 1, dv, rowV, dv, rowV, scratch)
      }
      if (!read(table, QUERY_GRAD) && !read(table, KEY_GRAD)) continue
      gemm<E>(0, 1, rows, seen, valueWidth, 1, dOut, rowO, read(table, VALUE) + atV, rowV, 1, 0, 0, ds, keys, scratch)
      if (factors) multiply<E>(rows, seen, ds, keys, ds, keys, factors + at, keys)
      for (let r: usize = 0; r < rows; r++) softmaxRowBackward<E>(seen, ds + r * keys * size, w + r * keys * size, ds + r * keys * size)
      if (read(table, QUERY_GRAD)) {
        const dq = read(table, QUERY_GRAD) + rowsQ
        gemm<E>(0, 0, rows, width, seen, scale, ds, keys, read(table, KEY) + atK, rowK, 1, dq, rowQ, dq, rowQ, scratch)
      }
      if (read(table, KEY_GRAD)) gemm<E>(1, 0, seen, width, rows, scale, ds, keys, read(table, QUERY) + rowsQ, rowQ, 1, dk, rowK, dk, rowK, scratch)
    }
  }
}
