/**
 * Compares forms of the gemm micro-kernel, as shares of the peak of the same engine:
 *
 *   node bench/tiles.mjs [runtime …]      node bench/tiles.mjs node ~/node24 'deno run -A' bun
 *
 * R × V is a tile of R rows and V vectors of C. `splat` loads an element of A into all lanes, `packed` loads a vector with the element
 * already in all lanes. `fused` uses relaxed multiply-add, which Node 20 lacks. Panels of 224 steps stay in the L1 cache.
 */
import { execSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { instantiateSync } from '@assemblyscript/loader'

const SHAPES = ['4x2', '5x2', '6x2', '8x2', '3x3', '4x3', '2x4', '3x4', '4x4', '2x5', '2x6', '8x1', '12x1']
const LOADS = ['splat', 'packed']
const STEPS = 224

/** Independent chains of the peak, the best of which counts: AMD needs 12 at most, and V8 spills more than 13; Intel needs more. */
const PEAKS = [8, 10, 12, 20]
const folder = fileURLToPath(new URL('../build/tiles', import.meta.url))

const range = (n) => Array.from({ length: n }, (_, i) => i)

function source(isFused) {
  const sum = (x, y, c) => (isFused ? `f32x4.relaxed_madd(${x}, ${y}, ${c})` : `f32x4.add(f32x4.mul(${x}, ${y}), ${c})`)
  const tiles = SHAPES.flatMap((shape) =>
    LOADS.map((load) => {
      const [rows, vectors] = shape.split('x').map(Number)
      const [width, entry] = load === 'packed' ? [16, 'v128.load'] : [4, 'v128.load32_splat']
      const each = (line) => range(rows).flatMap((r) => range(vectors).map((v) => line(r, v)))
      return `export function ${load}_${shape}(k: usize, a: usize, b: usize, c: usize): void {
        ${each((r, v) => `let c${r}_${v} = v128.load(c, ${16 * (r * vectors + v)})`).join('\n')}
        for (const end = b + k * ${16 * vectors}; b != end; b += ${16 * vectors}, a += ${width * rows}) {
          ${range(vectors)
            .map((v) => `const b${v} = v128.load(b, ${16 * v})`)
            .join('\n')}
          ${range(rows)
            .flatMap((r) => [
              `const a${r} = ${entry}(a, ${width * r})`,
              ...range(vectors).map((v) => `c${r}_${v} = ${sum(`a${r}`, `b${v}`, `c${r}_${v}`)}`),
            ])
            .join('\n')}
        }
        ${each((r, v) => `v128.store(c, c${r}_${v}, ${16 * (r * vectors + v)})`).join('\n')}
      }`
    }),
  )
  const peaks = PEAKS.map((count) => {
    const chains = range(count)
    return `export function peak_${count}x1(k: usize, _a: usize, _b: usize, c: usize): void {
    const x = v128.load(c), y = v128.load(c, 16)
    ${chains.map((i) => `let c${i} = v128.load(c, ${16 * i})`).join('\n')}
    for (; k > 0; k--) {
      ${chains.map((i) => `c${i} = ${sum(`c${i}`, 'x', 'y')}`).join('\n')}
    }
    ${chains.map((i) => `v128.store(c, c${i}, ${16 * i})`).join('\n')}
  }`
  })
  return [...tiles, ...peaks].join('\n')
}

async function compile(name, isFused) {
  const { default: asc } = await import('assemblyscript/asc')
  const features = ['--enable', isFused ? 'relaxed-simd' : 'simd']
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', ...features, '--outFile', `${folder}/${name}.wasm`]
  const { error, stderr } = await asc.main([`${name}.ts`, ...options], {
    readFile: (file) => (file === `${name}.ts` ? source(isFused) : null),
  })
  if (error) throw new Error(stderr.toString())
}

/** Returns the best of nine interleaved rounds for each form, in GFLOP/s. */
function measure(name) {
  const memory = new WebAssembly.Memory({ initial: 8 })
  const { exports } = instantiateSync(readFileSync(`${folder}/${name}.wasm`), { env: { memory } })
  const forms = Object.entries(exports).filter(([form]) => /_\d+x\d+$/.test(form))
  const best = {}
  for (let round = 0; round < 9; round++) {
    for (const [form, tile] of forms) {
      const [rows, vectors] = form.split('_')[1].split('x').map(Number)
      const flops = 8 * rows * vectors * STEPS
      const turns = Math.ceil(6e7 / flops)
      const started = performance.now()
      for (let turn = 0; turn < turns; turn++) tile(STEPS, 65536 * 2, 65536 * 4, 65536)
      best[form] = Math.max(best[form] ?? 0, (turns * flops) / (performance.now() - started) / 1e6)
    }
  }
  return best
}

if (process.argv[2] === '--measure') {
  console.log(JSON.stringify(measure(process.argv[3])))
} else {
  mkdirSync(folder, { recursive: true })
  const runtimes = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath]
  for (const [name, isFused] of [
    ['strict', false],
    ['fused', true],
  ]) {
    await compile(name, isFused)
    for (const runtime of runtimes) {
      let result
      try {
        result = JSON.parse(execSync(`${runtime} ${fileURLToPath(import.meta.url)} --measure ${name}`, { encoding: 'utf8', stdio: 'pipe' }))
      } catch (error) {
        console.log(`\n${name}, ${runtime}: ${/\w*Error: .*/.exec(error.stderr)?.[0] ?? error.message}`)
        continue
      }
      const peak = Math.max(...PEAKS.map((count) => result[`peak_${count}x1`]))
      console.log(`\n${name}, ${runtime}: peak ${peak.toFixed(1)} GFLOP/s`)
      for (const load of LOADS) {
        const cells = SHAPES.map((shape) => `${shape} ${((100 * result[`${load}_${shape}`]) / peak).toFixed(0)} %`)
        console.log(`  ${load.padEnd(6)}  ${cells.join('   ')}`)
      }
    }
  }
}
