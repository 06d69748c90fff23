/** Entry `downhill/compare`: the comparison of optimizers, in any runtime. */
export type { Column, DateColumn, NumberColumn, TextColumn } from '../tables/column.ts'
export { type Dataset, type DatasetOptions, makeDataset, type Task } from '../tables/dataset.ts'
export type { Split } from '../tables/split.ts'
export { type ReadOptions, readTable, type Table } from '../tables/table.ts'
export { decodeTable, type TableText } from '../tables/text.ts'
export { CONDITION, datasetOf, fileOf, makeProblem, type ProblemSpec, problems } from './bundled.ts'

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
