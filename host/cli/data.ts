/** Options of commands that train: data and numbers. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { bundledSpec, datasetOf, type ProblemSpec, sha256Of } from '../compare/bundled.ts'
import type { Dataset, Task } from '../compare/dataset.ts'
import type { Source } from '../compare/report.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'

/** Options for `parseArgs`. */
export const dataOptions = {
  problem: { type: 'string' },
  data: { type: 'string' },
  target: { type: 'string' },
  task: { type: 'string' },
} as const

/** Values of these options. */
export interface DataValues {
  readonly problem?: string | undefined
  readonly data?: string | undefined
  readonly target?: string | undefined
  readonly task?: string | undefined
}

/** Returns the value of an integer option; undefined if it was not given. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  check(text === undefined || /^\d+$/.test(text), 'option-range', () => `--${name} must be an integer, got ${shown(text)}`)
  return text === undefined ? undefined : Number(text)
}

/** Returns the data source that a command's options name. */
export function sourceOf({ problem, data, target, task }: DataValues): Source {
  if (data === undefined) {
    for (const [name, value] of Object.entries({ target, task })) check(value === undefined, 'option-range', `--${name} needs --data`)
    return { problem: problem ?? 'digits' }
  }
  check(problem === undefined, 'option-range', '--problem and --data cannot be combined')
  check(target !== undefined, 'option-range', '--data needs --target, the column to predict')
  const isTask = task === undefined || task === 'classification' || task === 'regression'
  check(isTask, 'option-range', () => `--task must be classification or regression, got ${shown(task)}`)
  return { data, target, ...(task && { task: task as Task }) }
}

/** Reads a data source. */
export async function readSpec(source: Source, hidden: number): Promise<ProblemSpec> {
  if ('model' in source || 'data' in source) {
    const file = 'model' in source ? source.model : source.data
    const text = readFileSync(file, 'utf8')
    return { source, name: basename(file), ...('data' in source && { text }), sha256: await sha256Of(text), hidden }
  }
  return bundledSpec(source, hidden, (file) => readFileSync(new URL(`../datasets/${file}`, import.meta.url), 'utf8'))
}

/** Runs `body`, and prefixes its errors with the file's name. */
export async function namingFile<T>(source: Source, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (error instanceof DownhillError && 'data' in source) throw new DownhillError(error.code, `${source.data}: ${error.message}`)
    if (!(error instanceof DownhillError) && 'model' in source) throw new DownhillError('data-invalid', `${source.model}: ${error}`)
    throw error
  }
}

/** Reads the table, or the bundled data set. */
export async function readData(values: DataValues): Promise<{ data: Dataset; sha256: string }> {
  const source = sourceOf(values)
  const spec = await readSpec(source, 0)
  const data = await namingFile(source, () => datasetOf(spec))
  check(data !== undefined, 'option-range', () => `--problem ${spec.name} has no rows to train on; use downhill compare`)
  return { data, sha256: spec.sha256 }
}
