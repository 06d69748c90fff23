/** A thread of `downhill compare`: it has the problem in an arena of its own, and answers each task with a run. */
import { parentPort, workerData } from 'node:worker_threads'
import { Arena } from '../arena.ts'
import { makeProblem, type ProblemSpec } from '../compare/bundled.ts'
import { trainRun } from '../compare/run.ts'
import { DownhillError } from '../errors.ts'
import { importModel } from './model-file.ts'
import type { Answer, Question } from './pool.ts'

const port = parentPort!
const spec: ProblemSpec = workerData
const ready = Promise.all([Arena.create(), makeProblem(spec, importModel)])

async function answerTo({ task }: Question): Promise<Answer> {
  try {
    const [arena, problem] = await ready
    return { run: trainRun(arena, problem, task) }
  } catch (error) {
    if (error instanceof DownhillError) return { code: error.code, message: error.message }
    // What a model of one's own throws is its author's to mend.
    if ('model' in spec.source) return { code: 'data-invalid', message: `${spec.name}: ${error}` }
    return { code: undefined, message: String((error as Error)?.stack ?? error) }
  }
}

port.on('message', async (question: Question) => port.postMessage(await answerTo(question)))
