/** Arenas with threads, for tests. */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Arena } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import type { Part } from '../../host/threads/export.ts'
import { Draw } from './draw.ts'

const file = fileURLToPath(new URL('../../dist/crew-worker.js', import.meta.url))

/** Creates a worker from the built file, because the sources have none. */
export const worker = () => new Worker(file)

/** Creates an arena with threads. */
export const crowded = (threads: number | 'auto') => Arena.create({ threads, worker })

const counts = new WeakMap<Arena, { jobs: number }>()

/** Counts the jobs of an arena from now on. */
export function jobsOf(arena: Arena): { jobs: number } {
  const known = counts.get(arena)
  if (known) return known
  const count = { jobs: 0 }
  counts.set(arena, count)
  if (!arena.crew) return count
  const crew = arena.crew as unknown as { run(parts: readonly Part[], workBytes?: number): void }
  const run = crew.run.bind(crew)
  crew.run = (parts, workBytes) => {
    count.jobs++
    run(parts, workBytes)
  }
  return count
}

/** Returns a function that multiplies two matrices in parts. */
export function productIn(arena: Arena): () => number {
  const [a, b] = [1, 2].map((seed) => arena.parameter([400, 400], { data: new Draw(seed).numbers(160_000) }))
  return () => arena.frame(() => nn.noGrad(arena, () => nn.functional.matmul(a!, b!).data[7]!))
}
