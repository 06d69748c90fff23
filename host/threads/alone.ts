/** Stands for crew.ts in edge runtimes, which have no workers, so that their bundles have no code for them. */
import { checkThreads, type ThreadOptions, unavailable } from './option.ts'

/** @throws `option-range`, `runtime-unsupported` for a number of threads */
export async function withCrew(_arena: unknown, options: ThreadOptions): Promise<undefined> {
  checkThreads(options)
  if (options.threads !== 'auto') throw unavailable('this runtime has no workers')
}
