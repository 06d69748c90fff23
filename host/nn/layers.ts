/** Linear, Embedding and Sequential. Weights are initialized as in torch. */

import { embedding, paddingRow } from '../autograd/embedding.ts'
import { linear } from '../autograd/products.ts'
import type { Arena } from '../memory/arena.ts'
import type { Numbers } from '../memory/numbers.ts'
import { checkArena, type Parameter, type Tensor } from '../memory/tensor.ts'
import { Generator } from '../numerics/random.ts'
import { check, checkRange, isObject, shown } from '../validation/errors.ts'
import { checkNames, fromTorchKey } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { Module } from './module.ts'

/** Options of layers with weights. */
export interface LayerOptions {
  /** Dtype of the weights. Default 'float32'. */
  readonly dtype?: FloatType
  /** Generator of the initial weights. Default: the arena's, which makes a program's weights reproducible. */
  readonly generator?: Generator
}

/** Options of layers with an optional bias. */
export interface BiasOptions extends LayerOptions {
  /** Whether to add a bias. Default true. */
  readonly bias?: boolean
}

/** @internal Throws unless a size is a positive integer. */
export function checkSize(by: string, name: string, value: number): void {
  checkRange(Number.isSafeInteger(value) && value > 0, by, name, 'an integer > 0', value)
}

/** Arguments of the constructor of a layer with weights. */
interface LayerArguments<Names extends string> {
  readonly arena: Arena
  /** The arguments between arena and options, by name. */
  readonly sizes: Readonly<Record<Names, unknown>>
  readonly options: LayerOptions
  /** Names of the options that only this layer has. */
  readonly names?: readonly string[]
}

/** @internal Checks the arena, the sizes and the names of the options; returns the options that all layers share. */
export function checkLayer<Names extends string>(
  by: string,
  { arena, sizes, options, names = [] }: LayerArguments<Names>,
): Required<LayerOptions> {
  checkArena(by, arena)
  const positional = () => `sizes are positional, as in new nn.${by}(arena, ${Object.keys(sizes).join(', ')})`
  for (const [name, size] of Object.entries(sizes)) {
    const isOptions = isObject(size) && !Array.isArray(size)
    check(!isOptions, 'option-range', () => `${by}: ${name} must be a number, got ${shown(size)}; ${positional()}`)
    if (!Array.isArray(size)) checkSize(by, name, size as number)
  }
  const misplaced = Object.keys(options ?? {}).find((name) => fromTorchKey(name) in sizes)
  check(misplaced === undefined, 'option-unknown', () => `${by} has no option ${misplaced}; ${positional()}`)
  checkNames(by, ['dtype', 'generator', ...names], options)
  const { dtype = 'float32', generator = arena.generator } = options
  checkRange(generator instanceof Generator, by, 'generator', 'a Generator', generator)
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
    const { dtype, generator } = checkLayer('Linear', { arena, sizes: { inFeatures, outFeatures }, options, names: ['bias'] })
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
  /** Index of a row that starts as 0 and gets no gradient; negative indices count from the end. Default: none. */
  readonly paddingIdx?: number | null
  /** Whether the weight gets sparse gradients, as SparseAdam requires. Default false. */
  readonly sparse?: boolean
}

/**
 * Looks up rows of a table by index. weight is [numEmbeddings, embeddingDim] and starts normal.
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
    const sizes = { numEmbeddings, embeddingDim }
    const { dtype, generator } = checkLayer('Embedding', { arena, sizes, options, names: ['paddingIdx', 'sparse'] })
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

/** Applies modules in sequence, named '0', '1', … */
export class Sequential extends Module {
  readonly layers: readonly Module[]

  constructor(...layers: readonly Module[]) {
    super()
    for (const [i, layer] of layers.entries()) {
      checkRange(layer instanceof Module, 'Sequential', `layers[${i}]`, 'a Module', layer, 'params-invalid')
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
