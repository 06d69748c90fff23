/** Starts the workers of a crew. */
import { DownhillError } from '../validation/errors.ts'
import type { Start, Started } from './worker.ts'

/** A worker of any runtime. */
interface NodeWorker {
  on(event: 'message', hear: (answer: Started) => void): void
  on(event: 'error' | 'exit', hear: (reason: unknown) => void): void
  postMessage(start: Start): void
  terminate(): void
  unref(): void
}

interface WebWorker {
  onmessage: ((event: { data: Started }) => void) | null
  onerror: ((event: { message?: string }) => void) | null
  postMessage(start: Start): void
  terminate(): void
}

/** A worker that was started with `new Worker` of the web or of node:worker_threads. */
export type AnyWorker = NodeWorker | WebWorker

/** A running worker. */
export interface Running {
  end(): void
}

/** Milliseconds to wait for a worker to start. */
const START = 20_000

const HEADERS = 'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'

/** A module of Node, which Deno and Bun have too. The name is a variable, so that bundlers for browsers do not see it. */
// biome-ignore lint/suspicious/noExplicitAny: the types of node: are not a browser's
const ofNode = (name: string): Promise<any> => import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`)

const { process, document, navigator } = globalThis as {
  process?: { versions?: { node?: string } }
  document?: object
  navigator?: { hardwareConcurrency?: number; userAgent?: string }
}
const hasWebWorkers = typeof Worker === 'function'

/** Workers of node:worker_threads keep no process alive, in Node, Deno and Bun. */
const isLikeNode = process?.versions?.node !== undefined && !(document && hasWebWorkers)

/** Why this runtime has no threads, or undefined. */
export function obstacle(): string | undefined {
  if (navigator?.userAgent === 'Cloudflare-Workers' || (!isLikeNode && !hasWebWorkers)) return 'this runtime has no workers'
  if ((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === false && !isLikeNode)
    return `the page is not cross-origin isolated; serve it with the headers ${HEADERS}`
  return typeof SharedArrayBuffer === 'undefined' ? 'this runtime has no shared memory' : undefined
}

/** Returns the number of the machine's processors. */
export async function processors(): Promise<number> {
  return navigator?.hardwareConcurrency ?? (isLikeNode ? (await ofNode('os')).availableParallelism() : 1)
}

async function newWorker(): Promise<AnyWorker> {
  // Exactly this form is what Vite and webpack recognize.
  if (!isLikeNode) return new Worker(new URL('./crew-worker.js', import.meta.url), { type: 'module', name: 'downhill' }) as WebWorker
  const { Worker: ThreadOfNode } = await ofNode('worker_threads')
  // Options of the process, such as --input-type, may not apply to a file.
  return new ThreadOfNode(new URL('./crew-worker.js', import.meta.url), { name: 'downhill', execArgv: [] })
}

/**
 * Starts a worker.
 *
 * @param create creates the worker from a user's own copy of crew-worker.js
 * @param lost is called if it ends later
 * @throws `runtime-unsupported` if it does not start
 */
export async function startWorker(start: Start, create: (() => AnyWorker) | undefined, lost: () => void): Promise<Running> {
  let worker: AnyWorker
  try {
    worker = create ? create() : await newWorker()
  } catch (cause) {
    throw refusal(cause)
  }
  let timer: ReturnType<typeof setTimeout>
  const answer = new Promise<Started>((resolve, reject) => {
    const fail = (reason: unknown) => {
      reject(reason)
      lost()
    }
    if ('on' in worker) {
      worker.on('message', resolve)
      worker.on('error', fail)
      worker.on('exit', () => fail('it ended'))
    } else {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => fail(message ?? 'crew-worker.js could not be loaded')
    }
    timer = setTimeout(() => resolve(`it did not start within ${START / 1000} s`), START)
    worker.postMessage(start)
  })
  try {
    const reason = await answer
    if (reason !== null) throw new Error(reason)
  } catch (cause) {
    worker.terminate()
    throw refusal(cause)
  } finally {
    clearTimeout(timer!)
  }
  if ('unref' in worker) worker.unref()
  return { end: () => void worker.terminate() }
}

function refusal(cause: unknown): DownhillError {
  return new DownhillError('runtime-unsupported', `Arena.create: threads: a worker could not be started: ${cause}`, { cause })
}
