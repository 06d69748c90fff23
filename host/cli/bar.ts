/** Progress bar in a terminal. */
import { Presets, SingleBar } from 'cli-progress'

/** A bar with the remaining time and a note. Without a terminal it prints nothing. */
export interface Bar {
  show(done: number, total: number, note: string): void
  stop(): void
}

export function progressBar(): Bar {
  if (!process.stderr.isTTY) return { show: () => {}, stop: () => {} }
  const bar = new SingleBar(
    { format: '{bar} {percentage}%  {eta_formatted} left  {note}', hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  )
  bar.start(1, 0, { note: '' })
  return {
    show(done, total, note) {
      bar.setTotal(total)
      bar.update(done, { note })
    },
    stop: () => bar.stop(),
  }
}
