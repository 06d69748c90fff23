/** Scaled dot-product attention. */

import { bytesPerElement } from '../memory/dtype.ts'
import { scratchOf } from '../memory/scratch.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { add, affine } from './arithmetic.ts'
import { startGrad } from './gradients.ts'
import { mismatch, prepare } from './prepare.ts'
import { matmul } from './products.ts'
import { transpose } from './shaping.ts'
import { softmaxRows } from './softmax.ts'
import { broadcastAddress, broadcastStrides } from './strides.ts'
import { record } from './tape.ts'

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Mask that broadcasts to [..., queries, keys]: int32, where 0 masks a position, or floats that are added to the scores. */
  readonly attnMask?: Tensor
  /** Whether query i attends to keys 0 to i only. Cannot be combined with attnMask. Default false. */
  readonly isCausal?: boolean
  /** Factor of the scores. Default 1/√width. */
  readonly scale?: number
  /** Function applied to the attention weights, for example dropout. */
  readonly weightsMap?: (weights: Tensor) => Tensor
}

const BY = 'scaledDotProductAttention'

/** Checks the options that mask positions. */
export function checkMask(by: string, { attnMask, isCausal = false }: Pick<AttentionOptions, 'attnMask' | 'isCausal'>): void {
  check(!(attnMask && isCausal), 'option-range', `${by}: attnMask and isCausal cannot be combined`)
}

/**
 * softmax(query·keyᵀ·scale + mask)·value (Vaswani et al., arXiv 1706.03762). A query whose keys are all masked gives 0.
 *
 * @param query [..., queries, width]
 * @param key [..., keys, width]
 * @param value [..., keys, valueWidth]
 * @returns [..., queries, valueWidth]
 * @throws `shape-mismatch`
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkNames(BY, ['attnMask', 'isCausal', 'scale', 'weightsMap'], options)
  const { arena } = prepare(BY, query, key, value)
  const { attnMask, isCausal = false, weightsMap, scale = 1 / Math.sqrt(query.shape.at(-1) ?? 1) } = options
  checkMask(BY, options)
  checkRange(typeof scale === 'number', BY, 'scale', 'a number', scale)
  if (query.shape.length < 2 || query.shape.at(-1) !== key.shape.at(-1))
    throw mismatch(BY, query, key, 'they must be [..., queries, width] and [..., keys, width]')
  if (key.shape.at(-2) !== value.shape.at(-2)) throw mismatch(BY, key, value, 'key and value must have the same number of rows')
  const batch = query.shape.slice(0, -2)
  const isPlain = batch.length <= 2 && [key, value].every(({ shape }) => sameShape(shape.slice(0, -2), batch))
  if (!isPlain || weightsMap || attnMask?.requiresGrad) return composed(query, key, value, scale, options)
  const heads = [batch.length > 1 ? batch[0]! : 1, batch.at(-1) ?? 1] as const
  const [queries, keys, width, valueWidth] = [query.shape.at(-2)!, key.shape.at(-2)!, query.shape.at(-1)!, value.shape.at(-1)!]
  const whole = (tensor: Tensor): Heads => {
    const [rows, columns] = tensor.shape.slice(-2) as [number, number]
    return { tensor, offset: 0, strides: [heads[1] * rows * columns, rows * columns, columns] }
  }
  const out = arena.temporary([...batch, queries, valueWidth], query.dtype, BY)
  const sizes = { heads, queries, keys, width, valueWidth }
  return attendHeads(whole(query), whole(key), whole(value), whole(out), { ...sizes, mask: attnMask, isCausal, scale })
}

/** Computes attention from other functions, which support more broadcasting and a gradient of the mask. */
function composed(query: Tensor, key: Tensor, value: Tensor, scale: number, { attnMask, isCausal, weightsMap }: AttentionOptions): Tensor {
  const scores = matmul(affine(query, scale, 0), transpose(key, -2, -1))
  const mask = attnMask ? additive(attnMask, scores.dtype as FloatType) : isCausal ? causal(scores) : undefined
  const weights = softmaxRows(mask ? add(scores, mask) : scores, 1)
  return matmul(weightsMap ? weightsMap(weights) : weights, value)
}

/** Location of heads: address of the first, and strides in elements from outer to outer, inner to inner, row to row. */
interface Place {
  readonly address: number
  readonly strides: readonly [outer: number, inner: number, row: number]
}

