/** The public face: arena, parameters and optimizers. Models and losses are in `downhill/nn`. */
export { Arena, type ArenaOptions, type Usage } from './arena.ts'
export { DownhillError, type ErrorCode, errorCodes } from './errors.ts'
export {
  type GroupInit,
  Optimizer,
  type OptimizerStateDict,
  type ParameterList,
  type ParameterState,
  type ParamGroup,
  type Params,
  type StateTensor,
} from './optimizer.ts'
export { Generator, type GeneratorState } from './random.ts'
export * from './rules/index.ts'
export type { Shape } from './shape.ts'
export { type DType, type Numbers, Parameter, Tensor, type View } from './tensor.ts'
export type { FloatType } from './wasm.ts'
