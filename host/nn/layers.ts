import type { Arena } from '../arena.ts'
import * as functional from '../autograd/functions.ts'
import { check, shown } from '../errors.ts'
import { checkNames } from '../options.ts'
import type { Generator } from '../random.ts'
import type { Parameter, Tensor } from '../tensor.ts'
import type { FloatType } from '../wasm.ts'
import { Module } from './module.ts'

/** Options of layers with weights. */
export interface LayerOptions {
  /** Element type of the weights. Default 'float32'. */
  readonly dtype?: FloatType
  /** Where the initial weights come from. Default: the arena's own, so that the same programme has the same weights. */
  readonly generator?: Generator
}

function checkSize(by: string, name: string, value: number): void {
  check(Number.isSafeInteger(value) && value > 0, 'option-range', () => `${by}: ${name} is a whole number above 0, not ${shown(value)}`)
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

  constructor(arena: Arena, inFeatures: number, outFeatures: number, options: LayerOptions & { readonly bias?: boolean } = {}) {
    super()
    checkSize('Linear', 'inFeatures', inFeatures)
    checkSize('Linear', 'outFeatures', outFeatures)
    checkNames('Linear', ['dtype', 'generator', 'bias'], options)
    const { dtype = 'float32', generator = arena.generator, bias = true } = options
    const bound = 1 / Math.sqrt(inFeatures)
    this.weight = arena.parameter([outFeatures, inFeatures], { dtype })
    this.bias = bias ? arena.parameter([outFeatures], { dtype }) : null
    for (const parameter of this.parameters()) generator.fillUniform(parameter, -bound, bound)
  }

  forward(x: Tensor): Tensor {
    return functional.linear(x, this.weight, this.bias)
  }
}

/** max(0, x), element by element. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return functional.relu(x)
  }
}

/** tanh x, element by element. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return functional.tanh(x)
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
