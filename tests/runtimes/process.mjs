/** Runs the conformance program in Node, Deno or Bun. Prints one line of JSON. */
import { readFileSync } from 'node:fs'
import { runCase } from './node_modules/downhill/dist/conformance.js'
import { conformance } from './program.mjs'

const read = (path) => readFileSync(new URL(path, import.meta.url))

function identity() {
  if (globalThis.Deno) return { version: Deno.version.deno, engine: `V8 ${Deno.version.v8}` }
  if (globalThis.Bun) return { version: Bun.version, engine: `JavaScriptCore ${process.versions.webkit.slice(0, 8)}` }
  return { version: process.versions.node, engine: `V8 ${process.versions.v8}` }
}

const result = await conformance({
  csv: read('digits.csv').toString(),
  given: JSON.parse(read('given.json').toString()),
  module: await WebAssembly.compile(read('node_modules/downhill/dist/downhill.wasm')),
  runCase,
})
console.log(JSON.stringify({ ...identity(), ...result }))
