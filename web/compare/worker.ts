/** A thread of a comparison in the page: holds the problem in its own arena, and answers each task with a run. */

import { makeProblem, type ProblemSpec } from '../../host/compare/bundled.ts'
import { answerTo } from '../../host/compare/pool.ts'
import type { Problem } from '../../host/compare/problem.ts'
import type { RunSpec } from '../../host/compare/run.ts'
import { Arena } from '../../host/memory/arena.ts'

/** Messages on the worker's port: first the problem, then tasks. */
export type Question = { readonly spec: ProblemSpec } | { readonly task: RunSpec }

let ready: Promise<readonly [Arena, Problem]>

addEventListener('message', ({ data: port }: MessageEvent<MessagePort>) => {
  port.onmessage = async ({ data }: MessageEvent<Question>) => {
    if ('spec' in data) ready = Promise.all([Arena.create(), makeProblem(data.spec)])
    else port.postMessage(await answerTo(data.task, ready))
  }
})
