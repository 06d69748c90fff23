/**
 * Runs the left column of docs/coming-from-tensorflow.md with TensorFlow.js and writes the results to coming-from-tensorflow.json.
 * tests/host/coming-from.test.ts compares them with the right column: the value of each line, and the variable `w` if the line changes it.
 * Values that depend on random numbers are omitted.
 *
 *     node bench/install.mjs && node tests/conformance/coming-from.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const tf = createRequire(new URL('../../bench/package.json', import.meta.url))('@tensorflow/tfjs')
const text = readFileSync(new URL('../../docs/coming-from-tensorflow.md', import.meta.url), 'utf8')
const [program, setup] = [...text.matchAll(/^```ts\nimport .*\n([\s\S]*?)^```/gm)].map(([, code]) => code)
const lines = [...text.matchAll(/^\| `(.+?)` \| `.+?` \|/gm)].map(([, code]) => code)
const AsyncFunction = (async () => {}).constructor

/** Returns a value as JSON; undefined for objects, which have no counterpart. */
function plain(value) {
  if (value instanceof tf.Tensor) return { shape: value.shape, data: [...value.dataSync()] }
  if (ArrayBuffer.isView(value)) return [...value]
  if (Array.isArray(value)) return value.every((one) => typeof one !== 'object' || Array.isArray(one)) ? value.map(plain) : undefined
  return typeof value === 'object' ? undefined : value
}

async function run(code) {
  const at = code.lastIndexOf('; ') + 1
  const body = `${code.slice(0, at)} const value = ${code.slice(at)}; return [value, w]`
  const [value, w] = await new AsyncFunction('tf', setup + body)(tf)
  return { value: plain(value), w: w.isDisposed ? undefined : { data: plain(w).data } }
}

console.log = () => {}
await new AsyncFunction('tf', program)(tf)
const start = JSON.stringify((await run('null')).w)
const results = []
for (const code of lines) {
  const { value, w } = await run(code)
  const result = { ...(value !== undefined && { value }), ...(w && JSON.stringify(w) !== start && { w }) }
  results.push(`  ${JSON.stringify(code)}: ${JSON.stringify(result)}`)
}
writeFileSync(new URL('coming-from-tensorflow.json', import.meta.url), `{\n${results.join(',\n')}\n}\n`)
