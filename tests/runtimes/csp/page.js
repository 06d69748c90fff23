/** Starts the worker and stores its answer in `result`. */
const worker = new Worker('worker.js', { type: 'module' })
worker.onmessage = ({ data }) => {
  globalThis.result = JSON.stringify(data)
}
worker.onerror = ({ message }) => {
  globalThis.result = JSON.stringify({ error: { message } })
}
