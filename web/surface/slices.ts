/** Runs long work in slices, between which the page responds. */

const SLICE_MS = 12

/** Runs a generator to its end in slices. Resolves to false if the signal aborts it. */
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
