/** Trains a model on a table with the defaults of `downhill train`. */
import { datasetOf } from '../../host/compare/bundled.ts'
import type { TableSource } from '../../host/compare/report.ts'
import { METRICS } from '../../host/compare/rows.ts'
import { saveRun } from '../../host/compare/saved-run.ts'
import { shownMetric } from '../../host/compare/shown.ts'
import { Training, trainingSettings } from '../../host/compare/training.ts'
import { Arena } from '../../host/memory/arena.ts'
import { baselinesLine } from '../../host/report/terminal.ts'
import { trainedLines } from '../../host/report/trained.ts'
import { baselinesOf } from '../../host/tables/baselines.ts'
import { obstacle } from '../../host/threads/start.ts'
import { naming } from '../../host/validation/naming.ts'
import type { OwnTable } from '../table.ts'
import type { Tell, Trained } from './messages.ts'
import { shownScores } from './scores.ts'

/** Milliseconds between progress messages, after which the worker hears a cancel. */
const TELL_EVERY = 100

/** Lets messages to the worker arrive. */
const messages = () => new Promise((resolve) => setTimeout(resolve, 0))

/** A training run to cancel. */
export interface Running {
  isCanceled: boolean
}

/** Returns the number of threads as text, with the reason if the page can have only one. */
function threadsOf({ threads }: Arena): string {
  if (threads > 1) return `${threads} threads`
  const reason = obstacle()
  return reason ? `1 thread: ${reason}` : '1 thread'
}

/** Returns the checkpoint and the scores; undefined if the run was canceled. */
export async function train(
  table: OwnTable,
  source: TableSource,
  running: Running,
  tell: (message: Tell) => void,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly trained: Trained } | undefined> {
  const { name, text, notes, sha256 } = table
  const data = (await naming(name, () => datasetOf({ source, name, text, notes, sha256, hidden: 0 })))!
  const arena = await Arena.create({ threads: 'auto' })
  const threads = threadsOf(arena)
  tell({ tell: 'begun', threads, notes: data.notes })
  try {
    const training = new Training(arena, data, trainingSettings(data.split.train.length))
    const metric = METRICS[data.task]
    let last = performance.now()
    for (const loss of training.steps()) {
      if (performance.now() - last < TELL_EVERY) continue
      const { step, curve } = training.progress
      const held = curve.length ? `, ${metric} on validation rows ${shownMetric(metric, curve.at(-1)![2])}` : ''
      tell({ tell: 'progress', step, total: training.totalSteps, text: `loss ${loss.toPrecision(3)}${held}` })
      await messages()
      if (running.isCanceled) return undefined
      last = performance.now()
    }
    tell({ tell: 'progress', step: training.totalSteps, total: training.totalSteps, text: 'computing the baselines' })
    const { target } = data.coding!
    const [about, test] = trainedLines(training, data)
    const scores = shownScores(training.scores()!, target.name, data.classes)
    const baselines = baselinesLine(metric, baselinesOf(arena, data))
    await messages()
    if (running.isCanceled) return undefined
    return {
      bytes: saveRun(training, { source, sha256 }),
      trained: { about, threads, notes: data.notes, scores: { ...scores, lines: [test, baselines, ...scores.lines] } },
    }
  } finally {
    arena.dispose()
  }
}
