/** Options of commands that train: data, their split, and the size of the model. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { bundledSpec, datasetOf, HIDDEN, type ProblemSpec, sha256Of } from '../compare/bundled.ts'
import type { Source, TableSource } from '../compare/report.ts'
import { failure } from '../io/files.ts'
import type { Dataset } from '../tables/dataset.ts'
import type { Architecture } from '../tables/perceptron.ts'
import { decodeTable } from '../tables/text.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { naming } from '../validation/naming.ts'

const text = { type: 'string' } as const

/** Options for `parseArgs`. */
export const dataOptions = {
  ...{ problem: text, data: text, target: text, task: text, group: text, split: text, hidden: text, dropout: text },
  'no-header': { type: 'boolean' },
} as const

/** Options that a checkpoint or a receipt determines. */
export const DETERMINED = ['problem', 'target', 'task', 'group', 'split', 'no-header', 'hidden', 'dropout'] as const

/** Lines of the commands' usage about tables. */
export const tableUsage = `--data FILE            your own table: CSV, TSV, JSON, JSON lines or Parquet, also gzip-compressed
  --target COLUMN        the column to predict
  --task TASK            classification or regression (default: inferred from the target)
  --no-header            the file has no header line; its columns are called column 1, column 2 …
  --group COLUMN         keeps rows with the same value in this column on one side of the split
  --split time COLUMN    trains on the earliest rows and tests on the latest
  --hidden N[,N…]        units of each hidden layer (default ${HIDDEN})
  --dropout P            probability of zeroing a hidden unit during training (default 0)`

/** Values of these options. */
export interface DataValues {
  readonly problem?: string | undefined
  readonly data?: string | undefined
  readonly target?: string | undefined
  readonly task?: string | undefined
  readonly group?: string | undefined
  readonly split?: string | undefined
  readonly hidden?: string | undefined
  readonly dropout?: string | undefined
  readonly 'no-header'?: boolean | undefined
}

/** Returns the value of an integer option; undefined if it was not given. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  check(text === undefined || /^\d+$/.test(text), 'option-range', () => `--${name} must be an integer, got ${shown(text)}`)
  return text === undefined ? undefined : Number(text)
}

/** Returns the size of the model. */
export function architectureOf({ hidden, dropout }: DataValues): Required<Architecture> {
  const isList = hidden === undefined || /^\d+(,\d+)*$/.test(hidden)
  check(isList, 'option-range', () => `--hidden must be integers separated by commas, got ${shown(hidden)}`)
  const layers = hidden?.split(',').map(Number) ?? [HIDDEN]
  const p = Number(dropout ?? 0)
  check(dropout?.trim() !== '' && p >= 0 && p < 1, 'option-range', () => `--dropout must be a number in [0, 1), got ${shown(dropout)}`)
  return { hidden: layers.length > 1 ? layers : layers[0]!, dropout: p }
}

/** Joins the two words of `--split time COLUMN`, because `parseArgs` gives an option one value. */
export function joinSplit(args: readonly string[]): string[] {
  const at = args.findIndex((arg) => arg === '--split' || arg === '--split=time')
  const words = args[at] === '--split' ? 2 : 1
  if (at < 0 || (words === 2 && args[at + 1] !== 'time') || args[at + words] === undefined) return [...args]
  return [...args.slice(0, at), '--split', `time ${args[at + words]}`, ...args.slice(at + words + 1)]
}

/** Returns the data source that a command's options name. */
export function sourceOf(values: DataValues): Source {
  const { problem, data, target, task, group, split } = values
  if (data === undefined) {
    for (const [name, value] of Object.entries({ target, task, group, split, 'no-header': values['no-header'] }))
      check(value === undefined, 'option-range', `--${name} needs --data`)
    return { problem: problem ?? 'digits' }
  }
  check(problem === undefined, 'option-range', '--problem and --data cannot be combined')
  check(target !== undefined, 'option-range', '--data needs --target, the column to predict')
  const isTask = task === undefined || task === 'classification' || task === 'regression'
  check(isTask, 'option-range', () => `--task must be classification or regression, got ${shown(task)}`)
  const [, time] = split?.match(/^time (.+)$/s) ?? []
  check(split === undefined || time !== undefined, 'option-range', () => `--split must be time COLUMN, got ${shown(split)}`)
  check(group === undefined || time === undefined, 'option-range', '--group and --split cannot be combined')
  // Without a header, a column may be named by its number alone.
  const column = (name: string) => (values['no-header'] && /^\d+$/.test(name) ? `column ${name}` : name)
  return {
    data,
    target: column(target),
    ...(task && { task }),
    ...(values['no-header'] && { header: false }),
    ...(group !== undefined && { group: column(group) }),
    ...(time !== undefined && { time: column(time) }),
  } as TableSource
}

/** Reads the bytes of a file. */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw failure(`${file} cannot be read`, error)
  }
}

/** Reads a data source. */
export async function readSpec(source: Source, architecture: Architecture): Promise<ProblemSpec> {
  if ('model' in source) return { source, name: basename(source.model), sha256: await sha256Of(readBytes(source.model)), ...architecture }
  if ('data' in source) {
    const bytes = readBytes(source.data)
    const decoded = await naming(source.data, () => decodeTable(bytes))
    return { source, name: basename(source.data), ...decoded, sha256: await sha256Of(bytes), ...architecture }
  }
  return bundledSpec(source, architecture, (file) => readFileSync(new URL(`../datasets/${file}`, import.meta.url), 'utf8'))
}

/** Runs `body`, and prefixes its errors with the file's name. */
export async function namingFile<T>(source: Source, body: () => T | Promise<T>): Promise<T> {
  if ('data' in source) return naming(source.data, body)
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof DownhillError) && 'model' in source) throw new DownhillError('data-invalid', `${source.model}: ${error}`)
    throw error
  }
}

/** Reads the table, or the bundled data set. */
export async function readData(source: Source): Promise<{ data: Dataset; sha256: string }> {
  const spec = await readSpec(source, { hidden: HIDDEN })
  const data = await namingFile(source, () => datasetOf(spec))
  check(data !== undefined, 'option-range', () => `--problem ${spec.name} has no rows to train on; use downhill compare`)
  return { data, sha256: spec.sha256 }
}
