/**
 * The one gemm micro-kernel: a tile of ROWS × 2 vectors of C in registers, over packed panels
 *   a[k][ROWS], b[k][2 vectors].
 * Every element of C is one accumulator that takes its products in the order of k.
 */
import { mulAdd, splat } from '../lanes'

/** Rows of the tile: 8 accumulators, two vectors of B and one of A leave V8 and JavaScriptCore registers to spare of 16. */
export const ROWS: usize = 4

/** Where a tile's accumulators start. */
export const FROM_ZERO: u32 = 0
export const FROM_BIAS: u32 = 1
export const FROM_C: u32 = 2

/** `stride`: bytes between the rows of C. `bias`: address of the two vectors added to every row, read if `from` is FROM_BIAS. */
export function tile<E>(k: usize, a: usize, b: usize, c: usize, stride: usize, from: u32, bias: usize): void {
  let p0: v128, q0: v128, p1: v128, q1: v128, p2: v128, q2: v128, p3: v128, q3: v128
  if (from == FROM_C) {
    p0 = v128.load(c)
    q0 = v128.load(c, 16)
    p1 = v128.load(c + stride)
    q1 = v128.load(c + stride, 16)
    p2 = v128.load(c + 2 * stride)
    q2 = v128.load(c + 2 * stride, 16)
    p3 = v128.load(c + 3 * stride)
    q3 = v128.load(c + 3 * stride, 16)
  } else {
    p0 = splat<E>(0)
    q0 = p0
    if (from == FROM_BIAS) {
      p0 = v128.load(bias)
      q0 = v128.load(bias, 16)
    }
    p1 = p0
    q1 = q0
    p2 = p0
    q2 = q0
    p3 = p0
    q3 = q0
  }
  for (const end = b + k * 32; b < end; b += 32, a += ROWS * sizeof<E>()) {
    const p = v128.load(b), q = v128.load(b, 16)
    let x = v128.load_splat<E>(a)
    p0 = mulAdd<E>(x, p, p0)
    q0 = mulAdd<E>(x, q, q0)
    x = v128.load_splat<E>(a, sizeof<E>())
    p1 = mulAdd<E>(x, p, p1)
    q1 = mulAdd<E>(x, q, q1)
    x = v128.load_splat<E>(a, 2 * sizeof<E>())
    p2 = mulAdd<E>(x, p, p2)
    q2 = mulAdd<E>(x, q, q2)
    x = v128.load_splat<E>(a, 3 * sizeof<E>())
    p3 = mulAdd<E>(x, p, p3)
    q3 = mulAdd<E>(x, q, q3)
  }
  v128.store(c, p0)
  v128.store(c, q0, 16)
  v128.store(c + stride, p1)
  v128.store(c + stride, q1, 16)
  v128.store(c + 2 * stride, p2)
  v128.store(c + 2 * stride, q2, 16)
  v128.store(c + 3 * stride, p3)
  v128.store(c + 3 * stride, q3, 16)
}
