/** Softmax and cross-entropy. */
import type { Arena } from '../memory/arena.ts'
import type { Numbers } from '../memory/numbers.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import { Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames, choiceOf } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { affine, mul, neg } from './arithmetic.ts'
import { contribute } from './gradients.ts'
import { alias, axisOf, mismatch, prepare, scalarAt } from './prepare.ts'
import { sum } from './reductions.ts'
import { permute, reshape } from './shaping.ts'
import { record } from './tape.ts'

/** How to reduce the losses of a batch: to their mean, to their sum, or not at all. */
export type Reduction = 'mean' | 'sum' | 'none'

export function checkReduction(by: string, reduction: Reduction): void {
  choiceOf(by, 'reduction', reduction, ['mean', 'sum', 'none'])
}

/** Applies a function of rows along any axis. */
function alongAxis(by: string, x: Tensor, dim: number, f: (x: Tensor) => Tensor): Tensor {
  prepare(by, x)
  const rank = x.shape.length
  const axis = axisOf(by, rank, dim)
  if (axis >= rank - 1) return f(x)
  const order = [...x.shape.keys()].filter((own) => own !== axis)
  const back = x.shape.map((_, own) => (own === axis ? rank - 1 : order.indexOf(own)))
  return permute(f(permute(x, [...order, axis])), back)
}

const rowsOf = ({ size, shape }: Tensor): [rows: number, n: number] => [size / Math.max(shape.at(-1) ?? 1, 1), shape.at(-1) ?? 1]

/** @internal Softmax of rows. With `safe`, a row of −∞ becomes 0. */
export function softmaxRows(x: Tensor, safe: 0 | 1): Tensor {
  const { arena, kernels } = prepare('softmax', x)
  const [rows, n] = rowsOf(x)
  const y = arena.temporary(x.shape, x.dtype, 'softmax')
  kernels.softmax(rows, n, y.address, x.address, safe)
  return record(y, [x], (dy) => contribute(x, (dx) => kernels.softmaxBackward(rows, n, dx, y.address, dy)))
}

/** e^x divided by its sum along an axis. */
export function softmax(x: Tensor, dim: number): Tensor {
  return alongAxis('softmax', x, dim, (rows) => softmaxRows(rows, 0))
}

/** ln softmax, without underflow. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return alongAxis('logSoftmax', x, dim, (input) => {
    const { arena, kernels } = prepare('logSoftmax', input)
    const [rows, n] = rowsOf(input)
    const y = arena.temporary(input.shape, input.dtype, 'logSoftmax')
    kernels.logSoftmax(rows, n, y.address, input.address)
    return record(y, [input], (dy) => contribute(input, (dx) => kernels.logSoftmaxBackward(rows, n, dx, y.address, dy)))
  })
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Weight per class: a tensor [classes], or numbers. */
  readonly weight?: Tensor | Numbers
  /** Class index to ignore. Default −100. */
  readonly ignoreIndex?: number
  /** Default 'mean': weighted by class over the positions that are not ignored; for probabilities, over all positions. */
  readonly reduction?: Reduction
  /** Fraction of the target spread over all classes, in [0, 1]. Default 0. */
  readonly labelSmoothing?: number
}

/**
 * −ln softmax(logits) of the target classes.
 *
 * @param logits [rows, classes], [rows, classes, ...] or [classes]
 * @param target class indices of the shape of logits without axis 1, or probabilities of its shape
 * @returns a scalar, or with reduction 'none' one loss per position
 * @throws `label-range` with the position of a label outside [0, classes), `shape-mismatch`
 * @example
 * const logits = arena.parameter([2, 3], { data: [1, 2, 3, 1, 2, 3] })
 * arena.frame(() => nn.functional.crossEntropy(logits, [2, 2]).item().toFixed(4)) // "0.4076"
 */
