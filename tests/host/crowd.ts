/** Arenas with threads, for tests. */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Arena } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { Draw } from './draw.ts'

const file = fileURLToPath(new URL('../../dist/crew-worker.js', import.meta.url))

/** Creates a worker from the built file, because the sources have none. */
export const worker = () => new Worker(file)

/** Creates an arena with threads. */
export const crowded = (threads: number | 'auto') => Arena.create({ threads, worker })

/** Returns a function that multiplies two matrices in parts. */
export function productIn(arena: Arena): () => number {
  const [a, b] = [1, 2].map((seed) => arena.parameter([400, 400], { data: new Draw(seed).numbers(160_000) }))
  return () => arena.frame(() => nn.noGrad(arena, () => nn.functional.matmul(a!, b!).data[7]!))
}
