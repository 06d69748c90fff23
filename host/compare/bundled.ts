/** Problems by name: data that ship with downhill, and classical functions. */
import { check, DownhillError, shown } from '../validation/errors.ts'
import { type Dataset, makeDataset } from './dataset.ts'
import { type OwnModel, ownProblem } from './own-model.ts'
import type { Problem } from './problem.ts'
import type { Source } from './report.ts'
import { characters, rowsProblem, wordsOf } from './rows.ts'
import { beale, himmelblau, quadratic, rastrigin, rosenbrock, surfaceProblem } from './surfaces.ts'
import { readTable } from './table.ts'

/** A file of datasets/, and what is learned from its text. */
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
    summary: '442 patients, and how far their diabetes went in a year',
    make: (text, name) => makeDataset(readTable(text), { name, target: 'progression' }),
  },
  verses: {
    file: 'kjv.tsv',
    summary: '2,198 verses as the words they have, and the book they are from',
    make: (text, name) => {
      const { columns, ...rest } = readTable(text)
      const kept = columns.filter((column) => column.name === 'book' || column.name === 'text')
      // Words that no training verse has are left out, and that is nothing to tell.
      return { ...makeDataset(wordsOf({ ...rest, columns: kept }, 'text'), { name, target: 'book' }), notes: [] }
    },
  },
  characters: {
    file: 'kjv.tsv',
    summary: 'the same text, of which the next character is to be told',
    make: (text, name) => {
      const verses = readTable(text).columns.find((column) => column.name === 'text')
      const { categories, codes } = verses as { categories: readonly string[]; codes: Int32Array }
      return characters(Array.from(codes, (code) => categories[code]).join('\n'), name)
    },
  },
}

const surfaces = { quadratic: undefined, rosenbrock, beale, himmelblau, rastrigin }

/** Condition number of the quadratic where none is given. */
export const CONDITION = 10_000

/** Names of all bundled problems, with what they are. */
export const problems: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(tables).map(([name, { summary }]) => [name, summary])),
  quadratic: 'a bowl in ten dimensions, steep in some and flat in others',
  rosenbrock: "Rosenbrock's bent valley",
  beale: "Beale's function",
  himmelblau: "Himmelblau's function with four minima",
  rastrigin: "Rastrigin's function full of dents",
}

/** The file of datasets/ that a bundled problem is made from, if any. */
export function fileOf(name: string): string | undefined {
  check(Object.hasOwn(problems, name), 'option-range', () => `--problem is one of ${Object.keys(problems).join(', ')}, not ${shown(name)}`)
  return tables[name]?.file
}

/** All that a problem is made from, as plain values: a worker is sent it. */
export interface ProblemSpec {
  readonly source: Source
  /** What the report calls it. */
  readonly name: string
  /** Of the table or text; of a function, undefined. */
  readonly text?: string
  readonly sha256: string
  /** Units of the hidden layer, of problems that have one. */
  readonly hidden: number
}

/** Units of the hidden layer where none are given. */
export const HIDDEN = 32

/** SHA-256 of a text, in hexadecimal digits. */
export async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What a bundled problem is made from; `read` gives the text of a file of datasets/. */
export async function bundledSpec(
  source: Extract<Source, { problem: string }>,
  hidden: number,
  read: (file: string) => string | Promise<string>,
): Promise<ProblemSpec> {
  const file = fileOf(source.problem)
  const text = file && (await read(file))
  return { source, name: source.problem, ...(text && { text }), sha256: await sha256Of(text ?? JSON.stringify(source)), hidden }
}

/** The rows of a problem that has some. */
export function datasetOf({ source, name, text = '' }: ProblemSpec): Dataset | undefined {
  if ('data' in source) {
    const { target, task } = source
    return makeDataset(readTable(text), { name, target, ...(task && { task }) })
  }
  return 'problem' in source ? tables[source.problem]?.make(text, name) : undefined
}

/** What there is instead of an import where no file can be imported. */
export async function refuseModel(): Promise<never> {
  throw new DownhillError('option-range', 'a model of your own is for downhill compare on the command line')
}

/**
 * Makes a problem.
 *
 * @param load imports the file of a model of one's own; without it there are none
 * @throws `data-invalid`, `option-range`
 */
export async function makeProblem(spec: ProblemSpec, load: (file: string) => Promise<Partial<OwnModel>> = refuseModel): Promise<Problem> {
  const { source, name, sha256, hidden } = spec
  if ('model' in source) return ownProblem(await load(source.model), name, sha256)
  const data = datasetOf(spec)
  if (data) {
    check(hidden > 0 && hidden <= 65_536, 'option-range', () => `hidden is a whole number from 1 to 65536, not ${shown(hidden)}`)
    return rowsProblem(data, sha256, hidden)
  }
  const { problem, condition = CONDITION } = source as { problem: string; condition?: number }
  const surface = surfaces[problem as keyof typeof surfaces] ?? quadratic(condition)
  return surfaceProblem(surface, sha256)
}