/** Returns the heads of an operand, starting at an element of a tensor. */
export interface Heads {
  readonly tensor: Tensor
  readonly offset: number
  readonly strides: Place['strides']
}

/** Options of {@link attendHeads}. */
export interface HeadsOptions {
  readonly heads: readonly [outer: number, inner: number]
  readonly queries: number
  readonly keys: number
  readonly width: number
  readonly valueWidth: number
  /** Additive mask; broadcasts to [outer, inner, queries, keys]. */
  readonly mask: Tensor | undefined
  readonly isCausal: boolean
  readonly scale: number
  /** Factors of the weights, [outer, inner, queries, keys], for dropout. */
  readonly factors?: Tensor
}

/** Number of u32 in the kernel's table (assembly/nn/attention.ts). */
const WORDS = 31
const NOWHERE: Place = { address: 0, strides: [0, 0, 0] }

/** @internal Computes attention of heads in place, into a tensor that it fills. */
export function attendHeads(query: Heads, key: Heads, value: Heads, out: Heads, options: HeadsOptions): Tensor {
  const operands = [query, key, value]
  const inputs = operands.map(({ tensor }) => tensor)
  const { arena, kernels, dtype } = prepare(BY, ...inputs)
  const { heads, queries, keys, width, valueWidth, isCausal, scale, factors } = options
  const shape = [...heads, queries, keys]
  const weights = arena.temporary(shape, dtype, BY).address
  const work = arena.frames.allocate(arena.kernels.attentionWork(keys), BY)
  const bytes = bytesPerElement[dtype]
  const places = [...operands, out].map(({ tensor, offset, strides }) => ({ address: tensor.address + offset * bytes, strides }))
  const mask = options.mask ? maskHeads(options.mask, dtype, shape) : NOWHERE
  const table = (grads: readonly number[]) => {
    const address = arena.frames.allocate(4 * WORDS, BY)
    const fields = [heads[1], queries, keys, width, valueWidth, isCausal ? 1 : 0, weights, factors?.address ?? 0]
    arena.u32.set([...fields, ...[...places, mask].flatMap((at) => [at.address, ...at.strides]), ...grads], address / 4)
    return address
  }
  const scratch = scratchOf(arena)
  const count = heads[0] * heads[1]
  kernels.attention(table([0, 0, 0]), 0, count, scale, work, scratch)
  return record(out.tensor, inputs, (dy) => {
    const grads = operands.map(({ tensor, offset }) => (tensor.requiresGrad ? startGrad(tensor) + offset * bytes : 0))
    kernels.attentionBackward(table(grads), 0, count, scale, dy, work, scratch)
  })
}

/** Returns a mask that broadcasts to [outer, inner, queries, keys], with one column per key. */
function maskHeads(mask: Tensor, dtype: FloatType, shape: Shape): Place {
  const missing = shape.length - mask.shape.length
  const fits = missing >= 0 && mask.shape.every((size, axis) => size === 1 || size === shape[axis + missing])
  check(fits, 'shape-mismatch', () => `${BY}: the mask must broadcast to ${showShape(shape)}, got ${showShape(mask.shape)}`)
  const own = [...mask.shape.slice(0, -1), shape.at(-1)!]
  const [outer, inner, row] = broadcastStrides(own, shape) as [number, number, number]
  return { address: broadcastAddress(additive(mask, dtype), own, BY), strides: [outer, inner, row] }
}

/** Converts a mask of 0 and 1 to one of −∞ and 0. */
function additive(mask: Tensor, dtype: FloatType): Tensor {
  if (mask.dtype !== 'int32') return mask
  const { arena } = mask
  const own = arena.temporary(mask.shape, dtype, BY)
  const { data } = own
  for (const [i, isSeen] of mask.data.entries()) data[i] = isSeen ? 0 : Number.NEGATIVE_INFINITY
  return own
}

/** Returns a mask with −∞ above the main diagonal. */
function causal(scores: Tensor): Tensor {
  const [queries, keys] = scores.shape.slice(-2) as [number, number]
  check(sizeOf([queries, keys]) > 0, 'shape-mismatch', () => `${BY}: a causal mask needs scores, got ${showShape(scores.shape)}`)
  const mask = scores.arena.temporary([queries, keys], scores.dtype, BY)
  const { data } = mask
  for (let q = 0; q < queries; q++) for (let k = 0; k < keys; k++) data[q * keys + k] = k > q ? Number.NEGATIVE_INFINITY : 0
  return mask
}
