/** A worker of the crew: `dist/crew-worker.js`, a file without imports, which bundlers can copy or bundle. */
import type { CompiledModule, LinearMemory } from '../wasm/wasm.ts'
import { ASLEEP, becomes, EPOCH, Job, PATIENCE, type Share } from './job.ts'

/** The message that starts a worker. */
export interface Start extends Share {
  readonly module: CompiledModule
  readonly memory: LinearMemory
}

/** The answer to it: null, or why the worker cannot start. */
export type Started = null | string

interface Port {
  postMessage(answer: Started): void
}

/** Waits for another epoch than `seen` and returns it. Waking up takes some 45 µs, so it looks for a while before it waits. */
function nextEpoch(words: Int32Array, seen: number): number {
  if (!becomes(words, EPOCH, seen, false, PATIENCE)) {
    Atomics.add(words, ASLEEP, 1)
    Atomics.wait(words, EPOCH, seen)
    Atomics.sub(words, ASLEEP, 1)
  }
  return Atomics.load(words, EPOCH)
}

function begin(port: Port, start: Start): void {
  let job: Job
  try {
    const { exports } = new WebAssembly.Instance(start.module as WebAssembly.Module, {
      env: { memory: start.memory as WebAssembly.Memory },
    })
    job = new Job(start.memory.buffer, start, Object.values(exports) as ((...args: number[]) => unknown)[])
  } catch (reason) {
    port.postMessage(String(reason))
    return
  }
  port.postMessage(null)
  // The thread ends with Worker.terminate, which also ends a wait.
  for (let epoch = 0; ; ) {
    epoch = nextEpoch(job.words, epoch)
    job.take(epoch)
  }
}

interface WebScope extends Port {
  onmessage: ((event: { data: Start }) => void) | null
}

const scope = globalThis as unknown as WebScope & {
  readonly WorkerGlobalScope?: unknown
  readonly process?: { versions?: { node?: string } }
}
if (scope.WorkerGlobalScope) scope.onmessage = ({ data }) => begin(scope, data)
if (scope.process?.versions?.node) {
  // The name is a variable, so that bundlers for browsers do not see it.
  const threads = 'node:worker_threads'
  import(/* webpackIgnore: true */ /* @vite-ignore */ threads).then(({ parentPort }) =>
    parentPort?.once('message', (start: Start) => begin(parentPort, start)),
  )
}
