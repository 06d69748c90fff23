/** Softmax and functions based on it, over contiguous rows. Rows are not padded: the last vector of a row is masked. */
import { Dot, foldArray, Sum } from '../fold'
import { firstLanes, promoteHigh, select, splat, storeFirst } from '../lanes'
import { exp, log } from '../portable'

/** Returns the maximum of a row; NaN if there is one. */
function rowMax<E>(row: usize, n: usize): f64 {
  let greatest = splat<E>(-Infinity)
  for (let i: usize = 0; i < n; i += 16 / sizeof<E>()) {
    greatest = v128.max<E>(greatest, select(firstLanes<E>(n - i), v128.load(row + i * sizeof<E>()), splat<E>(-Infinity)))
  }
  greatest = v128.max<E>(greatest, v128.shuffle<i64>(greatest, greatest, 1, 0))
  if (sizeof<E>() == 8) return f64x2.extract_lane(greatest, 0)
  return max(<f64>f32x4.extract_lane(greatest, 0), <f64>f32x4.extract_lane(greatest, 1))
}

/** Adds the lanes of a vector of E to two f64 lanes. */
@inline function addWide<E>(sum: v128, x: v128): v128 {
  if (sizeof<E>() == 8) return v128.add<f64>(sum, x)
  return v128.add<f64>(sum, v128.add<f64>(f64x2.promote_low_f32x4(x), promoteHigh(x)))
}

@inline function total(sum: v128): f64 {
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)
}

/** Σ e^(x − maximum) of a row, summed in f64. */
function rowSum<E>(row: usize, n: usize, greatest: f64): f64 {
  const shift = splat<E>(greatest)
  let sum = splat<f64>(0)
  for (let i: usize = 0; i < n; i += 16 / sizeof<E>()) {
    const x = exp<E>(v128.sub<E>(v128.load(row + i * sizeof<E>()), shift))
    sum = addWide<E>(sum, v128.and(x, firstLanes<E>(n - i)))
  }
  return total(sum)
}

/** An elementwise function of a row; like a rule (sweep.ts) without fields, and never subclassed. */
abstract class RowMap {
  at<E>(x: v128, y: v128, s: v128, t: v128, u: v128): v128 {
    unreachable()
    return x
  }
}

@inline function mapRow<F extends RowMap, E>(n: usize, out: usize, x: usize, y: usize, s: f64, t: f64, u: f64): void {
  const f = changetype<F>(0), s_ = splat<E>(s), t_ = splat<E>(t), u_ = splat<E>(u)
  let left = n * sizeof<E>()
  for (; left >= 16; left -= 16, out += 16, x += 16, y += 16) v128.store(out, f.at<E>(v128.load(x), v128.load(y), s_, t_, u_))
  storeFirst(out, f.at<E>(v128.load(x), v128.load(y), s_, t_, u_), left)
}

/** x·t */
class Scaled extends RowMap {
  @inline at<E>(x: v128, _y: v128, _s: v128, t: v128, _u: v128): v128 {
    return v128.mul<E>(x, t)
  }
}

/** (x − s) − t: in this order, so that logits of 1e4 keep their differences. */
class LogSoftmax extends RowMap {
  @inline at<E>(x: v128, _y: v128, s: v128, t: v128, _u: v128): v128 {
    return v128.sub<E>(v128.sub<E>(x, s), t)
  }
}

/** y·(dy − s) */
class SoftmaxBackward extends RowMap {
  @inline at<E>(y: v128, dy: v128, s: v128, _t: v128, _u: v128): v128 {
    return v128.mul<E>(y, v128.sub<E>(dy, s))
  }
}

/** dy − e^y·s */
class LogSoftmaxBackward extends RowMap {
  @inline at<E>(y: v128, dy: v128, s: v128, _t: v128, _u: v128): v128 {
    return v128.sub<E>(dy, v128.mul<E>(exp<E>(y), s))
  }
}

/** e^((x − s) − t)·u */
class CrossEntropyBackward extends RowMap {
  @inline at<E>(x: v128, _y: v128, s: v128, t: v128, u: v128): v128 {
    return v128.mul<E>(exp<E>(v128.sub<E>(v128.sub<E>(x, s), t)), u)
  }
}

function ln(x: f64): f64 {
  return f64x2.extract_lane(log<f64>(splat<f64>(x)), 0)
}

