/** Starts the worker, and becomes what it answers. */
const worker = new Worker('worker.js', { type: 'module' })
worker.onmessage = ({ data }) => {
  globalThis.result = JSON.stringify(data)
}
worker.onerror = ({ message }) => {
  globalThis.result = JSON.stringify({ error: { message } })
}
