/** Scores of predictions beside the main metric. */
import { exp, log } from '../numerics/portable.ts'

/** Scores of predicted classes. */
export interface ClassScores {
  readonly accuracy: number
  /** Mean of the recall of each class that occurs. */
  readonly balancedAccuracy: number
  /** Mean of −ln of the probability of each row's class. */
  readonly logLoss: number
  /** confusion[a][b] is the number of rows of class a with the prediction b. */
  readonly confusion: readonly (readonly number[])[]
}

/** Scores of predicted values. */
export interface ValueScores {
  readonly r2: number
  /** Mean absolute error. */
  readonly mae: number
  /** Root of the mean squared error. */
  readonly rmse: number
}

/** Scores of classes or of values. */
export type Scores = ClassScores | ValueScores

/** Returns the index of the largest of `count` numbers from `start` on. The first of equal numbers wins. */
export function largest(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0
  for (let c = 1; c < count; c++) if (values[start + c]! > values[start + best]!) best = c
  return best
}

/** Returns the probabilities of a row's classes: the softmax of its outputs, in float64. */
export function softmaxOf(outputs: ArrayLike<number>, start: number, classes: number): number[] {
  const most = outputs[start + largest(outputs, start, classes)]!
  const powers = Array.from({ length: classes }, (_, c) => exp(outputs[start + c]! - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

/** Scores outputs [rows, classes] against the index of each row's class. Unknown classes have index −1. */
export function classScores(outputs: ArrayLike<number>, targets: ArrayLike<number>, classes: number): ClassScores {
  const rows = targets.length
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  let unknown = 0
  let loss = 0
  for (let row = 0; row < rows; row++) {
    const target = targets[row]!
    if (target < 0) {
      unknown++
      continue
    }
    confusion[target]![largest(outputs, row * classes, classes)]!++
    loss -= log(Math.max(softmaxOf(outputs, row * classes, classes)[target]!, Number.MIN_VALUE))
  }
  const recalls = confusion.flatMap((counts, c) => {
    const total = counts.reduce((a, b) => a + b, 0)
    return total ? [counts[c]! / total] : []
  })
  const right = confusion.reduce((sum, counts, c) => sum + counts[c]!, 0)
  const balancedAccuracy = recalls.reduce((a, b) => a + b, 0) / (recalls.length + (unknown ? 1 : 0))
  return { accuracy: right / rows, balancedAccuracy, logLoss: loss / (rows - unknown), confusion }
}

/** Scores predicted values against the true ones. */
export function valueScores(predicted: ArrayLike<number>, targets: ArrayLike<number>): ValueScores {
  const rows = targets.length
  let absolute = 0
  let squares = 0
  let sum = 0
  for (let row = 0; row < rows; row++) {
    const error = predicted[row]! - targets[row]!
    absolute += Math.abs(error)
    squares += error * error
    sum += targets[row]!
  }
  const mean = sum / rows
  let spread = 0
  for (let row = 0; row < rows; row++) spread += (targets[row]! - mean) * (targets[row]! - mean)
  return { r2: 1 - squares / spread, mae: absolute / rows, rmse: Math.sqrt(squares / rows) }
}
