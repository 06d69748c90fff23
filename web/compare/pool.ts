/** The threads of a comparison in the page. */
import type { ProblemSpec } from '../../host/compare/bundled.ts'
import { type Answer, Pool } from '../../host/compare/pool.ts'
import type { Question } from './worker.ts'

/** Error of the runs of a canceled comparison. */
export class Cancelled extends Error {}

/** A pool of threads, and a function that ends them with an error for waiting runs. */
export interface Threads {
  readonly pool: Pool
  stop(why: Error): void
}

/** @param seat starts a thread in the page for each port, or ends the threads: Firefox sometimes stops a worker that has workers. */
export function startThreads(spec: ProblemSpec, count: number, seat: (ports: readonly MessagePort[]) => void): Threads {
  const pool = new Pool()
  let isStopped = false
  const channels = Array.from({ length: count }, () => new MessageChannel())
  for (const { port1: port } of channels) {
    const hear = pool.add((task) => port.postMessage({ task } satisfies Question))
    port.onmessage = ({ data }: MessageEvent<Answer>) => hear(data)
    port.postMessage({ spec } satisfies Question)
  }
  seat(channels.map(({ port2 }) => port2))
  return {
    pool,
    stop(why) {
      if (isStopped) return
      isStopped = true
      seat([])
      for (const { port1 } of channels) port1.close()
      pool.fail(why)
    },
  }
}
