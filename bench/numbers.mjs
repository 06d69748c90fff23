/** A well mixed 32-bit whole number for each n; contestants/pytorch.py has the same. */
export function mixed(n) {
  let x = n >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}

/** The i-th of the numbers that every side computes with, within ±1. */
export const noise = (i) => mixed(i) / 2 ** 31 - 1

/** `size` of them from the `first` on. */
export function noises(size, first, scale = 1) {
  const numbers = new Float32Array(size)
  for (let i = 0; i < size; i++) numbers[i] = noise(first + i) * scale
  return numbers
}

/** Where the second half of the numbers begins: gradients beside parameters, and the right factor of a product beside the left. */
export const SECOND = 2 ** 31
