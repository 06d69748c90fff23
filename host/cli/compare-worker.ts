/** A worker thread of `downhill compare`: holds the problem in its own arena, and answers each description of a run with its result. */
import { parentPort, workerData } from 'node:worker_threads'
import { makeProblem } from '../compare/bundled.ts'
import { answerTo } from '../compare/pool.ts'
import type { RunSpec } from '../compare/run.ts'
import { Arena } from '../memory/arena.ts'
import { importModel } from './model-file.ts'

const port = parentPort!
const ready = Promise.all([Arena.create(), makeProblem(workerData, importModel)])

port.on('message', async (spec: RunSpec) => port.postMessage(await answerTo(spec, ready)))
