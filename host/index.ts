/** The public face: arena, parameters and optimizers. Models and losses are in `downhill/nn`. */
export { GradientAccumulation } from './accumulation.ts'
export { Arena, type ArenaOptions, type Usage } from './arena.ts'
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
} from './averaging.ts'
export { clipGradNorm, clipGradsWithNorm, clipGradValue, getTotalNorm, type NormOptions } from './clip.ts'
export { DownhillError, type ErrorCode, errorCodes } from './errors.ts'
export { type FindLrOptions, findLr, type LrCurve } from './find-lr.ts'
export { type Batch, Loader, type LoaderColumn, type LoaderOptions, type LoaderState } from './loader.ts'
export * from './lr_scheduler/index.ts'
export type { Numbers } from './numbers.ts'
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
export { Generator, type GeneratorState } from './random.ts'
export * from './rules/index.ts'
export type { Shape } from './shape.ts'
export type { SparseGradient, SparseRows } from './sparse.ts'
export { type DType, Parameter, Tensor, type View } from './tensor.ts'
export type { FloatType } from './wasm.ts'
