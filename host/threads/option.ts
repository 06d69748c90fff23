/** The option `threads` of `Arena.create`. */
import { check, checkRange, DownhillError } from '../validation/errors.ts'
import type { AnyWorker } from './start.ts'

/** Options of `Arena.create` that concern threads; memory/arena.ts describes them. */
export interface ThreadOptions {
  readonly threads?: number | 'auto'
  readonly worker?: () => AnyWorker
  readonly module?: object
  readonly maximumBytes?: number
}

/** Maximum number of threads. */
export const MOST_THREADS = 64

/** @throws `option-range` */
export function checkThreads({ threads, module }: ThreadOptions): void {
  const fits = threads === 'auto' || (Number.isSafeInteger(threads) && threads! >= 1 && threads! <= MOST_THREADS)
  checkRange(fits, 'Arena.create', 'threads', `'auto' or an integer in [1, ${MOST_THREADS}]`, threads)
  check(!module, 'option-range', 'Arena.create: threads and module cannot be combined, because threads need a binary of their own')
}

/** Returns the error for a number of threads where there are none. */
export function unavailable(reason: string): DownhillError {
  return new DownhillError('runtime-unsupported', `Arena.create: threads: ${reason}`)
}
