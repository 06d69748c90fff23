export { absMax, absSum, dot, nonFinite, nonZero, powerSum, squaredDistance, squaredNorm } from './fold'
export { gemm, gemmEach, gemmScratch } from './matrix/gemm'
export {
  Gelu, GeluBackward, GeluTanh, GeluTanhBackward, LeakyRelu, LeakyReluBackward, Relu, ReluBackward, Sigmoid, SigmoidBackward, Silu,
  SiluBackward, Softplus, SoftplusBackward, Tanh, TanhBackward,
} from './nn/activation'
export {
  Abs, AbsBackward, Add, Affine, Clamp, Combine, Div, DivisorBackward, DropoutMask, Equal, Erf, Exp, Fill, Log, Mul, Pow, Scale, Sqrt,
  SqrtBackward, Sub,
} from './nn/arithmetic'
export { attention, attentionBackward, attentionWork } from './nn/attention'
export { convolution, convolutionInput, convolutionWeight, convolutionWork } from './nn/convolution'
export { gatherRows, scatterAddRows } from './nn/embedding'
export { Huber, HuberBackward, ScaledDifference } from './nn/loss'
export {
  channelAffine, channelCombine, channelMoments, channelSums, layerNorm, layerNormBackward, normalizedProduct,
} from './nn/normalization'
export { avgPool, avgPoolBackward, maxPool, maxPoolBackward } from './nn/pooling'
export { maxAxis, sumAxis } from './nn/reduce'
export { crossEntropy, crossEntropyBackward, logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './nn/softmax'
export { stridedCopy } from './nn/strided'
export { columnSquares, direction, factoredDirection, lerpTo, lerpToSquare, rowSquares } from './optim/factored'
export { normal, uniform } from './random'
