/** The machine's limits: the loops of limits/loops.ts. A turn moves as many bytes, or does as many operations, as the work. */
import { readFileSync } from 'node:fs'
import { instantiateSync } from '@assemblyscript/loader'
import { serve } from './serve.mjs'

const [file, simd] = process.argv.slice(2)
const CHAINS = [12, 16, 20, 24]
const PAGE = 65536
const memory = new WebAssembly.Memory({ initial: 1 })
const { exports: loops } = instantiateSync(readFileSync(file), { env: { memory } })

function step({ shapes: [shape], sweep }) {
  const bytes = shape.reduce((a, b) => a * b) * 4
  const missing = 4 * bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE))
  // Writes every page, because reads of untouched pages share a single page of zeros.
  new Uint8Array(memory.buffer).fill(1)
  const [p, g, a, b] = [0, 1, 2, 3].map((i) => i * bytes)
  const turn = () => loops[`sweep${sweep}`](bytes, p, g, a, b)
  return { forms: { sweep: { turn, result: null } }, release: () => {} }
}

function gemm({ m, k, n }) {
  const form = (chains) => {
    const turns = Math.ceil((m * k * n) / (4 * chains))
    return [`${simd} peak (${chains} chains)`, { turn: () => loops[`peak${chains}`](turns, 0.5, 0.5), result: null }]
  }
  return { forms: Object.fromEntries(CHAINS.map(form)), release: () => {} }
}

await serve({ step, gemm })
