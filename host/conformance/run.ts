/** Runs cases of any kind, in any runtime. */
import type { Arena } from '../memory/arena.ts'
import { DownhillError } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { averagingKind } from './averaging.ts'
import { clipKind } from './clip.ts'
import type { Beside, Case, Kind, Result } from './format.ts'
import { readInputs, written } from './format.ts'
import { functionKind } from './function.ts'
import { Judge, type Worst } from './judge.ts'
import { optimizerKind } from './optimizer.ts'
import { schedulerKind } from './scheduler.ts'
import { torchFileKind } from './torch-file.ts'
import { trainingKind } from './training.ts'
import { validationKind } from './validation.ts'

const kinds: Readonly<Record<string, Kind<never>>> = {
  averaging: averagingKind,
  clip: clipKind,
  function: functionKind,
  optimizer: optimizerKind,
  scheduler: schedulerKind,
  'torch-file': torchFileKind,
  training: trainingKind,
  validation: validationKind,
}

/** Result of a case in one element type. */
export interface Outcome {
  readonly name: string
  readonly kind: string
  readonly dtype: FloatType
  readonly passed: boolean
  /** The comparison nearest to its limit, or furthest beyond. */
  readonly worst: Worst
  /** The computed values, as a result file stores them; undefined if there are none. */
  readonly result?: Result
  /** Files written with it. */
  readonly files?: ReadonlyMap<string, Uint8Array>
}

/** Reads a file beside a case. */
export type ReadBeside = (name: string) => Uint8Array

const nothingBeside: ReadBeside = (name) => {
  throw new DownhillError('data-invalid', `the case needs the file ${name} beside it`)
}

/**
 * Runs a case in each element type that it defines, each in an arena from `newArena`. A case without `expected` fails only if it cannot run.
 *
 * @param release is called with each arena afterwards
 */
export async function runCase(
  test: Case,
  newArena: () => Promise<Arena>,
  read: ReadBeside = nothingBeside,
  release = (arena: Arena) => arena.dispose(),
): Promise<Outcome[]> {
  const { name, kind } = test
  const runner = Object.hasOwn(kinds, kind) ? (kinds[kind] as Kind) : undefined
  const failed = (dtype: FloatType, what: string): Outcome => ({
    name,
    kind,
    dtype,
    passed: false,
    worst: { what, error: Number.POSITIVE_INFINITY, limit: 0 },
  })
  if (!runner) return [failed('float64', `the kind ${kind} is not supported`)]
  const { expected, ...given } = test
  const inputs = readInputs(given) as Case
  const outcomes: Outcome[] = []
  for (const dtype of runner.dtypes) {
    const files = new Map<string, Uint8Array>()
    const beside: Beside = { read, emit: (file, bytes) => void files.set(file, bytes), emitted: (file) => files.get(file)! }
    const arena = await newArena()
    try {
      const result = written(runner.run(arena, inputs, dtype, beside)) as Result
      const judge = new Judge()
      if (expected) runner.judge(inputs, dtype, result, expected, judge, beside)
      outcomes.push({ name, kind, dtype, passed: judge.passed, worst: judge.worst, result, files })
    } catch (error) {
      outcomes.push(failed(dtype, reason(error)))
    } finally {
      release(arena)
    }
  }
  return outcomes
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof TypeError ? `the case could not run; a field may be missing. ${message}` : message
}
