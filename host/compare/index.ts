/** The protocol that answers "which optimizer?", in any runtime. */
export { type Dataset, type DatasetOptions, makeDataset, type Split, type Task } from './dataset.ts'
export { type Comparison, compare, defaultSettings, learningRates, type Progress, type Settings } from './protocol.ts'
export type { Report, ReportRun, Result, Trial } from './report.ts'
export { type OptimizerName, optimizerNames, type Space, spaces } from './spaces.ts'
export { type Column, type NumberColumn, readTable, type Table, type TextColumn } from './table.ts'
export type { CurvePoint } from './train.ts'
