import { expect, it } from 'vitest'
import { Arena } from '../../host/index.ts'
import { crowded } from './crowd.ts'
import { resultsOf } from './random-calls.ts'

/** Number of jobs. STRESS=100000 runs 100,000; STRESS_SEED makes others. */
const JOBS = Number(process.env.STRESS ?? 10_000)
const FIRST = 1000 * Number(process.env.STRESS_SEED ?? 1)

it(`threads compute the bits of one thread in ${JOBS} jobs`, { timeout: 20 * JOBS + 60_000 }, async () => {
  const alone = await Arena.create()
  let total = 0
  let seed = FIRST
  for (let threads = 2; threads <= 8; threads++) {
    const arena = await crowded(threads)
    const crew = arena.crew!
    // Some calls stay whole, and some threads fall asleep between jobs.
    crew.divideFrom(threads % 3 ? 1 : 500)
    for (; crew.jobs < JOBS / 7; seed++) {
      const [got, expected] = [arena, alone].map((one) => resultsOf(seed, one))
      if (got!.some((bytes, i) => Buffer.compare(bytes, expected![i]!) !== 0))
        expect(`seed ${seed}, ${threads} threads`).toBe('the same bits')
    }
    total += crew.jobs
    arena.dispose()
  }
  alone.dispose()
  expect(total).toBeGreaterThanOrEqual(JOBS)
})
