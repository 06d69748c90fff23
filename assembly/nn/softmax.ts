/** Softmax cross-entropy over rows of logits. Rows are not padded: the last vector of a row is masked. */
import { firstLanes, select, splat, storeFirst } from '../lanes'
import { exp, log } from '../portable'

// @ts-ignore: decorator
@inline function swapHalves(x: v128): v128 {
  return v128.shuffle<i64>(x, x, 1, 0)
}

// @ts-ignore: decorator
@inline function swapNeighbours<E>(x: v128): v128 {
  return sizeof<E>() == 4 ? v128.shuffle<i32>(x, x, 1, 0, 3, 2) : x
}

/** The greatest element of a row, in every lane; NaN if there is one. */
function rowMax<E>(row: usize, classes: usize): v128 {
  const lowest = splat<E>(-Infinity)
  let greatest = lowest
  for (let i: usize = 0; i < classes; i += 16 / sizeof<E>()) {
    const x = select(firstLanes<E>(classes - i), v128.load(row + i * sizeof<E>()), lowest)
    greatest = v128.max<E>(greatest, x)
  }
  greatest = v128.max<E>(greatest, swapHalves(greatest))
  return v128.max<E>(greatest, swapNeighbours<E>(greatest))
}

/** ln Σ e^x of a row, in every lane. The greatest element is taken out first, so that nothing overflows. */
function rowLogSumExp<E>(row: usize, classes: usize): v128 {
  const greatest = rowMax<E>(row, classes)
  let sum = splat<E>(0)
  for (let i: usize = 0; i < classes; i += 16 / sizeof<E>()) {
    const x = exp<E>(v128.sub<E>(v128.load(row + i * sizeof<E>()), greatest))
    sum = v128.add<E>(sum, v128.and(x, firstLanes<E>(classes - i)))
  }
  sum = v128.add<E>(sum, swapHalves(sum))
  if (sizeof<E>() == 4) sum = v128.add<E>(sum, swapNeighbours<E>(sum))
  return v128.add<E>(log<E>(sum), greatest)
}

/**
 * The mean over the rows of ln Σ e^x − x[target]. targets: i32 class indices. logSums: `rows` values left for the backward pass.
 * The mean is taken in f64, in the order of the rows.
 */
export function crossEntropy<E>(rows: usize, classes: usize, loss: usize, logits: usize, targets: usize, logSums: usize): void {
  let total = 0.0
  for (let r: usize = 0; r < rows; r++, logits += classes * sizeof<E>()) {
    const logSum = rowLogSumExp<E>(logits, classes)
    const at = logits + <usize>load<i32>(targets + 4 * r) * sizeof<E>()
    if (sizeof<E>() == 4) {
      v128.store_lane<i32>(logSums + 4 * r, logSum, 0)
      total += <f64>(f32x4.extract_lane(logSum, 0) - load<f32>(at))
    } else {
      v128.store_lane<i64>(logSums + 8 * r, logSum, 0)
      total += f64x2.extract_lane(logSum, 0) - load<f64>(at)
    }
  }
  store<E>(loss, <E>(total / <f64>rows))
}

/** out = (softmax(x) − onehot(target))·scale */
export function crossEntropyBackward<E>(
  rows: usize, classes: usize, out: usize, logits: usize, targets: usize, logSums: usize, scale: f64,
): void {
  const factor = splat<E>(scale)
  for (let r: usize = 0; r < rows; r++) {
    const logSum = v128.load_splat<E>(logSums + r * sizeof<E>())
    const at = out + <usize>load<i32>(targets + 4 * r) * sizeof<E>()
    let left = classes * sizeof<E>()
    for (; left >= 16; left -= 16, out += 16, logits += 16) {
      v128.store(out, v128.mul<E>(exp<E>(v128.sub<E>(v128.load(logits), logSum)), factor))
    }
    storeFirst(out, v128.mul<E>(exp<E>(v128.sub<E>(v128.load(logits), logSum)), factor), left)
    out += left
    logits += left
    store<E>(at, <E>(load<E>(at) - <E>scale))
  }
}
