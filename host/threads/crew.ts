/**
 * Threads that compute together over one memory: the caller and its workers. A kernel call that takes long enough is divided into parts
 * (divided.ts); the caller publishes them as a job (job.ts), takes parts itself, and returns when all are done.
 */
import { DownhillError } from '../validation/errors.ts'
import { type CompiledModule, exportsOf, kernelsOf, type LinearMemory } from '../wasm/wasm.ts'
import { divided } from './divided.ts'
import { Effort } from './effort.ts'
import { type Ground, type Part, workOf } from './export.ts'
import * as job from './job.ts'
import { checkThreads, MOST_THREADS, type ThreadOptions, unavailable } from './option.ts'
import { share } from './share.ts'
import { signaturesOf } from './signatures.ts'
import { type AnyWorker, obstacle, processors, type Running, startWorker } from './start.ts'
import type { Start } from './worker.ts'

/** Milliseconds of a wait, and how many without progress mean that a thread is lost. Of the time a machine sleeps, only one counts. */
const SLICE = 20
const SLICES = 40

/** Smallest maximum of a shared memory to ask for, in pages of 64 KiB: 64 MiB. */
const LEAST_PAGES = 1024

/** Nanoseconds that a part must take to be worth handing over: some 20 times what a thread that looks for work costs. */
const WORTH = 4000

/** Returns the number of threads for the option `threads` on a machine. */
function countThreads(threads: ThreadOptions['threads'], processors: number): number {
  const reason = obstacle()
  if (threads === 'auto') return reason ? 1 : Math.min(processors, MOST_THREADS)
  if (reason) throw unavailable(reason)
  return threads!
}

/** Creates a shared memory. Some devices refuse a large maximum, so it asks for less until one is granted. */
function createSharedMemory(pages: number, maximumBytes: number): LinearMemory {
  for (let maximum = Math.floor(maximumBytes / 65536); ; maximum = Math.floor(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: true }) as unknown as LinearMemory
    } catch (cause) {
      if (maximum / 2 < Math.max(pages, LEAST_PAGES))
        throw new DownhillError('out-of-memory', 'Arena.create: threads: out of shared memory; dispose of another arena', { cause })
    }
  }
}

/** An arena, which gets a crew. */
interface Arena extends Ground {
  crew: { dispose(): void } | undefined
  dispose(): void
}

/**
 * Creates an arena over a shared memory, with workers. Returns undefined for one thread.
 *
 * @throws `option-range`, `out-of-memory`, `runtime-unsupported` if there are no threads for a number of them, or if a worker does not start
 */
export async function withCrew<A extends Arena>(
  Arena: new (module: CompiledModule, maximumBytes: number | undefined, newMemory: typeof createSharedMemory) => A,
  options: ThreadOptions,
  compile: (patch: typeof share) => Promise<CompiledModule>,
): Promise<A | undefined> {
  checkThreads(options)
  const available = await processors()
  const threads = countThreads(options.threads, available)
  if (threads === 1) return undefined
  const module = await compile(share)
  let memory!: LinearMemory
  const arena = new Arena(module, options.maximumBytes, (pages, maximumBytes) => (memory = createSharedMemory(pages, maximumBytes)))
  const crew = new Crew(threads, available, module, memory, arena)
  arena.crew = crew
  try {
    await crew.start(options.worker)
  } catch (reason) {
    arena.dispose()
    throw reason
  }
  return arena
}

/** The workers of an arena. */
export class Crew {
  readonly #start: Omit<Start, 'thread'>
  readonly #workers: Running[] = []
  readonly #job: job.Job
  readonly #canWait: boolean
  /** Number of threads that work at the same time. */
  active: number
  #effort = new Effort(WORTH)
  #epoch = 0
  #failure: string | undefined
  #ended = false

  /** Divides the kernels of an arena over a shared memory. @param threads number of threads, with the caller */
  constructor(
    readonly threads: number,
    processors: number,
    module: CompiledModule,
    memory: LinearMemory,
    arena: Ground,
  ) {
    this.active = Math.min(threads, processors)
    const exports = exportsOf(module, memory)
    const scratchBytes = workOf(exports.gemmScratch!)
    this.#start = { module, memory, block: arena.heap.allocate(job.BLOCK, 'work'), scratchBytes, signatures: signaturesOf(exports) }
    this.#job = new job.Job(memory.buffer, { ...this.#start, thread: 0 }, Object.values(exports))
    this.#canWait = mayWait(this.#job.words)
    arena.kernels = kernelsOf(divided({ exports, arena, team: this }))
  }

