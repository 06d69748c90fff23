/** Attention. */
import { check, shown } from '../errors.ts'
import { checkNames } from '../options.ts'
import { showShape, sizeOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { add, affine } from './arithmetic.ts'
import { mismatch, prepare } from './prepare.ts'
import { matmul } from './products.ts'
import { transpose } from './shaping.ts'
import { softmaxRows } from './softmax.ts'

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** [..., queries, keys], which broadcasts: int32 where 0 leaves a position out, or floats that are added to the scores. */
  readonly attnMask?: Tensor
  /** Query i sees keys 0 to i. Not together with attnMask. Default false. */
  readonly isCausal?: boolean
  /** What the scores are multiplied by. Default 1/√width. */
  readonly scale?: number
  /** What becomes of the attention weights before they meet the value, such as dropout. */
  readonly weightsMap?: (weights: Tensor) => Tensor
}

/**
 * softmax(query·keyᵀ·scale + mask)·value (Vaswani et al., arXiv 1706.03762). A query that sees no key gives 0.
 *
 * @param query [..., queries, width]
 * @param key [..., keys, width]
 * @param value [..., keys, valueWidth]
 * @returns [..., queries, valueWidth]
 * @throws `shape-mismatch`
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkNames('scaledDotProductAttention', ['attnMask', 'isCausal', 'scale', 'weightsMap'], options)
  const by = 'scaledDotProductAttention'
  prepare(by, query, key, value)
  const { attnMask, isCausal = false, weightsMap, scale = 1 / Math.sqrt(query.shape.at(-1) ?? 1) } = options
  check(!(attnMask && isCausal), 'option-range', `${by} takes attnMask or isCausal, not both`)
  check(typeof scale === 'number', 'option-range', () => `${by}: scale is a number, not ${shown(scale)}`)
  if (query.shape.length < 2 || query.shape.at(-1) !== key.shape.at(-1))
    throw mismatch(by, query, key, 'they are [..., queries, width] and [..., keys, width]')
  if (key.shape.at(-2) !== value.shape.at(-2)) throw mismatch(by, key, value, 'they have as many rows')
  const scores = matmul(affine(query, scale, 0), transpose(key, -2, -1))
  const mask = attnMask ? additive(attnMask, scores) : isCausal ? causal(scores) : undefined
  const weights = softmaxRows(mask ? add(scores, mask) : scores, 1)
  return matmul(weightsMap ? weightsMap(weights) : weights, value)
}

/** A mask of 0 and 1 as one of −∞ and 0. */
function additive(mask: Tensor, scores: Tensor): Tensor {
  if (mask.dtype !== 'int32') return mask
  const { arena } = mask
  const own = arena.temporary(mask.shape, scores.dtype, 'scaledDotProductAttention')
  const { data } = own
  for (const [i, isSeen] of mask.data.entries()) data[i] = isSeen ? 0 : Number.NEGATIVE_INFINITY
  return own
}

/** −∞ above the diagonal that starts at the top left. */
function causal(scores: Tensor): Tensor {
  const [queries, keys] = scores.shape.slice(-2) as [number, number]
  check(sizeOf([queries, keys]) > 0, 'shape-mismatch', () => `a causal mask needs scores, and these are ${showShape(scores.shape)}`)
  const mask = scores.arena.temporary([queries, keys], scores.dtype, 'scaledDotProductAttention')
  const { data } = mask
  for (let q = 0; q < queries; q++) for (let k = 0; k < keys; k++) data[q * keys + k] = k > q ? Number.NEGATIVE_INFINITY : 0
  return mask
}
