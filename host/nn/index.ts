/** Entry `downhill/nn`: modules and differentiable functions. */
export * as functional from '../autograd/functions.ts'
export { noGrad } from '../autograd/recording.ts'
export { Conv1d, Conv2d, type ConvLayerOptions } from './convolutions.ts'
export {
  type BiasOptions,
  Embedding,
  type EmbeddingLayerOptions,
  type LayerOptions,
  Linear,
  Sequential,
} from './layers.ts'
export { Module, type ModuleStateDict, type SavedTensor } from './module.ts'
export {
  BatchNorm,
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormLayerOptions,
  LayerNorm,
  type NormOptions,
  RMSNorm,
} from './normalizations.ts'
export { AvgPool2d, Dropout, Flatten, GELU, LeakyReLU, LogSoftmax, MaxPool2d, ReLU, Sigmoid, SiLU, Softmax, Tanh } from './plain.ts'
export { GRU, LSTM, Recurrent, type RecurrentLayerOptions } from './recurrent.ts'
export {
  type MaskOptions,
  MultiheadAttention,
  type MultiheadAttentionOptions,
  TransformerEncoderLayer,
  type TransformerEncoderLayerOptions,
} from './transformer.ts'
