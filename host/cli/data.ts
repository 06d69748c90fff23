/** The options of commands that train: which data, and numbers. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type Dataset, makeDataset, type Task } from '../compare/dataset.ts'
import { readTable } from '../compare/table.ts'
import { check, DownhillError, shown } from '../errors.ts'

/** For `parseArgs`. */
export const dataOptions = {
  problem: { type: 'string' },
  data: { type: 'string' },
  target: { type: 'string' },
  task: { type: 'string' },
} as const

/** The values of these options. */
export interface DataValues {
  readonly problem?: string | undefined
  readonly data?: string | undefined
  readonly target?: string | undefined
  readonly task?: string | undefined
}

/** The value of an option that is a whole number; undefined if it was not given. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  check(text === undefined || /^\d+$/.test(text), 'option-range', () => `--${name} is a whole number, not ${shown(text)}`)
  return text === undefined ? undefined : Number(text)
}

const bundled = { digits: { file: 'digits.csv', target: 'digit', divisor: 16 } }

/** Reads the table, or the bundled one. */
export async function readData(values: DataValues): Promise<{ data: Dataset; sha256: string }> {
  const { data: file, target, task, problem = 'digits' } = values
  if (file === undefined) {
    for (const name of ['target', 'task'] as const) check(values[name] === undefined, 'option-range', `--${name} goes with --data`)
    check(Object.hasOwn(bundled, problem), 'option-range', () => `--problem is ${Object.keys(bundled).join(' or ')}, not ${shown(problem)}`)
    const { file: name, ...options } = bundled[problem as keyof typeof bundled]
    const text = readFileSync(new URL(`../datasets/${name}`, import.meta.url), 'utf8')
    return { data: makeDataset(readTable(text), { name: problem, ...options }), sha256: await sha256Of(text) }
  }
  check(values.problem === undefined, 'option-range', '--problem and --data exclude each other')
  check(target !== undefined, 'option-range', '--data needs --target, the column to predict')
  check(
    task === undefined || task === 'classification' || task === 'regression',
    'option-range',
    () => `--task is classification or regression, not ${shown(task)}`,
  )
  const text = readFileSync(file, 'utf8')
  try {
    const data = makeDataset(readTable(text), { name: basename(file), target, ...(task && { task: task as Task }) })
    return { data, sha256: await sha256Of(text) }
  } catch (error) {
    if (error instanceof DownhillError) throw new DownhillError(error.code, `${file}: ${error.message}`)
    throw error
  }
}

async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