/**
 * out = softmax of a row; out holds the exponentials until their sum is known. With `safe`, a row of −∞ becomes 0, as in torch's
 * attention.
 */
export function softmaxRow<E>(n: usize, out: usize, x: usize, safe: bool): void {
  const greatest = rowMax<E>(x, n)
  if (safe && greatest == -Infinity) {
    memory.fill(out, 0, n * sizeof<E>())
    return
  }
  const shift = splat<E>(greatest), size = n * sizeof<E>()
  let sum = splat<f64>(0)
  for (let i: usize = 0; i < size; i += 16) {
    const value = exp<E>(v128.sub<E>(v128.load(x + i), shift))
    if (size - i >= 16) {
      v128.store(out + i, value)
      sum = addWide<E>(sum, value)
    } else {
      storeFirst(out + i, value, size - i)
      sum = addWide<E>(sum, v128.and(value, firstLanes<E>((size - i) / sizeof<E>())))
    }
  }
  mapRow<Scaled, E>(n, out, out, out, 0, 1 / total(sum), 0)
}

/** out = softmax of the rows of x[rows, n] */
export function softmax<E>(rows: usize, n: usize, out: usize, x: usize, safe: bool): void {
  for (const size = n * sizeof<E>(); rows > 0; rows--, out += size, x += size) softmaxRow<E>(n, out, x, safe)
}

/** out = ln softmax of the rows of x[rows, n] */
export function logSoftmax<E>(rows: usize, n: usize, out: usize, x: usize): void {
  for (let r: usize = 0; r < rows; r++, out += n * sizeof<E>(), x += n * sizeof<E>()) {
    const greatest = rowMax<E>(x, n)
    mapRow<LogSoftmax, E>(n, out, x, x, greatest, ln(rowSum<E>(x, n, greatest)), 0)
  }
}

/** out = y·(dy − Σ y·dy) of a row */
export function softmaxRowBackward<E>(n: usize, out: usize, y: usize, dy: usize): void {
  mapRow<SoftmaxBackward, E>(n, out, y, dy, foldArray<Dot, E>(n, y, dy, 0), 0, 0)
}

export function softmaxBackward<E>(rows: usize, n: usize, out: usize, y: usize, dy: usize): void {
  for (const stride = n * sizeof<E>(); rows > 0; rows--, out += stride, y += stride, dy += stride) softmaxRowBackward<E>(n, out, y, dy)
}

/** out = dy − e^y·Σ dy */
export function logSoftmaxBackward<E>(rows: usize, n: usize, out: usize, y: usize, dy: usize): void {
  for (const stride = n * sizeof<E>(); rows > 0; rows--, out += stride, y += stride, dy += stride) {
    mapRow<LogSoftmaxBackward, E>(n, out, y, dy, foldArray<Sum, E>(n, dy, dy, 0), 0, 0)
  }
}

/**
 * losses = −ln softmax(x)[target] of each row, in f64. targets: i32 class indices. stats: for each row its maximum logit and
 * ln Σ e^(x − maximum), two f64, for the backward pass.
 */
export function crossEntropy<E>(rows: usize, classes: usize, losses: usize, logits: usize, targets: usize, stats: usize): void {
  for (let r: usize = 0; r < rows; r++, logits += classes * sizeof<E>(), stats += 16) {
    const greatest = rowMax<E>(logits, classes), logSum = ln(rowSum<E>(logits, classes, greatest))
    store<f64>(stats, greatest)
    store<f64>(stats, logSum, 8)
    const target = <f64>load<E>(logits + <usize>load<i32>(targets + 4 * r) * sizeof<E>())
    store<f64>(losses + 8 * r, logSum - (target - greatest))
  }
}

/** out = (softmax(x) − onehot(target))·scale */
export function crossEntropyBackward<E>(
  rows: usize, classes: usize, out: usize, logits: usize, targets: usize, stats: usize, scale: f64,
): void {
  for (let r: usize = 0; r < rows; r++, out += classes * sizeof<E>(), logits += classes * sizeof<E>(), stats += 16) {
    mapRow<CrossEntropyBackward, E>(classes, out, logits, logits, load<f64>(stats), load<f64>(stats, 8), scale)
    const at = out + <usize>load<i32>(targets + 4 * r) * sizeof<E>()
    store<E>(at, <E>(load<E>(at) - <E>scale))
  }
}
