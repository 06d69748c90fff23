/** The worker threads of a comparison. */
import { Worker } from 'node:worker_threads'
import type { ProblemSpec } from '../compare/bundled.ts'
import { type Answer, Pool } from '../compare/pool.ts'
import { DownhillError } from '../validation/errors.ts'

/** Creates a pool of threads over one problem; also returns a function that ends them. */
export function startThreads(spec: ProblemSpec, count: number): { readonly pool: Pool; stop(): Promise<void> } {
  const pool = new Pool()
  let isStopped = false
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./compare-worker.js', import.meta.url), { workerData: spec })
    const hear = pool.add((run) => worker.postMessage(run))
    worker.on('message', (answer: Answer) => hear(answer))
    worker.on('error', (error) => pool.fail(error))
    worker.on('exit', (code) => {
      if (!isStopped) pool.fail(new DownhillError('data-invalid', `${spec.name}: a worker thread exited with code ${code} during a run`))
    })
    return worker
  })
  return {
    pool,
    async stop() {
      isStopped = true
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
