/**
 * Rows that may start and end anywhere (at multiples of 4 bytes): whole vectors, and a rest that is stored exactly. Reads overrun a row by
 * less than 16 bytes.
 */
import { splat, storeFirst } from './lanes'

/** out = 0 */
@inline export function clearRow(out: usize, bytes: usize): void {
  const zero = splat<f64>(0)
  for (; bytes >= 16; bytes -= 16, out += 16) v128.store(out, zero)
  storeFirst(out, zero, bytes)
}

/** out = x */
@inline export function copyRow(out: usize, x: usize, bytes: usize): void {
  for (; bytes >= 16; bytes -= 16, out += 16, x += 16) v128.store(out, v128.load(x))
  storeFirst(out, v128.load(x), bytes)
}

/** out += x */
@inline export function addRow<E>(out: usize, x: usize, bytes: usize): void {
  for (; bytes >= 16; bytes -= 16, out += 16, x += 16) v128.store(out, v128.add<E>(v128.load(out), v128.load(x)))
  storeFirst(out, v128.add<E>(v128.load(out), v128.load(x)), bytes)
}