export function crossEntropy(logits: Tensor, target: Tensor | Numbers, options: CrossEntropyOptions = {}): Tensor {
  checkNames('crossEntropy', ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing'], options)
  const { weight, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = options
  const { arena } = prepare('crossEntropy', logits)
  checkReduction('crossEntropy', reduction)
  const isShare = typeof labelSmoothing === 'number' && labelSmoothing >= 0 && labelSmoothing <= 1
  checkRange(isShare, 'crossEntropy', 'labelSmoothing', 'a number in [0, 1]', labelSmoothing)
  check(logits.shape.length > 0, 'shape-mismatch', 'crossEntropy: logits must be [rows, classes, ...], got []')
  if (logits.shape.length === 1) {
    const single = target instanceof Tensor && target.dtype !== 'int32' ? reshape(target, [1, logits.size]) : target
    const loss = crossEntropy(reshape(logits, [1, logits.size]), rowOf(single), options)
    return reduction === 'none' ? reshape(loss, []) : loss
  }
  const [rows, classes, ...rest] = logits.shape as [number, number, ...number[]]
  const positions = [rows, ...rest]
  const weights = weight === undefined ? undefined : weightsOf(arena, weight, classes, logits.dtype as FloatType)
  if (target instanceof Tensor && target.dtype !== 'int32') {
    if (!sameShape(target.shape, logits.shape))
      throw mismatch('crossEntropy', logits, target, 'probabilities must have the shape of the logits')
    const shares = labelSmoothing ? affine(target, 1 - labelSmoothing, labelSmoothing / classes) : target
    const products = mul(last(logSoftmax(logits, 1)), last(shares))
    return reduced(neg(sum(weights ? mul(products, weights) : products, { dim: -1 })), reduction, sizeOf(positions))
  }
  const labels = labelsOf(arena, logits, positions, classes, target, ignoreIndex)
  const isPlain = logits.shape.length === 2 && !weights && !labelSmoothing && reduction === 'mean' && !labels.data.includes(ignoreIndex)
  if (isPlain) return plain(logits, labels)
  const { shares, total } = sharesOf(labels, positions, classes, weights, ignoreIndex, labelSmoothing, logits.dtype as FloatType)
  const losses = neg(sum(mul(last(logSoftmax(logits, 1)), shares), { dim: -1 }))
  if (reduction !== 'mean' || total !== 0) return reduced(losses, reduction, total)
  // All positions are ignored: the mean is NaN, as in torch, and the gradient 0.
  return affine(sum(losses), 0, Number.NaN)
}

/** Views one position's target as a row. */
function rowOf(target: Tensor | Numbers): Tensor | Numbers {
  return target instanceof Tensor && target.dtype === 'int32' ? alias(target, [1], 'crossEntropy') : target
}

/** Moves the classes to the last axis. */
function last(x: Tensor): Tensor {
  if (x.shape.length === 2) return x
  const axes = [...x.shape.keys()].filter((axis) => axis !== 1)
  return permute(x, [...axes, 1])
}

/** Returns the mean over a count, the sum, or all losses. */
function reduced(losses: Tensor, reduction: Reduction, count: number): Tensor {
  if (reduction === 'none') return losses
  const total = sum(losses)
  return reduction === 'sum' ? total : affine(total, 1 / count, 0)
}

function weightsOf(arena: Arena, weight: Tensor | Numbers, classes: number, dtype: FloatType): Tensor {
  const tensor = weight instanceof Tensor ? weight : arena.tensor(weight, [weight.length], { dtype })
  const fits = tensor.dtype === dtype && sameShape(tensor.shape, [classes])
  check(fits, 'shape-mismatch', () => `crossEntropy: weight must be ${dtype} [${classes}], got ${tensor.dtype} ${showShape(tensor.shape)}`)
  return tensor
}

/** Returns class indices as an int32 tensor, each a class or the ignored index. */
function labelsOf(arena: Arena, logits: Tensor, positions: Shape, classes: number, target: Tensor | Numbers, ignoreIndex: number): Tensor {
  const isList = target instanceof Tensor || Array.isArray(target) || ArrayBuffer.isView(target)
  checkRange(isList, 'crossEntropy', 'target', 'an array of class indices', target, 'dtype-mismatch')
  if (!(target instanceof Tensor)) {
    const count = sizeOf(positions)
    const why = () => `crossEntropy: target must have length ${count} for logits ${showShape(logits.shape)}, got ${target.length}`
    check(target.length === count, 'shape-mismatch', why)
  } else if (!sameShape(target.shape, positions))
    throw mismatch('crossEntropy', logits, target, 'target must have the shape of the logits without axis 1')
  const numbers = target instanceof Tensor ? target.data : target
  for (let i = 0; i < numbers.length; i++) {
    const label = numbers[i]!
    const fits = Number.isInteger(label) && ((label >= 0 && label < classes) || label === ignoreIndex)
    if (!fits) checkRange(false, 'crossEntropy', `target[${i}]`, `a class in [0, ${classes})`, label, 'label-range')
  }
  return target instanceof Tensor ? target : arena.tensor(target, positions, { dtype: 'int32' })
}

/** Mean loss over rows of logits, with dedicated kernels. */
function plain(logits: Tensor, labels: Tensor): Tensor {
  const { arena, kernels } = prepare('crossEntropy', logits)
  const [rows, classes] = logits.shape as [number, number]
  const loss = arena.temporary([], logits.dtype, 'crossEntropy')
  const [stats, losses] = [2 * rows, rows].map((size) => arena.temporary([size], 'float64', 'crossEntropy').address) as [number, number]
  kernels.crossEntropy(rows, classes, losses, logits.address, labels.address, stats)
  let total = 0
  for (let row = 0; row < rows; row++) total += arena.f64[losses / 8 + row]!
  loss.data[0] = total / rows
  return record(loss, [logits], (dLoss) => {
    const scale = scalarAt(loss, dLoss) / rows
    contribute(logits, (dx) => kernels.crossEntropyBackward(rows, classes, dx, logits.address, labels.address, stats, scale))
  })
}

/** Returns the weight of each class at each position, [..., classes], and the sum of the weights of the targets. */
function sharesOf(
  labels: Tensor,
  positions: Shape,
  classes: number,
  weights: Tensor | undefined,
  ignoreIndex: number,
  labelSmoothing: number,
  dtype: FloatType,
): { shares: Tensor; total: number } {
  const { arena } = labels
  const shares = arena.temporary([...positions, classes], dtype, 'crossEntropy')
  const { data } = shares
  data.fill(0)
  let total = 0
  for (const [i, label] of labels.data.entries()) {
    if (label === ignoreIndex) continue
    const weightOf = (c: number) => (weights ? weights.data[c]! : 1)
    total += weightOf(label)
    if (labelSmoothing) for (let c = 0; c < classes; c++) data[i * classes + c] = (labelSmoothing / classes) * weightOf(c)
    data[i * classes + label]! += (1 - labelSmoothing) * weightOf(label)
  }
  return { shares, total }
}
