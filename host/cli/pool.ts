/** Worker threads that take runs in turn. */
import { Worker } from 'node:worker_threads'
import type { ProblemSpec } from '../compare/bundled.ts'
import type { Execute } from '../compare/protocol.ts'
import type { Run, RunSpec } from '../compare/run.ts'
import { DownhillError, type ErrorCode } from '../errors.ts'

/** What a worker is sent, and what it answers. */
export interface Question {
  readonly task: RunSpec
}
export type Answer = { readonly run: Run } | { readonly code: ErrorCode | undefined; readonly message: string }

interface Waiting {
  readonly task: RunSpec
  readonly resolve: (run: Run) => void
  readonly reject: (error: unknown) => void
}

/** So many threads over one problem. Which of them takes a run, and when, changes nothing of it. */
export function makePool(spec: ProblemSpec, threads: number): { readonly execute: Execute; stop(): Promise<void> } {
  const waiting: Waiting[] = []
  const idle: Worker[] = []
  const at = new Map<Worker, Waiting>()
  let stopped = false
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./compare-worker.js', import.meta.url), { workerData: spec })
    const fail = (error: unknown) => {
      at.get(worker)?.reject(error)
      for (const { reject } of waiting.splice(0)) reject(error)
    }
    worker.on('message', (answer: Answer) => {
      const { resolve, reject } = at.get(worker)!
      at.delete(worker)
      if ('run' in answer) resolve(answer.run)
      else reject(answer.code ? new DownhillError(answer.code, answer.message) : new Error(answer.message))
      idle.push(worker)
      next()
    })
    worker.on('error', fail)
    worker.on('exit', (code) => {
      if (!stopped) fail(new DownhillError('data-invalid', `${spec.name}: a thread ended with code ${code} in the middle of a run`))
    })
    idle.push(worker)
    return worker
  })
  function next(): void {
    while (idle.length && waiting.length) {
      const worker = idle.shift()!
      const question = waiting.shift()!
      at.set(worker, question)
      worker.postMessage({ task: question.task } satisfies Question)
    }
  }
  return {
    execute: (task) =>
      new Promise((resolve, reject) => {
        waiting.push({ task, resolve, reject })
        next()
      }),
    async stop() {
      stopped = true
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
