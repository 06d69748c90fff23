/** Bundled problems by name: data sets and classical functions. */

import { type Dataset, makeDataset } from '../tables/dataset.ts'
import { type Architecture, checkArchitecture } from '../tables/perceptron.ts'
import { readTable } from '../tables/table.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { type OwnModel, ownProblem } from './own-model.ts'
import type { Problem } from './problem.ts'
import type { Source } from './report.ts'
import { characters, rowsProblem, wordsOf } from './rows.ts'
import { beale, himmelblau, quadratic, rastrigin, rosenbrock, surfaceProblem } from './surfaces.ts'

/** A file of datasets/, and the task on its text. */
interface Bundled {
  readonly file: string
  readonly summary: string
  make(text: string, name: string): Dataset
}

const tables: Readonly<Record<string, Bundled>> = {
  digits: {
    file: 'digits.csv',
    summary: '1,797 handwritten digits of 8 × 8 pixels',
    make: (text, name) => makeDataset(readTable(text), { name, target: 'digit', task: 'classification', divisor: 16 }),
  },
  diabetes: {
    file: 'diabetes.csv',
    summary: '442 patients and the progression of their diabetes in a year',
    make: (text, name) => makeDataset(readTable(text), { name, target: 'progression' }),
  },
  verses: {
    file: 'kjv.tsv',
    summary: '2,198 verses as bags of words, and the book each is from',
    make: (text, name) => {
      const { columns, ...rest } = readTable(text)
      const kept = columns.filter((column) => column.name === 'book' || column.name === 'text')
      // Words that occur in no training verse are dropped without a note. Word columns are not columns of the file, so the coding is dropped too.
      const { coding: _, ...data } = makeDataset(wordsOf({ ...rest, columns: kept }, 'text'), { name, target: 'book' })
      return { ...data, notes: [] }
    },
  },
  characters: {
    file: 'kjv.tsv',
    summary: 'the same text: predict the next character',
    make: (text, name) => {
      const verses = readTable(text).columns.find((column) => column.name === 'text')
      const { categories, codes } = verses as { categories: readonly string[]; codes: Int32Array }
      return characters(Array.from(codes, (code) => categories[code]).join('\n'), name)
    },
  },
}

const surfaces = { quadratic: undefined, rosenbrock, beale, himmelblau, rastrigin }

/** Default condition number of the quadratic. */
export const CONDITION = 10_000

/** Names of all bundled problems, with a summary. */
export const problems: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(tables).map(([name, { summary }]) => [name, summary])),
  quadratic: 'an ill-conditioned quadratic bowl in ten dimensions',
  rosenbrock: "Rosenbrock's curved valley",
  beale: "Beale's function",
  himmelblau: "Himmelblau's function with four minima",
  rastrigin: "Rastrigin's function with many local minima",
}

/** Returns the file of datasets/ that a bundled problem reads, if any. */
export function fileOf(name: string): string | undefined {
  check(Object.hasOwn(problems, name), 'option-range', () => `--problem must be ${Object.keys(problems).join(', ')}, got ${shown(name)}`)
  return tables[name]?.file
}

/** Source of a problem as plain values, which can be sent to a worker. */
export interface ProblemSpec {
  readonly source: Source
  /** Name in the report. */
  readonly name: string
  /** The table or text; undefined for a function. */
  readonly text?: string
  /** Notes on how the file was decoded. */
  readonly notes?: readonly string[]
  /** Hash of the file; for a function, of its name and options. */
  readonly sha256: string
  /** Units of the hidden layer, or of each, if the problem has one. */
  readonly hidden: Architecture['hidden']
  /** Probability of dropout. Default 0. */
  readonly dropout?: number
}

/** Default number of hidden units. */
export const HIDDEN = 32

/** Returns the SHA-256 of bytes, or of a text in UTF-8, in hexadecimal. */
export async function sha256Of(data: Uint8Array | string): Promise<string> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Returns the source of a bundled problem. `read` returns the text of a file of datasets/. */
export async function bundledSpec(
  source: Extract<Source, { problem: string }>,
  architecture: Architecture,
  read: (file: string) => string | Promise<string>,
): Promise<ProblemSpec> {
  const file = fileOf(source.problem)
  const text = file && (await read(file))
  return { source, name: source.problem, ...(text && { text }), sha256: await sha256Of(text ?? JSON.stringify(source)), ...architecture }
}

/** Returns the rows of a problem; undefined for a function. */
export function datasetOf({ source, name, text = '', notes = [] }: ProblemSpec): Dataset | undefined {
  if ('data' in source) {
    const { data: _, header = true, ...options } = source
    const table = readTable(text, { header })
    return makeDataset({ ...table, notes: [...notes, ...table.notes] }, { name, ...options })
  }
  return 'problem' in source ? tables[source.problem]?.make(text, name) : undefined
}

/** Replaces the import in runtimes that cannot import files. */
export async function refuseModel(): Promise<never> {
  throw new DownhillError('option-range', '--model needs the command line: this runtime cannot import a file')
}

/**
 * Creates a problem from its source.
 *
 * @param load imports the file of a custom model; by default there are none
 * @throws `data-invalid`, `option-range`
 */
export async function makeProblem(spec: ProblemSpec, load: (file: string) => Promise<Partial<OwnModel>> = refuseModel): Promise<Problem> {
  const { source, name, sha256, hidden, dropout = 0 } = spec
  if ('model' in source) return ownProblem(await load(source.model), name, sha256)
  const data = datasetOf(spec)
  if (data) {
    checkArchitecture('compare', { hidden, dropout })
    return rowsProblem(data, sha256, { hidden, dropout })
  }
  const { problem, condition = CONDITION } = source as { problem: string; condition?: number }
  const surface = surfaces[problem as keyof typeof surfaces] ?? quadratic(condition)
  return surfaceProblem(surface, sha256)
}
