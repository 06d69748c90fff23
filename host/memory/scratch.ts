import type { Memory } from './memory.ts'

/** Returns the address of an arena's work memory for matrix products, allocated at its first use. */
export function scratchOf(arena: Memory): number {
  arena.scratch ||= arena.heap.allocate(arena.kernels.gemmScratch(), 'work')
  return arena.scratch
}
