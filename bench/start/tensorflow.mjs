import { fileURLToPath } from 'node:url'

const began = performance.now()
const tf = await import('@tensorflow/tfjs')
const { setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)))
setThreadsCount(1)
await tf.setBackend('wasm')
const w = tf.variable(tf.ones([64, 32]))
tf.train.adam(1e-3).applyGradients({ [w.name]: tf.fill([64, 32], 0.1) })
if (!(w.dataSync()[0] < 1)) throw new Error('no step')
console.log(performance.now() - began)
process.exit()
