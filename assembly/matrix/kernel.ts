/**
 * The only gemm micro-kernel: a tile of up to six rows × two vectors of C in registers. Each element is one accumulator that adds its products
 * in the order of k, on every path.
 *
 * Twelve accumulators, two vectors of B and one of A are the 15 registers that V8 leaves on x64. With relaxed multiply-add 6 × 2 is the fastest of
 * 14 forms measured in Node 20, Node 24, Deno and Bun. A product of its own needs a 16th register, for which V8 spills on AMD, so strict tiles have
 * five rows: up to half as fast again there, and within 3 % on Intel (docs/performance.md).
 */
import { isOn, mulAdd, Off } from '../lanes'
import { copyRow } from '../rows'
import { Two } from './heights'

/** Maximum rows of a tile, of a strict one, and the bytes of a row. */
export const ROWS: usize = 6
export const STRICT_ROWS: usize = 5
export const WIDTH: usize = 32

/**
 * C[R × 2 vectors] = A[R × k]·B[k × 2 vectors] + scale·S.
 *
 * Packed: `a` is [k][R] vectors with one element each. Otherwise `a` is the first element of A, and `rowA` and `stepA` lead to the next row and
 * the next k; `stepB` leads to B's next k, `rowC` and `rowS` to the next rows, all in bytes. A separate function, because inside another loop
 * Node 20 (V8 11.3) spills four accumulators, which costs a sixth. tools/micro-kernel.mjs finds it by its name.
 */
function tile<E, R, Packed>(
  k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, c: usize, rowC: usize, scale: v128, start: usize, rowS: usize,
): void {
  const rows = offsetof<R>(), step = isOn<Packed>() ? 16 * rows : stepA
  const a2 = rowA + rowA, a3 = a2 + rowA, a4 = a3 + rowA, a5 = a4 + rowA
  const s1 = start + rowS, s2 = s1 + rowS, s3 = s2 + rowS, s4 = s3 + rowS, s5 = s4 + rowS
  let p0 = v128.mul<E>(scale, v128.load(start)), q0 = v128.mul<E>(scale, v128.load(start, 16))
  let p1: v128, q1: v128, p2: v128, q2: v128, p3: v128, q3: v128, p4: v128, q4: v128, p5: v128, q5: v128
  if (rows > 1) p1 = v128.mul<E>(scale, v128.load(s1)), q1 = v128.mul<E>(scale, v128.load(s1, 16))
  if (rows > 2) p2 = v128.mul<E>(scale, v128.load(s2)), q2 = v128.mul<E>(scale, v128.load(s2, 16))
  if (rows > 3) p3 = v128.mul<E>(scale, v128.load(s3)), q3 = v128.mul<E>(scale, v128.load(s3, 16))
  if (rows > 4) p4 = v128.mul<E>(scale, v128.load(s4)), q4 = v128.mul<E>(scale, v128.load(s4, 16))
  if (rows > 5) p5 = v128.mul<E>(scale, v128.load(s5)), q5 = v128.mul<E>(scale, v128.load(s5, 16))
  for (const end = b + k * stepB; b != end; b += stepB, a += step) {
    const p = v128.load(b), q = v128.load(b, 16)
    let x = isOn<Packed>() ? v128.load(a) : v128.load_splat<E>(a)
    p0 = mulAdd<E>(x, p, p0), q0 = mulAdd<E>(x, q, q0)
    if (rows > 1) x = isOn<Packed>() ? v128.load(a, 16) : v128.load_splat<E>(a + rowA), p1 = mulAdd<E>(x, p, p1), q1 = mulAdd<E>(x, q, q1)
    if (rows > 2) x = isOn<Packed>() ? v128.load(a, 32) : v128.load_splat<E>(a + a2), p2 = mulAdd<E>(x, p, p2), q2 = mulAdd<E>(x, q, q2)
    if (rows > 3) x = isOn<Packed>() ? v128.load(a, 48) : v128.load_splat<E>(a + a3), p3 = mulAdd<E>(x, p, p3), q3 = mulAdd<E>(x, q, q3)
    if (rows > 4) x = isOn<Packed>() ? v128.load(a, 64) : v128.load_splat<E>(a + a4), p4 = mulAdd<E>(x, p, p4), q4 = mulAdd<E>(x, q, q4)
    if (rows > 5) x = isOn<Packed>() ? v128.load(a, 80) : v128.load_splat<E>(a + a5), p5 = mulAdd<E>(x, p, p5), q5 = mulAdd<E>(x, q, q5)
  }
  const c1 = c + rowC, c2 = c1 + rowC, c3 = c2 + rowC, c4 = c3 + rowC, c5 = c4 + rowC
  v128.store(c, p0), v128.store(c, q0, 16)
  if (rows > 1) v128.store(c1, p1), v128.store(c1, q1, 16)
  if (rows > 2) v128.store(c2, p2), v128.store(c2, q2, 16)
  if (rows > 3) v128.store(c3, p3), v128.store(c3, q3, 16)
  if (rows > 4) v128.store(c4, p4), v128.store(c4, q4, 16)
  if (rows > 5) v128.store(c5, p5), v128.store(c5, q5, 16)
}

/** Whether `tile` fuses multiply and add, as in the relaxed binary on most machines. `work` has space for four rows. */
export function isFused(work: usize): bool {
  // (1 + 2⁻¹²)² − (1 + 2⁻¹¹) is 2⁻²⁴, but 0 if the square was rounded to f32.
  const factor = f32x4.splat(1.000244140625), start = work + WIDTH, c = start + WIDTH
  v128.store(work, factor), v128.store(work, factor, 16)
  v128.store(start, f32x4.splat(-1.00048828125)), v128.store(start, f32x4.splat(-1.00048828125), 16)
  tile<f32, Two, Off>(1, work, 0, 0, work, WIDTH, c, WIDTH, f32x4.splat(1), start, 0)
  return load<f32>(c) != 0
}

/** R rows of C, n columns, over panels of B that are `panel` bytes apart; those of S are `panelS` apart. `edge` has space for a tile. */
export function strip<E, R, Packed>(
  n: usize, k: usize, a: usize, rowA: usize, stepA: usize, b: usize, stepB: usize, panel: usize, c: usize, rowC: usize,
  scale: v128, start: usize, rowS: usize, panelS: usize, edge: usize,
): void {
  const across = WIDTH / sizeof<E>()
  for (; n >= across; n -= across, b += panel, c += WIDTH, start += panelS) {
    tile<E, R, Packed>(k, a, rowA, stepA, b, stepB, c, rowC, scale, start, rowS)
  }
  if (n == 0) return
  tile<E, R, Packed>(k, a, rowA, stepA, b, stepB, edge, WIDTH, scale, start, rowS)
  for (const end = c + offsetof<R>() * rowC; c != end; c += rowC, edge += WIDTH) copyRow(c, edge, n * sizeof<E>())
}
