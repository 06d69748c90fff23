/** What every side trains on: the coordinator has written it into files (models.mjs). */
import { readFileSync } from 'node:fs'

/**
 * The learning rate of the steps that are timed: the model stays where it is. One that is trained for thousands of turns has units that are
 * never active any more, whose moments fade into denormal numbers, and those are slow to compute with.
 */
export const SETTLED = 1e-7

const read = (file, Numbers) => new Numbers(new Uint8Array(readFileSync(file)).buffer)

/** { weights: { torch's name: numbers }, inTurn() }; each function it gives goes through the batches { x, y } from the first on. */
export function readTraining({ files, parameters, inputType, batches }) {
  const all = read(files.weights, Float32Array)
  let first = 0
  const weights = Object.fromEntries(
    parameters.map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b)
      return [name, all.subarray(first, (first += size))]
    }),
  )
  const inputs = read(files.inputs, inputType === 'int32' ? Int32Array : Float32Array)
  const labels = read(files.labels, Int32Array)
  const piece = (numbers, i) => numbers.slice((i * numbers.length) / batches, ((i + 1) * numbers.length) / batches)
  const pieces = Array.from({ length: batches }, (_, i) => ({ x: piece(inputs, i), y: piece(labels, i) }))
  const inTurn = () => {
    let taken = 0
    return () => pieces[taken++ % batches]
  }
  return { weights, inTurn }
}
