/** Workers that take runs in turn. Which of them takes a run, and when, changes nothing of it. */
import type { ProblemSpec } from '../../host/compare/bundled.ts'
import type { Execute } from '../../host/compare/protocol.ts'
import type { Run, RunSpec } from '../../host/compare/run.ts'
import { DownhillError } from '../../host/errors.ts'
import type { Answer, Question } from './worker.ts'

interface Waiting {
  readonly task: RunSpec
  readonly resolve: (run: Run) => void
  readonly reject: (error: unknown) => void
}

/** What the runs of a comparison end with that was cancelled. */
export class Cancelled extends Error {}

export interface Pool {
  readonly execute: Execute
  /** While it is paused no further run begins. */
  isPaused: boolean
  /** Ends the workers; what waits for a run gets the error. */
  stop(why: Error): void
}

export function makePool(spec: ProblemSpec, threads: number): Pool {
  let waiting: Waiting[] = []
  let isPaused = false
  const idle: Worker[] = []
  const at = new Map<Worker, Waiting>()
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker('compare-worker.js', { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const { resolve, reject } = at.get(worker)!
      at.delete(worker)
      if ('run' in data) resolve(data.run)
      else reject(data.code ? new DownhillError(data.code, data.message) : new Error(data.message))
      idle.push(worker)
      next()
    }
    worker.onerror = (event) => {
      event.preventDefault()
      stop(new Error(event.message || 'a worker could not be started'))
    }
    worker.postMessage({ spec } satisfies Question)
    idle.push(worker)
    return worker
  })
  function next(): void {
    while (!isPaused && idle.length && waiting.length) {
      const worker = idle.shift()!
      const question = waiting.shift()!
      at.set(worker, question)
      worker.postMessage({ task: question.task } satisfies Question)
    }
  }
  function stop(why: Error): void {
    for (const worker of workers) worker.terminate()
    const left = [...at.values(), ...waiting]
    at.clear()
    waiting = []
    for (const { reject } of left) reject(why)
  }
  return {
    execute: (task) =>
      new Promise((resolve, reject) => {
        waiting.push({ task, resolve, reject })
        next()
      }),
    get isPaused() {
      return isPaused
    },
    set isPaused(value) {
      isPaused = value
      next()
    },
    stop,
  }
}
