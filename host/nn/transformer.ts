import { gelu, relu } from '../autograd/activations.ts'
import { add } from '../autograd/arithmetic.ts'
import { type AttentionOptions, attendHeads, checkMask, type Heads } from '../autograd/attention.ts'
import { dropoutFactors } from '../autograd/dropout.ts'
import { mismatch, prepare } from '../autograd/prepare.ts'
import { linear } from '../autograd/products.ts'
import { narrow } from '../autograd/shaping.ts'
import { stridesOf } from '../autograd/strides.ts'
import type { Arena } from '../memory/arena.ts'
import { sameShape } from '../memory/shape.ts'
import type { Parameter, Tensor } from '../memory/tensor.ts'
import { checkRange } from '../validation/errors.ts'
import { checkNames, choiceOf } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { type BiasOptions, checkLayer, fillUniform, Linear } from './layers.ts'
import { Module } from './module.ts'
import { LayerNorm } from './normalizations.ts'
import { Dropout } from './plain.ts'

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends BiasOptions {
  /** Fraction of the attention weights dropped in training. Default 0. */
  readonly dropout?: number
  /** Whether the input is [rows, positions, embedDim] instead of [positions, rows, embedDim]. Default false. */
  readonly batchFirst?: boolean
}

/** Options that mask positions. */
export type MaskOptions = Pick<AttentionOptions, 'attnMask' | 'isCausal'>

/**
 * Multi-head attention (Vaswani et al., arXiv 1706.03762). in_proj_weight [3·embedDim, embedDim] has Glorot's uniform initialization; the
 * biases start as 0.
 */
export class MultiheadAttention extends Module {
  readonly inProjWeight: Parameter
  readonly inProjBias: Parameter | null
  readonly outProj: Linear
  readonly numHeads: number
  readonly batchFirst: boolean
  readonly dropout: Dropout

  constructor(arena: Arena, embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}) {
    super()
    const names = ['bias', 'dropout', 'batchFirst']
    const { dtype, generator } = checkLayer('MultiheadAttention', { arena, sizes: { embedDim, numHeads }, options, names })
    const fits = embedDim % numHeads === 0
    checkRange(fits, 'MultiheadAttention', 'numHeads', `a divisor of embedDim (${embedDim})`, numHeads)
    const { bias = true, dropout = 0, batchFirst = false } = options
    this.inProjWeight = arena.parameter([3 * embedDim, embedDim], { dtype })
    this.inProjBias = bias ? arena.parameter([3 * embedDim], { dtype }) : null
    fillUniform([this.inProjWeight], Math.sqrt(6 / (4 * embedDim)), generator)
    this.outProj = new Linear(arena, embedDim, embedDim, { bias, dtype, generator })
    this.outProj.bias?.data.fill(0)
    this.numHeads = numHeads
    this.batchFirst = batchFirst
    this.dropout = new Dropout(dropout, { generator })
  }

  /** Returns for each position of `query` the attention-weighted sum of `value`. `key` and `value` default to `query`. */
  forward(query: Tensor, key: Tensor = query, value: Tensor = key, options: MaskOptions = {}): Tensor {
    const by = 'MultiheadAttention'
    checkNames(by, ['attnMask', 'isCausal'], options)
    checkMask(by, options)
    prepare(by, query, key, value)
    for (const { shape } of [query, key, value]) {
      checkRange(shape.length === 3, by, 'the shape of the input', 'three sizes', shape, 'shape-mismatch')
    }
    const embedDim = this.outProj.weight.shape[0]!
    const [positions, rows] = this.batchFirst ? [1, 0] : [0, 1]
    const [queries, keys] = [query.shape[positions]!, key.shape[positions]!]
    const fits = sameShape(key.shape, value.shape) && key.shape[rows] === query.shape[rows]
    if (!fits) throw mismatch(by, query, value, 'rows must be equal, and value must have as many positions as key')
    const width = embedDim / this.numHeads
    const heads = [query.shape[rows]!, this.numHeads] as const
    /** Returns one part of a joint projection, split into heads. */
    const headsOf = (tensor: Tensor, part: number): Heads => {
      const [position, row] = [stridesOf(tensor.shape)[positions]!, stridesOf(tensor.shape)[rows]!]
      return { tensor, offset: part * embedDim, strides: [row, width, position] }
    }
    const isSelf = query === key && key === value
    const together = isSelf ? linear(query, this.inProjWeight, this.inProjBias) : undefined
    const project = (x: Tensor, i: number) => (together ? headsOf(together, i) : headsOf(this.project(x, i), 0))
    const operands = [project(query, 0), project(key, 1), project(value, 2)] as const
    const { arena, dtype } = this.outProj.weight
    const gathered = arena.temporary(query.shape, dtype, by)
    const { p, generator } = this.dropout
    const factors = this.training && p > 0 ? dropoutFactors(arena, [...heads, queries, keys], dtype as FloatType, p, generator) : undefined
    const sizes = { heads, queries, keys, width, valueWidth: width }
    const { attnMask, isCausal = false } = options
    const scale = 1 / Math.sqrt(width)
    attendHeads(...operands, headsOf(gathered, 0), { ...sizes, mask: attnMask, isCausal, scale, ...(factors && { factors }) })
    return this.outProj.forward(gathered)
  }

  /** Returns the projection of query (0), key (1) or value (2). */
  private project(x: Tensor, i: number): Tensor {
    const embedDim = this.outProj.weight.shape[0]!
    const bias = this.inProjBias && narrow(this.inProjBias, 0, i * embedDim, embedDim)
    return linear(x, narrow(this.inProjWeight, 0, i * embedDim, embedDim), bias)
  }
}

