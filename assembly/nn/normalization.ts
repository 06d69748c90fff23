/**
 * Layer, RMS and batch normalization. Means and variances are computed in f64 in two passes, in the order of the fold; x̂ = (x − mean)·rstd.
 * stats has two f64 per row or channel: mean and rstd.
 */
import { Fold, foldArray, Sum } from '../fold'
import { mulAdd, splat, storeFirst } from '../lanes'

/** (x − order)², for a mean in `order`; `squaresAbout` subtracts the elements masked to 0 again. */
class SquaresAbout extends Fold {
  take(sum: v128, x: v128, _y: v128, mean: v128): v128 {
    const difference = v128.sub<f64>(x, mean)
    return v128.add<f64>(sum, v128.mul<f64>(difference, difference))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

/** Σ (x − mean)² */
function squaresAbout<E>(n: usize, x: usize, mean: f64): f64 {
  const whole = n & ~7
  let sum = whole > 0 ? foldArray<SquaresAbout, E>(whole, x, x, mean) : 0
  for (let i = whole; i < n; i++) {
    const difference = <f64>load<E>(x + i * sizeof<E>()) - mean
    sum += difference * difference
  }
  return sum
}

/** out = x̂·weight + bias over the rows of x[rows, n]; weight and bias [n], or 0 for none. Without `centered` the mean is 0. */
export function layerNorm<E>(
  rows: usize, n: usize, out: usize, stats: usize, x: usize, weight: usize, bias: usize, eps: f64, centered: bool,
): void {
  const one = splat<E>(1), zero = splat<E>(0), size = n * sizeof<E>()
  for (; rows > 0; rows--, out += size, x += size, stats += 16) {
    const mean = centered ? foldArray<Sum, E>(n, x, x, 0) / <f64>n : 0
    const rstd = 1 / sqrt(squaresAbout<E>(n, x, mean) / <f64>n + eps)
    store<f64>(stats, mean)
    store<f64>(stats, rstd, 8)
    const m = splat<E>(mean), r = splat<E>(rstd)
    for (let i: usize = 0; i < size; i += 16) {
      const scale = weight ? v128.load(weight + i) : one, shift = bias ? v128.load(bias + i) : zero
      const value = mulAdd<E>(v128.mul<E>(v128.sub<E>(v128.load(x + i), m), r), scale, shift)
      if (size - i >= 16) v128.store(out + i, value)
      else storeFirst(out + i, value, size - i)
    }
  }
}

/** out = rstd·(g − mean g − x̂·mean(g·x̂)), where g = dy·weight; without `centered`, without the second term. */
export function layerNormBackward<E>(
  rows: usize, n: usize, out: usize, stats: usize, x: usize, weight: usize, dy: usize, centered: bool,
): void {
  const one = splat<E>(1), size = n * sizeof<E>()
  for (; rows > 0; rows--, out += size, x += size, dy += size, stats += 16) {
    const mean = load<f64>(stats), rstd = load<f64>(stats, 8)
    let sum = 0.0, product = 0.0
    for (let i: usize = 0; i < size; i += sizeof<E>()) {
      const g = <f64>load<E>(dy + i) * (weight ? <f64>load<E>(weight + i) : 1)
      sum += g
      product += g * (<f64>load<E>(x + i) - mean) * rstd
    }
    const meanG = splat<E>(centered ? sum / <f64>n : 0), meanProduct = splat<E>(product / <f64>n), m = splat<E>(mean), r = splat<E>(rstd)
    for (let i: usize = 0; i < size; i += 16) {
      const g = v128.mul<E>(v128.load(dy + i), weight ? v128.load(weight + i) : one)
      const normal = v128.mul<E>(v128.sub<E>(v128.load(x + i), m), r)
      const value = v128.mul<E>(v128.sub<E>(v128.sub<E>(g, meanG), v128.mul<E>(normal, meanProduct)), r)
      if (size - i >= 16) v128.store(out + i, value)
      else storeFirst(out + i, value, size - i)
    }
  }
}

/** out = dy·x̂, whose sum over the rows is the gradient of the weight. */
export function normalizedProduct<E>(rows: usize, n: usize, out: usize, stats: usize, x: usize, dy: usize): void {
  const size = n * sizeof<E>()
  for (; rows > 0; rows--, out += size, x += size, dy += size, stats += 16) {
    const m = splat<E>(load<f64>(stats)), r = splat<E>(load<f64>(stats, 8))
    for (let i: usize = 0; i < size; i += 16) {
      const value = v128.mul<E>(v128.load(dy + i), v128.mul<E>(v128.sub<E>(v128.load(x + i), m), r))
      if (size - i >= 16) v128.store(out + i, value)
      else storeFirst(out + i, value, size - i)
    }
  }
}

/** Mean and biased variance (two f64 each) of the first channels of x[n, stride, length]. */
export function channelMoments<E>(n: usize, channels: usize, stride: usize, length: usize, moments: usize, x: usize): void {
  const size = length * sizeof<E>(), count = <f64>(n * length)
  for (let c: usize = 0; c < channels; c++) {
    let sum = 0.0, squares = 0.0
    for (let i: usize = 0; i < n; i++) sum += foldArray<Sum, E>(length, x + (i * stride + c) * size, x, 0)
    const mean = sum / count
    for (let i: usize = 0; i < n; i++) squares += squaresAbout<E>(length, x + (i * stride + c) * size, mean)
    store<f64>(moments + 16 * c, mean)
    store<f64>(moments + 16 * c, squares / count, 8)
  }
}

/** Σ dy and Σ dy·x̂ (two f64 each) of the first channels of x[n, stride, length]. */
export function channelSums<E>(
  n: usize, channels: usize, stride: usize, length: usize, sums: usize, stats: usize, x: usize, dy: usize,
): void {
  const size = length * sizeof<E>()
  for (let c: usize = 0; c < channels; c++) {
    const mean = load<f64>(stats + 16 * c), rstd = load<f64>(stats + 16 * c, 8)
    let sum = 0.0, product = 0.0
    for (let i: usize = 0; i < n; i++) {
      const at = (i * stride + c) * size
      for (let k: usize = 0; k < size; k += sizeof<E>()) {
        const g = <f64>load<E>(dy + at + k)
        sum += g
        product += g * (<f64>load<E>(x + at + k) - mean) * rstd
      }
    }
    store<f64>(sums + 16 * c, sum)
    store<f64>(sums + 16 * c, product, 8)
  }
}

/** out = (x − mean)·scale + shift per channel; table: three f64 per channel, in this order. */
export function channelAffine<E>(n: usize, channels: usize, length: usize, out: usize, x: usize, table: usize): void {
  channelCombine<E>(n, channels, length, out, x, x, table, false)
}

/** out = (x − mean)·scale + shift + factor·y per channel; without `both`, y is not read. Table: four f64 per channel, factor last. */
export function channelCombine<E>(
  n: usize, channels: usize, length: usize, out: usize, x: usize, y: usize, table: usize, both: bool,
): void {
  const size = length * sizeof<E>(), stride: usize = both ? 32 : 24
  for (let i: usize = 0; i < n; i++) {
    for (let c: usize = 0; c < channels; c++, out += size, x += size, y += size) {
      const entry = table + stride * c
      const mean = splat<E>(load<f64>(entry)), scale = splat<E>(load<f64>(entry, 8)), shift = splat<E>(load<f64>(entry, 16))
      const other = splat<E>(both ? load<f64>(entry, 24) : 0)
      for (let k: usize = 0; k < size; k += 16) {
        let value = mulAdd<E>(v128.sub<E>(v128.load(x + k), mean), scale, shift)
        if (both) value = mulAdd<E>(v128.load(y + k), other, value)
        if (size - k >= 16) v128.store(out + k, value)
        else storeFirst(out + k, value, size - k)
      }
    }
  }
}
