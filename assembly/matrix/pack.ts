/**
 * Packing into panels of `width` elements, a whole number of vectors: panel[k][width]. At an edge the last panel repeats or overruns the data;
 * the surplus only reaches elements of C that are never stored. Reads overrun an array by less than 64 bytes (the arena keeps 64 bytes free at
 * the end of its memory), writes overrun a panel by less than 128.
 */
import { splat } from '../lanes'

/** Source with the elements of one k side by side: source[k][…], `stride` bytes from one k to the next. */
export function packRows(out: usize, source: usize, stride: usize, k: usize, widthBytes: usize): void {
  for (const end = out + k * widthBytes; out < end; source += stride) {
    for (const next = out + widthBytes, shift = source - out; out < next; out += 16) v128.store(out, v128.load(out + shift))
  }
}

/** Source with k along the rows: source[…][k], `stride` bytes from row to row, `rows` rows. */
export function packColumns<E>(out: usize, source: usize, stride: usize, rows: usize, k: usize, widthBytes: usize): void {
  const lanes = 16 / sizeof<E>()
  for (let row: usize = 0; row * sizeof<E>() < widthBytes; row += lanes, out += 16) {
    const s0 = source + min(row, rows - 1) * stride, s1 = source + min(row + 1, rows - 1) * stride
    if (sizeof<E>() == 4) {
      const s2 = source + min(row + 2, rows - 1) * stride, s3 = source + min(row + 3, rows - 1) * stride
      for (let i: usize = 0, to = out; i < k * 4; i += 16, to += 4 * widthBytes) {
        const r0 = v128.load(s0 + i), r1 = v128.load(s1 + i), r2 = v128.load(s2 + i), r3 = v128.load(s3 + i)
        const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
        const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
        v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2))
        v128.store(to + widthBytes, v128.shuffle<i64>(low01, low23, 1, 3))
        v128.store(to + 2 * widthBytes, v128.shuffle<i64>(high01, high23, 0, 2))
        v128.store(to + 3 * widthBytes, v128.shuffle<i64>(high01, high23, 1, 3))
      }
    } else {
      for (let i: usize = 0, to = out; i < k * 8; i += 16, to += 2 * widthBytes) {
        const r0 = v128.load(s0 + i), r1 = v128.load(s1 + i)
        v128.store(to, v128.shuffle<i64>(r0, r1, 0, 2))
        v128.store(to + widthBytes, v128.shuffle<i64>(r0, r1, 1, 3))
      }
    }
  }
}

/** out[k][rows] = alpha·source, each element in all lanes of its own vector: a plain load is as fast as a splatting load, or faster. */
export function packEntries<E>(out: usize, source: usize, row: usize, step: usize, rows: usize, k: usize, alpha: f64): void {
  const scale = splat<E>(alpha)
  for (const end = out + k * rows * 16; out < end; source += step) {
    for (let at = source, next = out + rows * 16; out < next; out += 16, at += row) v128.store(out, v128.mul<E>(scale, v128.load_splat<E>(at)))
  }
}
