/** `downhill conformance PATH…` */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Case, isCase } from '../conformance/format.ts'
import { type Outcome, runCase } from '../conformance/run.ts'
import { DownhillError } from '../errors.ts'

const usage = `downhill conformance PATH…   run case files, or all in a folder, and compare with the numbers in them

  --emit DIR    write what was computed, passed or not, to DIR/NAME.DTYPE.json
  --only GLOB   only cases whose name fits, as in 'adam*'
  --json        print one JSON document instead of lines
`

/** The case files at a path, by name; files in a folder that are no cases are passed over. */
function casesAt(path: string): Case[] {
  const fail = (why: string) => new DownhillError('data-invalid', `${path}: ${why}`)
  const parse = (file: string): unknown => {
    try {
      return JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      return undefined
    }
  }
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) throw fail('there is no such file or folder')
  if (!stats.isDirectory()) {
    const test = parse(path)
    if (!isCase(test)) throw fail('this is no case file')
    return [test]
  }
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => parse(join(path, name)))
    .filter(isCase)
}

/** * and ? in a name. */
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
  const cases = positionals.flatMap(casesAt).filter(({ name }) => fits(values.only ?? '*')(name))
  if (!cases.length) throw new DownhillError('data-invalid', `no cases in ${positionals.join(', ')}`)
  if (values.emit) mkdirSync(values.emit, { recursive: true })
  const outcomes: Outcome[] = []
  for (const test of cases) {
    for (const outcome of await runCase(test)) {
      outcomes.push(outcome)
      if (values.emit && outcome.result) {
        writeFileSync(join(values.emit, `${outcome.name}.${outcome.dtype}.json`), JSON.stringify(outcome.result))
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
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}
