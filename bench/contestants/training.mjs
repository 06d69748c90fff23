/** Reads the weights and batches of a training, which the coordinator writes to files (models.mjs). */
import { readFileSync } from 'node:fs'

/**
 * The learning rate of the timed steps, small enough to keep the model unchanged. After thousands of real steps some units are never
 * active; their moments decay to denormal numbers, which are slow.
 */
export const SETTLED = 1e-7

const read = (file, Numbers) => new Numbers(new Uint8Array(readFileSync(file)).buffer)

/** Returns { weights: { torch's name: numbers }, inTurn }. `inTurn()` returns a function that cycles through the batches { x, y }. */
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
