/**
 * A job of the crew: kernel calls that do not depend on each other. It lies in a control block in the shared memory, and every thread takes the
 * next call until none is left.
 */

/** Most calls of a job. */
export const MOST_PARTS = 64

/** Most arguments of a kernel. */
export const MOST_ARGUMENTS = 20

/** Positions of 32-bit words in the control block. Those that several threads write have a cache line each. */
export const EPOCH = 0
export const TICKET = 16
export const DONE = 32
export const ASLEEP = 48
export const WAITING = 64
export const FAILED = 80
export const PARTS = 96
export const WORK = 97
export const KERNELS = 128

const WORDS = KERNELS + MOST_PARTS

/** Bytes of the control block. */
export const BLOCK = WORDS * 4 + MOST_PARTS * MOST_ARGUMENTS * 8

/** A ticket is the low 24 bits of its job's epoch and the number of the next call, or this if no call may be taken. */
export const CLOSED = 255

/** What a thread needs to take part. Messages carry it to the workers. */
export interface Share {
  /** Address of the control block. */
  readonly block: number
  /** Number of the thread; the caller is 0. */
  readonly thread: number
  /** Bytes of `scratch` of each thread. */
  readonly scratchBytes: number
  /** The positions of `work` and `scratch` among the arguments of each export, −1 for none, and the number of its arguments. */
  readonly signatures: readonly (readonly [work: number, scratch: number, count: number])[]
}

/** Milliseconds that a thread looks for a job, or for the end of one, before it waits: about what a wake-up costs. */
export const PATIENCE = 0.05

/** Turns between two looks at the clock. */
const TURNS = 20

/** Looks at a word until it has a value, or with `isEqual` false another. Returns whether that came within some milliseconds. */
export function becomes(words: Int32Array, at: number, value: number, isEqual: boolean, milliseconds: number): boolean {
  const end = performance.now() + milliseconds
  do {
    for (let turn = 0; turn < TURNS; turn++, pause()) if ((Atomics.load(words, at) === value) === isEqual) return true
  } while (performance.now() < end)
  return false
}

/** Passes some 100 ns with few instructions, because a processor may share a core with one that computes. */
function pause(): void {
  if (hint) return hint()
  // A chain of square roots occupies next to nothing. Its result is read, because bundlers remove what nothing reads.
  for (let i = 0; i < 16; i++) chain = Math.sqrt(chain) + 1
  if (!(chain > 0)) throw new RangeError('a square root is not positive')
}

/** Atomics.pause, which Node 20 lacks. */
const hint = (Atomics as { pause?: () => void }).pause
let chain = 2

/** One thread's access to the control block. */
export class Job {
  readonly words: Int32Array
  readonly numbers: Float64Array
  readonly #share: Share
  readonly #kernels: readonly ((...args: number[]) => unknown)[]
  /** Arguments of a call, one list per number of arguments, because a list that changes its length would be allocated anew. */
  readonly #lists = Array.from({ length: MOST_ARGUMENTS + 1 }, (_, count) => new Array<number>(count).fill(0))

  /** @param kernels the exports of the thread's own instance, in their order */
  constructor(buffer: ArrayBufferLike, share: Share, kernels: readonly ((...args: number[]) => unknown)[]) {
    this.words = new Int32Array(buffer, share.block, WORDS)
    this.numbers = new Float64Array(buffer, share.block + WORDS * 4, MOST_PARTS * MOST_ARGUMENTS)
    this.#share = share
    this.#kernels = kernels
  }

  /** Takes calls of the job with this epoch until none is left. Returns their number. */
  take(epoch: number): number {
    let taken = 0
    for (let part = this.#claim(epoch); part >= 0; part = this.#claim(epoch), taken++) this.#call(part)
    return taken
  }

  /** Returns the number of the next call, or −1 if there is none or the job is over. */
  #claim(epoch: number): number {
    const { words } = this
    for (;;) {
      const ticket = Atomics.load(words, TICKET)
      const part = ticket & 255
      if (ticket >> 8 !== (epoch << 8) >> 8 || part >= words[PARTS]!) return -1
      if (Atomics.compareExchange(words, TICKET, ticket, ticket + 1) === ticket) return part
    }
  }

  #call(part: number): void {
    const { words, numbers } = this
    const { thread, scratchBytes, signatures } = this.#share
    const kernel = words[KERNELS + part]!
    const [work, scratch, count] = signatures[kernel]!
    const list = this.#lists[count]!
    for (let i = 0, at = part * MOST_ARGUMENTS; i < count; i++, at++) list[i] = numbers[at]!
    if (work >= 0) list[work]! += thread * words[WORK]!
    if (scratch >= 0) list[scratch]! += thread * scratchBytes
    try {
      this.#kernels[kernel]!(...list)
    } catch {
      Atomics.store(words, FAILED, kernel + 1)
    }
    const done = Atomics.add(words, DONE, 1) + 1
    if (done === words[PARTS] && Atomics.load(words, WAITING)) Atomics.notify(words, DONE)
  }
}
