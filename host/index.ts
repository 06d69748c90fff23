/** Entry `downhill`: arena, parameters, optimizers, schedulers. Models and losses are in `downhill/nn`. */

export * from './lr_scheduler/index.ts'
export { Arena, type ArenaOptions } from './memory/arena.ts'
export type { DType, View } from './memory/dtype.ts'
export type { Usage } from './memory/memory.ts'
export type { Numbers } from './memory/numbers.ts'
export type { Shape } from './memory/shape.ts'
export type { SparseGradient, SparseRows } from './memory/sparse.ts'
export { Parameter, Tensor } from './memory/tensor.ts'
export { Generator, type GeneratorState } from './numerics/random.ts'
export * from './optim/index.ts'
export { groupsByName, type LayerwiseOptions, layerwiseLr, noDecay } from './optimizer/by-name.ts'
export type { GroupInit, ParameterList, ParamGroup, Params } from './optimizer/groups.ts'
export {
  type AnyOptimizer,
  Optimizer,
  type Remove,
  registerOptimizerStepPostHook,
  registerOptimizerStepPreHook,
} from './optimizer/optimizer.ts'
export type { OptimizerStateDict, ParameterState, StateTensor, StateValue } from './optimizer/state-dict.ts'
export * from './rules/index.ts'
export { GradientAccumulation } from './training/accumulation.ts'
export {
  AveragedModel,
  type AveragedModelOptions,
  type AvgFn,
  getEmaAvgFn,
  getEmaMultiAvgFn,
  getSwaAvgFn,
  getSwaMultiAvgFn,
  type MultiAvgFn,
  updateBn,
} from './training/averaging.ts'
export { clipGradNorm, clipGradsWithNorm, clipGradValue, getTotalNorm, type NormOptions } from './training/clip.ts'
export { type FindLrOptions, findLr, type LrCurve } from './training/find-lr.ts'
export { type Batch, Loader, type LoaderColumn, type LoaderOptions, type LoaderState } from './training/loader.ts'
export { DownhillError, type ErrorCode, errorCodes } from './validation/errors.ts'
export type { FloatType } from './wasm/wasm.ts'
