/** A comparison under way: runs in threads, kept as they come, so that an interruption loses none. */
import { join } from 'node:path'
import type { Arena } from '../arena.ts'
import type { ProblemSpec } from '../compare/bundled.ts'
import { contestantsOf } from '../compare/contestants.ts'
import type { Problem } from '../compare/problem.ts'
import { compare, type Progress, protocolOf } from '../compare/protocol.ts'
import type { Report } from '../compare/report.ts'
import type { Run, RunSpec } from '../compare/run.ts'
import { progressBar } from './bar.ts'
import { writeAll } from './files.ts'
import { makePool } from './pool.ts'
import type { Asked, Unfinished } from './receipt.ts'
import { shownMetric } from './report/terminal.ts'
import { version } from './version.ts'

/** What an interrupted comparison leaves in its folder. */
export const UNFINISHED = 'unfinished.json'

/** Milliseconds between looks at whether there are runs to keep. */
const SAVE_EVERY = 5000

/** What is to be done, of the options or of a receipt. */
export interface Order extends Omit<Asked, 'sha256'> {
  readonly spec: ProblemSpec
  readonly problem: Problem
  readonly workers: number
}

/** Runs what is not known yet, and makes the report. */
export async function runComparison(
  { spec, source, problem, settings, command, workers, runs }: Order,
  arena: Arena,
  out: string,
): Promise<Report> {
  const facts = { ...problem.facts, source }
  const known = new Map(runs.map(([task, run]) => [JSON.stringify(task), { task, run }]))
  const missing = contestantsOf(settings.optimizers).length * (settings.trials + settings.seeds) - known.size
  const pool = makePool(spec, Math.max(1, Math.min(workers, missing)))
  const execute = async (task: RunSpec): Promise<Run> => {
    const key = JSON.stringify(task)
    const found = known.get(key)
    if (found) return found.run
    const run = await pool.execute(task)
    known.set(key, { task, run })
    return run
  }
  const bar = progressBar()
  const about = { format: 1 as const, version, runtime: runtimeName(), command }
  let kept = known.size
  const keep = () => {
    kept = known.size
    const unfinished: Unfinished = {
      ...about,
      problem: facts,
      protocol: protocolOf(problem, settings),
      optimizers: settings.optimizers,
      runs: [...known.values()].map(({ task, run }) => [task, run] as const),
    }
    writeAll(out, { [UNFINISHED]: JSON.stringify(unfinished) })
  }
  // What is lost to a power cut or a kill is at most what the last seconds brought.
  const timer = setInterval(() => known.size > kept && keep(), SAVE_EVERY)
  const interrupt = () => {
    bar.stop()
    keep()
    process.stdout.write(`\nstopped after ${known.size} runs; to go on: downhill compare --resume ${join(out, UNFINISHED)} --out ${out}\n`)
    process.exit(130)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const show = ({ done, total, leader }: Progress) =>
    bar.show(done, total, leader ? `best so far: ${leader.label} ${shownMetric(problem.metric, leader.value)}` : '')
  try {
    const outcome = await compare(arena, problem, settings, execute, show)
    return { ...about, ...outcome, problem: facts }
  } finally {
    clearInterval(timer)
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    bar.stop()
    await pool.stop()
    arena.dispose()
  }
}

/** What runs this: 'Node 24.1.0'. */
function runtimeName(): string {
  const { deno, bun, node } = process.versions
  if (deno) return `Deno ${deno}`
  return bun ? `Bun ${bun}` : `Node ${node}`
}
