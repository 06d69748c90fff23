/** Layers with weights over whole rows. Weights start as in torch. */

import { embedding, paddingRow } from '../autograd/embedding.ts'
import { linear } from '../autograd/products.ts'
import type { Arena } from '../memory/arena.ts'
import { Heap } from '../memory/heap.ts'
import type { Numbers } from '../memory/numbers.ts'
import type { Parameter, Tensor } from '../memory/tensor.ts'
import { Generator } from '../numerics/random.ts'
import { check, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { Module } from './module.ts'

/** Options of layers with weights. */
export interface LayerOptions {
  /** Element type of the weights. Default 'float32'. */
  readonly dtype?: FloatType
  /** Where the initial weights come from. Default: the arena's own, so that the same programme has the same weights. */
  readonly generator?: Generator
}

/** Options of layers that may add a bias. */
export interface BiasOptions extends LayerOptions {
  /** Default true. */
  readonly bias?: boolean
}

/** @internal Throws unless a size is a whole number above 0. */
export function checkSize(by: string, name: string, value: number): void {
  check(Number.isSafeInteger(value) && value > 0, 'option-range', () => `${by}: ${name} is a whole number above 0, not ${shown(value)}`)
}

/** @internal The options all layers with weights have, checked. `names` are those of the layer beside them. */
export function layerOptions(by: string, arena: Arena, options: LayerOptions, names: readonly string[] = []): Required<LayerOptions> {
  check(
    arena?.heap instanceof Heap,
    'params-invalid',
    () => `${by} is made in an arena, as in new nn.${by}(arena, …), not in ${shown(arena)}`,
  )
  checkNames(by, ['dtype', 'generator', ...names], options)
  const { dtype = 'float32', generator = arena.generator } = options
  check(generator instanceof Generator, 'option-range', () => `${by}: generator is a Generator, not ${shown(generator)}`)
  return { dtype, generator }
}

/** @internal Fills parameters with uniform numbers within ±bound, in their order. */
export function fillUniform(parameters: Iterable<Parameter>, bound: number, generator: Generator): void {
  for (const parameter of parameters) generator.fillUniform(parameter, -bound, bound)
}

/**
 * x·weightᵀ + bias. weight is [outFeatures, inFeatures], bias [outFeatures]; both start uniform within ±1/√inFeatures, as in torch.
 *
 * @example
 * const layer = new nn.Linear(arena, 3, 2)
 * arena.frame(() => layer.forward(arena.tensor([1, 2, 3], [1, 3])).shape) // [1, 2]
 */
export class Linear extends Module {
  readonly weight: Parameter
  readonly bias: Parameter | null

  constructor(arena: Arena, inFeatures: number, outFeatures: number, options: BiasOptions = {}) {
    super()
    checkSize('Linear', 'inFeatures', inFeatures)
    checkSize('Linear', 'outFeatures', outFeatures)
    const { dtype, generator } = layerOptions('Linear', arena, options, ['bias'])
    const { bias = true } = options
    this.weight = arena.parameter([outFeatures, inFeatures], { dtype })
    this.bias = bias ? arena.parameter([outFeatures], { dtype }) : null
    fillUniform(this.parameters(), 1 / Math.sqrt(inFeatures), generator)
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias)
  }
}

/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends LayerOptions {
  /** A row that starts as 0 and has gradient 0; from the end if negative. Default: none. */
  readonly paddingIdx?: number | null
  /** Give the weight sparse gradients, as SparseAdam takes them. Default false. */
  readonly sparse?: boolean
}

/**
 * The rows of a table that indices name. weight is [numEmbeddings, embeddingDim] and starts normal.
 *
 * @example
 * const table = new nn.Embedding(arena, 10, 4)
 * arena.frame(() => table.forward([3, 7]).shape) // [2, 4]
 */
export class Embedding extends Module {
  readonly weight: Parameter
  readonly paddingIdx: number | null
  readonly sparse: boolean

  constructor(arena: Arena, numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    super()
    checkSize('Embedding', 'numEmbeddings', numEmbeddings)
    checkSize('Embedding', 'embeddingDim', embeddingDim)
    const { dtype, generator } = layerOptions('Embedding', arena, options, ['paddingIdx', 'sparse'])
    const { paddingIdx = null, sparse = false } = options
    this.paddingIdx = paddingRow('Embedding', numEmbeddings, paddingIdx)
    this.sparse = sparse
    this.weight = arena.parameter([numEmbeddings, embeddingDim], { dtype })
    generator.fillNormal(this.weight)
    if (this.paddingIdx !== null) this.weight.data.fill(0, this.paddingIdx * embeddingDim, (this.paddingIdx + 1) * embeddingDim)
  }

  forward(indices: Tensor | Numbers): Tensor {
    return embedding(indices, this.weight, { paddingIdx: this.paddingIdx, sparse: this.sparse })
  }
}

/** Modules one after another, named '0', '1', … */
export class Sequential extends Module {
  readonly layers: readonly Module[]

  constructor(...layers: readonly Module[]) {
    super()
    for (const [i, layer] of layers.entries()) {
      check(layer instanceof Module, 'params-invalid', () => `Sequential takes modules, and number ${i} is ${shown(layer)}`)
    }
    this.layers = layers
  }

  forward(x: Tensor): Tensor {
    let result = x
    for (const layer of this.layers) result = layer.forward(result)
    return result
  }

  override *namedChildren(): IterableIterator<[string, Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer]
  }
}
