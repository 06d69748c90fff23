/** Reads the weights and batches of a training, which the coordinator writes to files (models.mjs). */
/**
 * The learning rate of the timed steps, small enough to keep the model unchanged. After thousands of real steps some units are never
 * active; their moments decay to denormal numbers, which are slow.
 */
export const SETTLED = 1e-7

/** Reads a file: in a page from the server of chromium.mjs, else from the disk. */
async function read(file, Numbers) {
  if (globalThis.document) return new Numbers(await (await fetch(`/build/bench/${file.split('/').at(-1)}`)).arrayBuffer())
  const { readFile } = await import('node:fs/promises')
  return new Numbers(new Uint8Array(await readFile(file)).buffer)
}

/** Returns { weights: { torch's name: numbers }, inTurn }. `inTurn()` returns a function that cycles through the batches { x, y }. */
export async function readTraining({ files, parameters, inputType, batches }) {
  const all = await read(files.weights, Float32Array)
  let first = 0
  const weights = Object.fromEntries(
    parameters.map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b)
      return [name, all.subarray(first, (first += size))]
    }),
  )
  const inputs = await read(files.inputs, inputType === 'int32' ? Int32Array : Float32Array)
  const labels = await read(files.labels, Int32Array)
  const piece = (numbers, i) => numbers.slice((i * numbers.length) / batches, ((i + 1) * numbers.length) / batches)
  const pieces = Array.from({ length: batches }, (_, i) => ({ x: piece(inputs, i), y: piece(labels, i) }))
  const inTurn = () => {
    let taken = 0
    return () => pieces[taken++ % batches]
  }
  return { weights, inTurn }
}