/** Options of {@link TransformerEncoderLayer}. */
export interface TransformerEncoderLayerOptions extends BiasOptions {
  /** Width of the hidden layer. Default 2048. */
  readonly dimFeedforward?: number
  /** Dropout probability. Default 0.1. */
  readonly dropout?: number
  /** Activation of the hidden layer. Default 'relu'. */
  readonly activation?: 'relu' | 'gelu'
  /** Epsilon of the layer normalizations. Default 1e-5. */
  readonly layerNormEps?: number
  /** Whether the input is [rows, positions, dModel] instead of [positions, rows, dModel]. Default false. */
  readonly batchFirst?: boolean
  /** Whether to normalize before attention and the hidden layer instead of after them. Default false. */
  readonly normFirst?: boolean
}

/**
 * Transformer encoder layer: attention and a hidden layer, each with dropout, a residual connection and layer normalization.
 *
 * @example
 * const layer = new nn.TransformerEncoderLayer(arena, 8, 2, { dimFeedforward: 16, batchFirst: true })
 * arena.frame(() => layer.forward(arena.tensor(new Float32Array(24), [1, 3, 8]), { isCausal: true }).shape) // [1, 3, 8]
 */
export class TransformerEncoderLayer extends Module {
  readonly selfAttn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly activation: 'relu' | 'gelu'
  readonly normFirst: boolean

  constructor(arena: Arena, dModel: number, nhead: number, options: TransformerEncoderLayerOptions = {}) {
    super()
    const by = 'TransformerEncoderLayer'
    const names = ['bias', 'dimFeedforward', 'dropout', 'activation', 'layerNormEps', 'batchFirst', 'normFirst']
    const { dtype, generator } = checkLayer(by, { arena, sizes: { dModel, nhead }, options, names })
    const {
      bias = true,
      dimFeedforward = 2048,
      dropout = 0.1,
      activation = 'relu',
      layerNormEps = 1e-5,
      batchFirst = false,
      normFirst = false,
    } = options
    this.activation = choiceOf(by, 'activation', activation, ['relu', 'gelu'])
    this.selfAttn = new MultiheadAttention(arena, dModel, nhead, { bias, dropout, batchFirst, dtype, generator })
    this.linear1 = new Linear(arena, dModel, dimFeedforward, { bias, dtype, generator })
    this.dropout = new Dropout(dropout, { generator })
    this.linear2 = new Linear(arena, dimFeedforward, dModel, { bias, dtype, generator })
    this.norm1 = new LayerNorm(arena, dModel, { bias, dtype, eps: layerNormEps })
    this.norm2 = new LayerNorm(arena, dModel, { bias, dtype, eps: layerNormEps })
    this.dropout1 = new Dropout(dropout, { generator })
    this.dropout2 = new Dropout(dropout, { generator })
    this.normFirst = normFirst
  }

  forward(x: Tensor, options: MaskOptions = {}): Tensor {
    const attend = (y: Tensor) => this.dropout1.forward(this.selfAttn.forward(y, y, y, options))
    if (this.normFirst) {
      const attended = add(x, attend(this.norm1.forward(x)))
      return add(attended, this.feedForward(this.norm2.forward(attended)))
    }
    const attended = this.norm1.forward(add(x, attend(x)))
    return this.norm2.forward(add(attended, this.feedForward(attended)))
  }

  private feedForward(x: Tensor): Tensor {
    const hidden = this.linear1.forward(x)
    const active = this.activation === 'relu' ? relu(hidden) : gelu(hidden)
    return this.dropout2.forward(this.linear2.forward(this.dropout.forward(active)))
  }
}
