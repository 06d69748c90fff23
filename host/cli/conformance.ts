/** `downhill conformance PATH…` */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Case, isCase } from '../conformance/format.ts'
import { type Outcome, type ReadBeside, runCase } from '../conformance/run.ts'
import { Arena } from '../memory/arena.ts'
import { check, DownhillError, shown } from '../validation/errors.ts'
import { wholeNumber } from './data.ts'
import { checkFolder } from './files.ts'

const usage = `downhill conformance PATH…   run case files or folders of them, and compare the results with the recorded numbers

  --emit DIR    write the results, passed or not, to DIR/NAME.DTYPE.json, and files of kind torch-file
  --only GLOB   run only cases whose name matches, as in 'adam*'
  --threads N   compute with N threads, in one arena for all cases, and divide even the shortest computations
  --json        print one JSON document instead of lines
`

/** A case's name is also the file name of its result. */
const NAME = /^[^/\\\0]{1,200}$/

function readCase(file: string): Case | string {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    return `${file}: not JSON (${(error as Error).message})`
  }
  if (!isCase(value)) return `${file}: not a case of format 1`
  return NAME.test(value.name) && !value.name.startsWith('.')
    ? value
    : `${file}: a case's name must be a file name, got ${shown(value.name)}`
}

/** A case and its folder. */
interface Found {
  readonly test: Case
  readonly folder: string
}

/** Returns a function that reads files beside a case, and no others. */
function readBeside(folder: string): ReadBeside {
  return (name) => {
    const isName = typeof name === 'string' && NAME.test(name) && !name.startsWith('.')
    check(isName, 'data-invalid', () => `a file beside the case must have a plain name, got ${shown(name)}`)
    return readFileSync(join(folder, name))
  }
}

/** Returns the case files at a path, by name. Skips other files in a folder with a note on stderr. */
function casesAt(path: string): Found[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw new DownhillError('data-invalid', `${path}: no such file or folder`)
  const files = stats.isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name)) : [path]
  const cases: Found[] = []
  for (const file of files.filter((name) => name === path || name.endsWith('.json')).sort()) {
    const found = readCase(file)
    if (typeof found !== 'string') cases.push({ test: found, folder: dirname(file) })
    else if (file === path) throw new DownhillError('data-invalid', found)
    else process.stderr.write(`skipped ${found}\n`)
  }
  return cases
}

/** Converts * and ? in a name to a regular expression. */
function fits(glob: string): (name: string) => boolean {
  const pattern = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return (name) => new RegExp(`^${pattern}$`).test(name)
}

const short = (x: number) => (x === 0 ? '0' : x.toExponential(1))

function line({ name, dtype, passed, worst }: Outcome): string {
  const detail = worst.what && (!passed || worst.error > 0) ? `${worst.what}: ${short(worst.error)}, limit ${short(worst.limit)}` : ''
  return `${passed ? 'ok  ' : 'FAIL'} ${name} ${dtype}  ${detail}`.trimEnd()
}

export async function conformanceCommand(args: string[]): Promise<number> {
  const { values, positionals } = parse(args)
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  if (!positionals.length) throw new DownhillError('data-invalid', `no path given\n\n${usage}`)
  const { emit, only = '*' } = values
  const crowd = await crowded(wholeNumber('threads', values.threads) ?? 1)
  if (emit !== undefined) checkFolder(emit, [])
  const found = positionals.flatMap(casesAt)
  if (!found.length) throw new DownhillError('data-invalid', `no cases in ${positionals.join(', ')}`)
  const cases = found.filter(({ test }) => fits(only)(test.name))
  if (!cases.length) {
    const names = found.slice(0, 5).map(({ test }) => test.name)
    throw new DownhillError(
      'data-invalid',
      `none of the ${found.length} cases matches ${shown(only)}; there are ${names.join(', ')}${found.length > 5 ? ', …' : ''}`,
    )
  }
  if (emit !== undefined) mkdirSync(emit, { recursive: true })
  const outcomes: Outcome[] = []
  for (const { test, folder } of cases) {
    const run = crowd
      ? runCase(
          test,
          async () => crowd,
          readBeside(folder),
          () => {},
        )
      : runCase(test, () => Arena.create(), readBeside(folder))
    for (const outcome of await run) {
      outcomes.push(outcome)
      if (emit !== undefined && outcome.result) {
        writeFileSync(join(emit, `${outcome.name}.${outcome.dtype}.json`), JSON.stringify(outcome.result))
        for (const [file, bytes] of outcome.files ?? []) writeFileSync(join(emit, file), bytes)
      }
      if (!values.json) process.stdout.write(`${line(outcome)}\n`)
    }
  }
  const passed = outcomes.filter((outcome) => outcome.passed).length
  const failed = outcomes.length - passed
  if (values.json) {
    const list = outcomes.map(({ name, kind, dtype, passed, worst }) => ({ name, kind, dtype, passed, worst: finite(worst) }))
    process.stdout.write(`${JSON.stringify({ passed, failed, cases: list })}\n`)
  } else {
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
  }
  return failed ? 1 : 0
}

/** Returns an arena with threads that divide even the shortest computations; undefined for one thread. */
async function crowded(threads: number): Promise<Arena | undefined> {
  if (threads === 1) return undefined
  const arena = await Arena.create({ threads })
  arena.crew!.divideFrom(1)
  return arena
}

/** JSON has no Infinity. */
function finite(worst: Outcome['worst']) {
  return { ...worst, error: Number.isFinite(worst.error) ? worst.error : 'Infinity' }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      emit: { type: 'string' },
      only: { type: 'string' },
      threads: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}
