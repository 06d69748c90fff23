import type { Arena } from './arena.ts'

/** The address of an arena's working memory for products of matrices, which is made at its first use. */
export function scratchOf(arena: Arena): number {
  arena.scratch ||= arena.heap.allocate(arena.kernels.gemmScratch(), 'work')
  return arena.scratch
}
