/** Long work in pieces, between which the page answers. */

const SLICE_MS = 12

/** Goes through a generator, a while at a time, unless it is called off. */
export async function inSlices(work: Generator<void>, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const until = performance.now() + SLICE_MS
    while (performance.now() < until) {
      if (signal.aborted) return false
      if (work.next().done) return true
    }
    await new Promise((resolve) => setTimeout(resolve))
  }
}
