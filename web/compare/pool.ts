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

/** @param seat has the page start a thread for each port, or ends the threads there are: Firefox now and then stops a worker that has workers. */
export function makePool(spec: ProblemSpec, threads: number, seat: (ports: readonly MessagePort[]) => void): Pool {
  let waiting: Waiting[] = []
  let isPaused = false
  let isStopped = false
  const idle: MessagePort[] = []
  const at = new Map<MessagePort, Waiting>()
  const channels = Array.from({ length: threads }, () => new MessageChannel())
  for (const { port1: port } of channels) {
    port.onmessage = ({ data }: MessageEvent<Answer>) => {
      const asked = at.get(port)
      if (!asked) return
      at.delete(port)
      if ('run' in data) asked.resolve(data.run)
      else asked.reject(data.code ? new DownhillError(data.code, data.message) : new Error(data.message))
      idle.push(port)
      next()
    }
    port.postMessage({ spec } satisfies Question)
    idle.push(port)
  }
  seat(channels.map(({ port2 }) => port2))
  function next(): void {
    while (!isPaused && idle.length && waiting.length) {
      const port = idle.shift()!
      const question = waiting.shift()!
      at.set(port, question)
      port.postMessage({ task: question.task } satisfies Question)
    }
  }
  function stop(why: Error): void {
    if (isStopped) return
    isStopped = true
    seat([])
    for (const { port1 } of channels) port1.close()
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
