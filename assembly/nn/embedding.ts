/** Rows of a table by i32 index, which the host has checked. Reads overrun an array by less than 16 bytes. */
import { addRow, copyRow } from '../rows'

/** out[count][width] = table[indices[count]][width] */
export function gatherRows<E>(count: usize, width: usize, out: usize, indices: usize, table: usize): void {
  const bytes = width * sizeof<E>()
  for (const end = indices + 4 * count; indices < end; indices += 4, out += bytes) {
    copyRow(out, table + <usize>load<i32>(indices) * bytes, bytes)
  }
}

/**
 * out[indices[i]] += rows[i] for i = 0 … count − 1, in this order, for the first `width` of `stride` columns; the index `skip` is skipped (−1:
 * none).
 */
export function scatterAddRows<E>(
  count: usize, width: usize, stride: usize, out: usize, indices: usize, rows: usize, skip: i32,
): void {
  const bytes = width * sizeof<E>(), row = stride * sizeof<E>()
  for (const end = indices + 4 * count; indices < end; indices += 4, rows += row) {
    const index = load<i32>(indices)
    if (index != skip) addRow<E>(out + <usize>index * row, rows, bytes)
  }
}
