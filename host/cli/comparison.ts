/** Executes a comparison in threads, and stores completed runs so that an interruption loses none. */
import { join } from 'node:path'
import type { ProblemSpec } from '../compare/bundled.ts'
import { contestantsOf } from '../compare/contestants.ts'
import type { Problem } from '../compare/problem.ts'
import { compare, type Progress } from '../compare/protocol.ts'
import { type Asked, Kept } from '../compare/receipt.ts'
import type { Report } from '../compare/report.ts'
import type { Arena } from '../memory/arena.ts'
import { shownMetric } from '../report/terminal.ts'
import { progressBar } from './bar.ts'
import { writeAll } from './files.ts'
import { startThreads } from './pool.ts'
import { version } from './version.ts'

/** File with the state of an interrupted comparison. */
export const UNFINISHED = 'unfinished.json'

/** Milliseconds between checks for new runs to store. */
const SAVE_EVERY = 5000

/** Settings from the options or from a receipt. */
export interface Order extends Omit<Asked, 'sha256' | 'name'> {
  readonly spec: ProblemSpec
  readonly problem: Problem
  readonly workers: number
}

/** Executes the missing runs, and creates the report. */
export async function runComparison(
  { spec, source, problem, settings, command, workers, runs }: Order,
  arena: Arena,
  out: string,
): Promise<Report> {
  const kept = new Kept(runs)
  const missing = contestantsOf(settings.optimizers).length * (settings.trials + settings.seeds) - kept.size
  const { pool, stop } = startThreads(spec, Math.max(1, Math.min(workers, missing)))
  const bar = progressBar()
  const about = { format: 1 as const, version, runtime: runtimeName(), command }
  let written = kept.size
  const keep = () => {
    written = kept.size
    writeAll(out, { [UNFINISHED]: JSON.stringify(kept.unfinished(about, problem, source, settings)) })
  }
  // A power failure or a kill loses at most the last seconds.
  const timer = setInterval(() => kept.size > written && keep(), SAVE_EVERY)
  const interrupt = () => {
    bar.stop()
    keep()
    process.stdout.write(
      `\nstopped after ${kept.size} runs; resume with: downhill compare --resume ${join(out, UNFINISHED)} --out ${out}\n`,
    )
    process.exit(130)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const show = ({ done, total, leader }: Progress) =>
    bar.show(done, total, leader ? `best so far: ${leader.label} ${shownMetric(problem.metric, leader.value)}` : '')
  try {
    const outcome = await compare(
      arena,
      problem,
      settings,
      kept.around((run) => pool.execute(run)),
      show,
    )
    return { ...about, ...outcome, problem: { ...problem.facts, source } }
  } finally {
    clearInterval(timer)
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    bar.stop()
    await stop()
    arena.dispose()
  }
}

/** Returns the name of the runtime: 'Node 24.1.0'. */
function runtimeName(): string {
  const { deno, bun, node } = process.versions
  if (deno) return `Deno ${deno}`
  return bun ? `Bun ${bun}` : `Node ${node}`
}
