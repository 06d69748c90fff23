/** A thread of a comparison in the page: it has the problem in an arena of its own, and answers each task with a run. */
import { Arena } from '../../host/arena.ts'
import { makeProblem, type ProblemSpec } from '../../host/compare/bundled.ts'
import type { Problem } from '../../host/compare/problem.ts'
import { type Run, type RunSpec, trainRun } from '../../host/compare/run.ts'
import { DownhillError, type ErrorCode } from '../../host/errors.ts'

/** Over the port that the worker is given: first the problem, then tasks. */
export type Question = { readonly spec: ProblemSpec } | { readonly task: RunSpec }
export type Answer = { readonly run: Run } | { readonly code: ErrorCode | undefined; readonly message: string }

let ready: Promise<readonly [Arena, Problem]>

const noModel = () => Promise.reject(new DownhillError('option-range', 'a model of your own is for downhill compare on the command line'))

addEventListener('message', ({ data: port }: MessageEvent<MessagePort>) => {
  port.onmessage = async ({ data }: MessageEvent<Question>) => {
    if ('spec' in data) {
      ready = Promise.all([Arena.create(), makeProblem(data.spec, noModel)])
      return
    }
    try {
      const [arena, problem] = await ready
      port.postMessage({ run: trainRun(arena, problem, data.task) } satisfies Answer)
    } catch (error) {
      const code = error instanceof DownhillError ? error.code : undefined
      port.postMessage({ code, message: error instanceof Error ? error.message : String(error) } satisfies Answer)
    }
  }
})
