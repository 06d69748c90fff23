/** Models of cases of kind "training": torch.nn.Sequential of torch's layers. */

import { narrow, reshape } from '../autograd/functions.ts'
import type { Arena } from '../memory/arena.ts'
import type { Tensor } from '../memory/tensor.ts'
import * as nn from '../nn/index.ts'
import { fromTorchKey } from '../validation/options.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { Unsupported } from './format.ts'

export interface LayerSpec {
  readonly name: string
  readonly options?: Record<string, unknown>
  readonly output?: 'last'
  readonly causal?: boolean
}

// biome-ignore lint/suspicious/noExplicitAny: options of any layer
type Options = Record<string, any>

/** Positional arguments of a layer in torch. In downhill they precede the options. */
const makers: Readonly<Record<string, (arena: Arena, o: Options, rest: (...positional: string[]) => Options) => nn.Module>> = {
  Linear: (arena, o, rest) => new nn.Linear(arena, o.inFeatures, o.outFeatures, rest('inFeatures', 'outFeatures')),
  Conv1d: (arena, o, rest) =>
    new nn.Conv1d(arena, o.inChannels, o.outChannels, o.kernelSize, rest('inChannels', 'outChannels', 'kernelSize')),
  Conv2d: (arena, o, rest) =>
    new nn.Conv2d(arena, o.inChannels, o.outChannels, o.kernelSize, rest('inChannels', 'outChannels', 'kernelSize')),
  BatchNorm1d: (arena, o, rest) => new nn.BatchNorm1d(arena, o.numFeatures, rest('numFeatures')),
  BatchNorm2d: (arena, o, rest) => new nn.BatchNorm2d(arena, o.numFeatures, rest('numFeatures')),
  LayerNorm: (arena, o, rest) => new nn.LayerNorm(arena, o.normalizedShape, rest('normalizedShape')),
  RMSNorm: (arena, o, rest) => new nn.RMSNorm(arena, o.normalizedShape, rest('normalizedShape')),
  Embedding: (arena, o, rest) => new nn.Embedding(arena, o.numEmbeddings, o.embeddingDim, rest('numEmbeddings', 'embeddingDim')),
  ReLU: () => new nn.ReLU(),
  GELU: (_, o) => new nn.GELU(o),
  Tanh: () => new nn.Tanh(),
  SiLU: () => new nn.SiLU(),
  Sigmoid: () => new nn.Sigmoid(),
  LeakyReLU: (_, o) => new nn.LeakyReLU(o.negativeSlope),
  Dropout: (_, o) => new nn.Dropout(o.p),
  MaxPool2d: (_, o, rest) => new nn.MaxPool2d(o.kernelSize, without(rest('kernelSize'), 'dtype')),
  AvgPool2d: (_, o, rest) => new nn.AvgPool2d(o.kernelSize, without(rest('kernelSize'), 'dtype')),
  Flatten: (_, o) => new nn.Flatten(o.startDim, o.endDim),
  GRU: (arena, o, rest) => new nn.GRU(arena, o.inputSize, o.hiddenSize, rest('inputSize', 'hiddenSize')),
  LSTM: (arena, o, rest) => new nn.LSTM(arena, o.inputSize, o.hiddenSize, rest('inputSize', 'hiddenSize')),
  TransformerEncoderLayer: (arena, o, rest) => new nn.TransformerEncoderLayer(arena, o.dModel, o.nhead, rest('dModel', 'nhead')),
}

function without(options: Options, ...names: readonly string[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)))
}

/** A layer with a `forward` for extensions of its specification: only the last step's output, or a causal mask. */
class Adapted extends nn.Module {
  constructor(
    readonly layer: nn.Module,
    readonly spec: LayerSpec,
  ) {
    super()
  }

  forward(x: Tensor): Tensor {
    const y =
      this.layer instanceof nn.TransformerEncoderLayer && this.spec.causal
        ? this.layer.forward(x, { isCausal: true })
        : this.layer.forward(x)
    if (this.spec.output !== 'last') return y
    const axis = (this.layer as nn.GRU).batchFirst ? 1 : 0
    const last = narrow(y, axis, -1, 1)
    return reshape(
      last,
      last.shape.filter((_, i) => i !== axis),
    )
  }

  override *namedChildren(): IterableIterator<[string, nn.Module]> {
    yield* this.layer.namedChildren()
  }

  override namedParameters(prefix?: string, seen?: Set<Tensor>) {
    return this.layer.namedParameters(prefix, seen)
  }

  override namedBuffers(prefix?: string, seen?: Set<Tensor>) {
    return this.layer.namedBuffers(prefix, seen)
  }

  override *modules(seen?: Set<nn.Module>): IterableIterator<nn.Module> {
    yield* this.layer.modules(seen)
  }
}

export function makeModel(arena: Arena, specs: readonly LayerSpec[], dtype: FloatType): nn.Sequential {
  const layers = specs.map((spec) => {
    const { name, options = {} } = spec
    const make = makers[name]
    if (!make || !Object.hasOwn(makers, name)) throw new Unsupported(`the layer ${name} is not supported`)
    const o: Options = Object.fromEntries(Object.entries(options).map(([key, value]) => [fromTorchKey(key), value]))
    return new Adapted(
      make(arena, o, (...positional) => without({ ...o, dtype }, ...positional)),
      spec,
    )
  })
  return new nn.Sequential(...layers)
}
