/** Entry `downhill/compare`: the comparison of optimizers, in any runtime. */
export { CONDITION, datasetOf, fileOf, makeProblem, type ProblemSpec, problems } from './bundled.ts'
export { type Dataset, type DatasetOptions, makeDataset, type Split, type Task } from './dataset.ts'
export { type Batches, type OwnModel, ownProblem } from './own-model.ts'
export { type Effort, type Plan, planned } from './plan.ts'
export type { Portion, Problem, Session } from './problem.ts'
export {
  compare,
  defaultEpochs,
  defaultSettings,
  type Execute,
  inTurn,
  type Outcome,
  type Progress,
  protocolOf,
  type Settings,
} from './protocol.ts'
export type {
  Comparison,
  CurvePoint,
  Interval,
  Options,
  ProblemFacts,
  Protocol,
  Report,
  ReportRun,
  Result,
  Source,
  Trial,
} from './report.ts'
export { characters, rowsProblem, wordsOf } from './rows.ts'
export { type Run, type RunSpec, trainRun } from './run.ts'
export {
  type Candidate,
  candidates,
  type OptimizerName,
  optimizerNames,
  type Range,
  type Schedule,
  type Space,
  schedules,
  spaces,
} from './spaces.ts'
export { compareSamples, criticalT, intervalOf, isDetected, rankingOf, type Sample, tailOfT } from './statistics.ts'
export { beale, himmelblau, quadratic, rastrigin, rosenbrock, type Surface, surfaceProblem } from './surfaces.ts'
export { type Column, type NumberColumn, readTable, type Table, type TextColumn } from './table.ts'
