/** Hashes n to a 32-bit integer, like contestants/pytorch.py. */
export function mixed(n) {
  let x = n >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** Returns the i-th number of the sequence that every side uses, within ±1. */
export const noise = (i) => mixed(i) / 2 ** 31 - 1

/** Returns `size` numbers of the sequence, from `first` on. */
export function noises(size, first, scale = 1) {
  const numbers = new Float32Array(size)
  for (let i = 0; i < size; i++) numbers[i] = noise(first + i) * scale
  return numbers
}

/** Start of the second half of the sequence, for gradients and for the right factor of a product. */
export const SECOND = 2 ** 31
