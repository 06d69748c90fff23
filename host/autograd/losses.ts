/** Losses of an input and a target with the same shape. */

import { foldsOf } from '../memory/folds.ts'
import { sameShape } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { abs, add, affine, elementwise, mul, neg, sub } from './arithmetic.ts'
import { contribute } from './gradients.ts'
import { mismatch, prepare, scalarAt } from './prepare.ts'
import { mean, sum } from './reductions.ts'
import { checkReduction, type Reduction } from './softmax.ts'
import { record } from './tape.ts'

/** Options of most losses. */
export interface LossOptions {
  /** Default 'mean', over all elements. */
  readonly reduction?: Reduction
}

function checkPair(by: string, x: Tensor, target: Tensor): void {
  prepare(by, x, target)
  if (!sameShape(x.shape, target.shape)) throw mismatch(by, x, target, 'they must be equal')
}

function reduced(losses: Tensor, reduction: Reduction): Tensor {
  return reduction === 'none' ? losses : reduction === 'sum' ? sum(losses) : mean(losses)
}

/**
 * (x − target)²
 *
 * @throws `shape-mismatch`
 * @example
 * const x = arena.parameter([2], { data: [1, 5] })
 * arena.frame(() => nn.functional.mseLoss(x, arena.tensor([2, 2])).item()) // 5
 */
export function mseLoss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkNames('mseLoss', ['reduction'], options)
  const { reduction = 'mean' } = options
  checkReduction('mseLoss', reduction)
  checkPair('mseLoss', x, target)
  if (reduction === 'mean') return meanSquare(x, target)
  const difference = sub(x, target)
  return reduced(mul(difference, difference), reduction)
}

function meanSquare(x: Tensor, target: Tensor): Tensor {
  const { arena, kernels, dtype } = prepare('mseLoss', x, target)
  const loss = arena.temporary([], x.dtype, 'mseLoss')
  loss.data[0] = foldsOf(arena).one('squaredDistance', dtype, x.size, x.address, target.address) / x.size
  return record(loss, [x, target], (dLoss) => {
    const scale = (2 * scalarAt(loss, dLoss)) / x.size
    contribute(x, (dx) => kernels.scaledDifference(x.bytes, dx, x.address, target.address, scale))
    contribute(target, (dt) => kernels.scaledDifference(x.bytes, dt, x.address, target.address, -scale))
  })
}

/** |x − target|. Its gradient is 0 where they are equal. Throws like {@link mseLoss}. */
export function l1Loss(x: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkNames('l1Loss', ['reduction'], options)
  const { reduction = 'mean' } = options
  checkReduction('l1Loss', reduction)
  checkPair('l1Loss', x, target)
  return reduced(abs(sub(x, target)), reduction)
}

/** d²/2 up to delta, delta·(|d| − delta/2) beyond. */
function huber(by: string, d: Tensor, delta: number): Tensor {
  return elementwise(
    by,
    d,
    (k, bytes, y, x) => k.huber(bytes, y, x, delta),
    (k, bytes, dx, x, _y, dy) => k.huberBackward(bytes, dx, x, dy, delta),
  )
}

/**
 * d²/2 for differences d up to delta, delta·(|d| − delta/2) beyond (Huber 1964).
 *
 * @throws `option-range` if delta is not > 0; like {@link mseLoss}
 */
export function huberLoss(x: Tensor, target: Tensor, options: LossOptions & { readonly delta?: number } = {}): Tensor {
  checkNames('huberLoss', ['reduction', 'delta'], options)
  const { reduction = 'mean', delta = 1 } = options
  checkReduction('huberLoss', reduction)
  checkRange(delta > 0, 'huberLoss', 'delta', 'a number > 0', delta)
  checkPair('huberLoss', x, target)
  return reduced(huber('huberLoss', sub(x, target), delta), reduction)
}

/**
 * d²/(2·beta) for differences d up to beta, |d| − beta/2 beyond. With beta 0 it equals {@link l1Loss}.
 *
 * @throws `option-range` if beta is negative; like {@link mseLoss}
 */
export function smoothL1Loss(x: Tensor, target: Tensor, options: LossOptions & { readonly beta?: number } = {}): Tensor {
  checkNames('smoothL1Loss', ['reduction', 'beta'], options)
  const { reduction = 'mean', beta = 1 } = options
  checkReduction('smoothL1Loss', reduction)
  checkRange(beta >= 0, 'smoothL1Loss', 'beta', 'a number in [0, ∞)', beta)
  checkPair('smoothL1Loss', x, target)
  const d = sub(x, target)
  return reduced(beta === 0 ? abs(d) : affine(huber('smoothL1Loss', d, beta), 1 / beta, 0), reduction)
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** Factor of the losses; broadcasts. */
  readonly weight?: Tensor
  /** Weight of positive targets; broadcasts, usually over the last axis. */
  readonly posWeight?: Tensor
}

/** ln(1 + e^x), also above 20, where torch's `softplus` returns x, which is off by 1e-10 in float64. */
function log1pExp(x: Tensor): Tensor {
  return elementwise(
    'binaryCrossEntropyWithLogits',
    x,
    (k, bytes, y, from) => k.softplus(bytes, y, from, 1, Number.POSITIVE_INFINITY),
    (k, bytes, dx, from, _y, dy) => k.softplusBackward(bytes, dx, from, dy, 1, Number.POSITIVE_INFINITY),
  )
}

/** −t·ln σ(x) − (1 − t)·ln(1 − σ(x)) from the logits x, without overflow. Throws like {@link mseLoss}. */
export function binaryCrossEntropyWithLogits(x: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  checkNames('binaryCrossEntropyWithLogits', ['reduction', 'weight', 'posWeight'], options)
  const { reduction = 'mean', weight, posWeight } = options
  checkReduction('binaryCrossEntropyWithLogits', reduction)
  checkPair('binaryCrossEntropyWithLogits', x, target)
  const negative = mul(affine(target, -1, 1), x)
  const towards = log1pExp(neg(x))
  const scaled = posWeight ? mul(towards, affine(mul(target, affine(posWeight, 1, -1)), 1, 1)) : towards
  const losses = add(negative, scaled)
  return reduced(weight ? mul(losses, weight) : losses, reduction)
}
