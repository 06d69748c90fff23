import { gru, lstm, type RecurrentResult, type RecurrentWeights } from '../autograd/recurrent.ts'
import type { Arena } from '../memory/arena.ts'
import type { Parameter, Tensor } from '../memory/tensor.ts'
import { type BiasOptions, checkLayer, checkSize, fillUniform } from './layers.ts'
import { Module } from './module.ts'

/** Options of {@link GRU} and {@link LSTM}. */
export interface RecurrentLayerOptions extends BiasOptions {
  /** Number of layers. Default 1. */
  readonly numLayers?: number
  /** Whether the input is [rows, steps, inputSize] instead of [steps, rows, inputSize]. Default false. */
  readonly batchFirst?: boolean
}

/** Base class of recurrent modules, with torch's weights 'weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0', and so on per layer. */
export abstract class Recurrent extends Module {
  readonly batchFirst: boolean
  readonly numLayers: number
  readonly hiddenSize: number
  /** weight_ih_l, weight_hh_l, bias_ih_l and bias_hh_l of layer l, with rows grouped by gate. */
  readonly [weight: `weight_${string}` | `bias_${string}`]: Parameter

  /** @internal */
  constructor(name: string, gates: number, arena: Arena, inputSize: number, hiddenSize: number, options: RecurrentLayerOptions) {
    super()
    const sizes = { inputSize, hiddenSize }
    const { dtype, generator } = checkLayer(name, { arena, sizes, options, names: ['bias', 'numLayers', 'batchFirst'] })
    const { bias = true, numLayers = 1, batchFirst = false } = options
    checkSize(name, 'numLayers', numLayers)
    this.batchFirst = batchFirst
    this.numLayers = numLayers
    this.hiddenSize = hiddenSize
    const rows = gates * hiddenSize
    for (let l = 0; l < numLayers; l++) {
      Object.assign(this, {
        [`weight_ih_l${l}`]: arena.parameter([rows, l ? hiddenSize : inputSize], { dtype }),
        [`weight_hh_l${l}`]: arena.parameter([rows, hiddenSize], { dtype }),
        ...(bias && { [`bias_ih_l${l}`]: arena.parameter([rows], { dtype }), [`bias_hh_l${l}`]: arena.parameter([rows], { dtype }) }),
      })
    }
    fillUniform(this.parameters(), 1 / Math.sqrt(hiddenSize), generator)
  }

  protected get weights(): RecurrentWeights[] {
    return Array.from({ length: this.numLayers }, (_, l) => ({
      weightIh: this[`weight_ih_l${l}`]!,
      weightHh: this[`weight_hh_l${l}`]!,
      biasIh: this[`bias_ih_l${l}`] ?? null,
      biasHh: this[`bias_hh_l${l}`] ?? null,
    }))
  }
}

/** Gated recurrent unit. Its weights start uniform within ±1/√hiddenSize. */
export class GRU extends Recurrent {
  constructor(arena: Arena, inputSize: number, hiddenSize: number, options: RecurrentLayerOptions = {}) {
    super('GRU', 3, arena, inputSize, hiddenSize, options)
  }

  /** Returns the output of the last layer at every step, [steps, rows, hiddenSize]. */
  forward(x: Tensor): Tensor {
    return this.run(x).output
  }

  /** Runs from an initial state, [numLayers, rows, hiddenSize]. Returns the output and the final state. */
  run(x: Tensor, hidden: Tensor | null = null): RecurrentResult {
    return gru(x, hidden, this.weights, { batchFirst: this.batchFirst })
  }
}

/** Long short-term memory. Its weights start uniform within ±1/√hiddenSize. */
export class LSTM extends Recurrent {
  constructor(arena: Arena, inputSize: number, hiddenSize: number, options: RecurrentLayerOptions = {}) {
    super('LSTM', 4, arena, inputSize, hiddenSize, options)
  }

  /** Returns the output of the last layer at every step, [steps, rows, hiddenSize]. */
  forward(x: Tensor): Tensor {
    return this.run(x).output
  }

  /** Runs from initial states, [numLayers, rows, hiddenSize]. Returns the output and the final states. */
  run(x: Tensor, hidden: Tensor | null = null, cell: Tensor | null = null): RecurrentResult & { readonly cell: Tensor } {
    return lstm(x, hidden, cell, this.weights, { batchFirst: this.batchFirst })
  }
}