  /** Starts the workers. */
  async start(worker: (() => AnyWorker) | undefined): Promise<void> {
    const lost = () => this.#lose('it ended')
    const starting = Array.from({ length: this.threads - 1 }, (_, i) => startWorker({ ...this.#start, thread: i + 1 }, worker, lost))
    for (const outcome of await Promise.allSettled(starting)) if (outcome.status === 'fulfilled') this.#workers.push(outcome.value)
    await Promise.all(starting)
  }

  /** Number of jobs so far. */
  get jobs(): number {
    return this.#epoch >>> 0
  }

  /** Nanoseconds that a part takes at least. */
  get least(): number {
    return this.#effort.least
  }

  /** Whether a call of some nanoseconds is better computed by the caller alone. After a failure none is, so that `run` throws again. */
  declines(ns: number): boolean {
    return this.#failure === undefined && this.#effort.declines(ns)
  }

  /**
   * Divides calls among all threads, whatever else the machine does, for tests.
   *
   * @param least nanoseconds of a part; 1 divides even the shortest calls
   */
  divideFrom(least: number): void {
    this.active = this.threads
    this.#effort = new Effort(least, false)
  }

  /**
   * Computes the parts of a job.
   *
   * @param workBytes size of the argument `work`, of which each thread has its own
   * @throws `thread-failed`
   */
  run(parts: readonly Part[], workBytes = 0): void {
    this.#assertWhole()
    const start = performance.now()
    const { words, numbers } = this.#job
    const count = parts.length
    const epoch = (this.#epoch = (this.#epoch + 1) | 0)
    // A thread that is late for the last job must not take parts of one that is being written.
    Atomics.store(words, job.TICKET, (epoch << 8) | job.CLOSED)
    for (let part = 0; part < count; part++) {
      const { kernel, args } = parts[part]!
      words[job.KERNELS + part] = kernel
      for (let i = 0; i < args.length; i++) numbers[part * job.MOST_ARGUMENTS + i] = args[i]!
    }
    words[job.PARTS] = count
    words[job.WORK] = workBytes
    Atomics.store(words, job.DONE, 0)
    Atomics.store(words, job.TICKET, epoch << 8)
    Atomics.store(words, job.EPOCH, epoch)
    const awake = this.threads - Atomics.load(words, job.ASLEEP)
    if (awake < Math.min(count, this.active)) Atomics.notify(words, job.EPOCH, Math.min(count, this.active) - awake)
    const published = performance.now()
    const taken = this.#job.take(epoch)
    const partTime = taken ? (performance.now() - published) / taken : 0
    if (Atomics.load(words, job.DONE) !== count) this.#wait(count, partTime)
    this.#effort.note(partTime * count, performance.now() - start)
    if (Atomics.load(words, job.FAILED)) this.#lose('its kernel trapped')
    this.#assertWhole()
  }

  /** Waits for the parts that other threads took. `milliseconds` is what a part took here. */
  #wait(count: number, milliseconds: number): void {
    const { words } = this.#job
    if (job.becomes(words, job.DONE, count, true, job.PATIENCE)) return
    Atomics.store(words, job.WAITING, 1)
    const most = Math.max(SLICES, (10 * milliseconds) / SLICE)
    let last = -1
    for (let idle = 0; ; idle++) {
      const done = Atomics.load(words, job.DONE)
      if (done === count) break
      if (done !== last) idle = 0
      if (idle > most) {
        this.#lose(`it did not return within ${(Math.round(most) * SLICE) / 1000} s`)
        break
      }
      last = done
      this.#pause(done)
    }
    Atomics.store(words, job.WAITING, 0)
  }

  /** Waits until more than `done` parts are done, or for a slice of time. The main thread of a page may not wait. */
  #pause(done: number): void {
    const { words } = this.#job
    if (this.#canWait) Atomics.wait(words, job.DONE, done, SLICE)
    else job.becomes(words, job.DONE, done, false, SLICE)
  }

  #lose(reason: string): void {
    if (!this.#ended) this.#failure ??= reason
  }

  /** Throws `thread-failed` if a thread was lost. */
  #assertWhole(): void {
    if (this.#failure === undefined) return
    const remedy = 'its numbers may be incomplete; load a checkpoint into a new arena'
    throw new DownhillError('thread-failed', `a thread of the arena was lost: ${this.#failure}; ${remedy}`)
  }

  /** Ends the workers. */
  dispose(): void {
    this.#ended = true
    for (const worker of this.#workers) worker.end()
  }
}

function mayWait(words: Int32Array): boolean {
  try {
    Atomics.wait(words, job.DONE, -1, 0)
    return true
  } catch {
    return false
  }
}
