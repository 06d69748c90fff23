/** Entry `downhill/nn/functional`: differentiable functions. Each computes its result in the current frame and records its gradient. */
export { type GeluOptions, gelu, leakyRelu, relu, sigmoid, silu, softplus, tanh } from './activations.ts'
export { abs, add, affine, div, exp, log, mul, neg, pow, sqrt, sub } from './arithmetic.ts'
export { type AttentionOptions, scaledDotProductAttention } from './attention.ts'
export { type ConvOptions, conv1d, conv2d, type Sizes } from './convolution.ts'
export { type DropoutOptions, dropout } from './dropout.ts'
export { type EmbeddingOptions, embedding } from './embedding.ts'
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
  huberLoss,
  type LossOptions,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from './losses.ts'
export { type BatchNormOptions, batchNorm, type LayerNormOptions, layerNorm, rmsNorm } from './normalization.ts'
export { avgPool2d, maxPool2d, type PoolOptions } from './pooling.ts'
export { linear, matmul } from './products.ts'
export { apply, type CustomFunction, checkpoint, detach } from './recording.ts'
export { gru, lstm, type RecurrentOptions, type RecurrentResult, type RecurrentWeights } from './recurrent.ts'
export { type AxisOptions, amax, mean, sum } from './reductions.ts'
export { cat, flatten, narrow, permute, reshape, transpose } from './shaping.ts'
export { type CrossEntropyOptions, crossEntropy, logSoftmax, type Reduction, softmax } from './softmax.ts'
