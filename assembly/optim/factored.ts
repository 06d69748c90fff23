/** Adafactor's second moments, stored as row and column means, which an elementwise rule cannot compute. */
import { foldArray, pair, SquaredNorm } from '../fold'
import { lerp, Off, On, splat, storeFirst } from '../lanes'
import { Elementwise, map } from '../map'

/** start + weight·(end − start), where end is the square of y. */
class LerpSquare<FromEnd> extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, weight: v128, _t: v128): v128 {
    const grad = v128.load(y)
    return lerp<E, FromEnd>(v128.load(x), v128.mul<E>(grad, grad), weight)
  }
}

class Lerp<FromEnd> extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, weight: v128, _t: v128): v128 {
    return lerp<E, FromEnd>(v128.load(x), v128.load(y), weight)
  }
}

/** grad / √max(variance, floor) */
class Direction extends Elementwise {
  at<E>(grad: usize, variance: usize, _z: usize, floor: v128, _t: v128): v128 {
    return v128.div<E>(v128.load(grad), v128.sqrt<E>(v128.max<E>(v128.load(variance), floor)))
  }
}

/** out = start + weight·(end − start), for weight ≥ ½ in the form that is exact at weight 1 */
export function lerpTo<E>(bytes: usize, out: usize, start: usize, end: usize, weight: f64): void {
  if (weight < 0.5) map<Lerp<Off>, E>(bytes, out, start, end, 0, weight, 0)
  else map<Lerp<On>, E>(bytes, out, start, end, 0, -(1 - weight), 0)
}

/** out = start + weight·(grad² − start) */
export function lerpToSquare<E>(bytes: usize, out: usize, start: usize, grad: usize, weight: f64): void {
  if (weight < 0.5) map<LerpSquare<Off>, E>(bytes, out, start, grad, 0, weight, 0)
  else map<LerpSquare<On>, E>(bytes, out, start, grad, 0, -(1 - weight), 0)
}

/** out[rows] = mean of x² over each row of x[rows][columns] */
export function rowSquares<E>(rows: usize, columns: usize, out: usize, x: usize): void {
  for (let i: usize = 0; i < rows; i++, x += columns * sizeof<E>()) {
    store<E>(out + i * sizeof<E>(), <E>(foldArray<SquaredNorm, E>(columns, x, x, 0) / <f64>columns))
  }
}

/** out[columns] = mean of x² over each of the first columns of x[rows][stride], summed in f64 in the order of the rows */
export function columnSquares<E>(rows: usize, columns: usize, stride: usize, out: usize, x: usize): void {
  const row = stride * sizeof<E>()
  for (let j: usize = 0; j < columns; j += 2, x += 2 * sizeof<E>(), out += 2 * sizeof<E>()) {
    let sum = splat<f64>(0)
    for (let at = x, end = x + rows * row; at < end; at += row) {
      const value = pair<E>(at, 0)
      sum = v128.add<f64>(sum, v128.mul<f64>(value, value))
    }
    sum = v128.div<f64>(sum, splat<f64>(<f64>rows))
    const both = j + 1 < columns
    if (sizeof<E>() == 4) storeFirst(out, f32x4.demote_f64x2_zero(sum), both ? 8 : 4)
    else if (both) v128.store(out, sum)
    else storeFirst(out, sum, 8)
  }
}

/** out[i][j] = grad[i][j] / √max(rowVar[i]·columnVar[j] / rowMean, floor) */
export function factoredDirection<E>(
  rows: usize, columns: usize, out: usize, grad: usize, rowVar: usize, columnVar: usize, rowMean: f64, floor: f64,
): void {
  const mean = splat<E>(rowMean), least = splat<E>(floor)
  for (let i: usize = 0; i < rows; i++) {
    const row = v128.load_splat<E>(rowVar + i * sizeof<E>())
    let left = columns * sizeof<E>()
    for (let column = columnVar; left > 0; column += 16) {
      const variance = v128.div<E>(v128.mul<E>(row, v128.load(column)), mean)
      const direction = v128.div<E>(v128.load(grad), v128.sqrt<E>(v128.max<E>(variance, least)))
      const step = min(left, 16)
      if (step == 16) v128.store(out, direction)
      else storeFirst(out, direction, step)
      left -= step
      out += step
      grad += step
    }
  }
}

/** out = grad / √max(variance, floor) */
export function direction<E>(bytes: usize, out: usize, grad: usize, variance: usize, floor: f64): void {
  map<Direction, E>(bytes, out, grad, variance, 0, floor, 0)
}
