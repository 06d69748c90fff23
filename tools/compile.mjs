/**
 * Compiles assembly/ to dist/downhill.wasm and derives dist/downhill-relaxed.wasm. Writes host/wasm/generated/: the kernels' types and parameters
 * (by kernels.mjs), the binary as base64, and the ranges of its micro-kernel.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'
import { constantsInMemory } from './constants.mjs'
import { importHost, root } from './host.mjs'
import Kernels from './kernels.mjs'
import { microKernel } from './micro-kernel.mjs'

const { relax } = await importHost('wasm/patch.ts')

/** Address of the kernels' constants, beyond the reach of a null pointer with an offset. */
const CONSTANTS = 1024

const GENERATED = 'host/wasm/generated'

process.chdir(root)
rmSync('dist', { recursive: true, force: true })
for (const folder of ['build', 'dist', GENERATED]) mkdirSync(folder, { recursive: true })
// Every file in assembly/rules is an entry, so a new rule needs no list.
const rules = readdirSync('assembly/rules').map((file) => `assembly/rules/${file}`)
const kernels = new Kernels()
// --debug keeps the names of functions, which emitBinary drops.
const { error, stderr } = await asc.main(['assembly/index.ts', ...rules, '--target', 'release', '--debug'], { transforms: [kernels] })
if (error) {
  console.error(stderr.toString())
  process.exit(1)
}
writeFileSync(`${GENERATED}/kernels.ts`, kernels.hostTypes)
writeFileSync(`${GENERATED}/parameters.ts`, kernels.parameters)
const module = constantsInMemory(readFileSync('dist/downhill.wasm'), CONSTANTS)
const binary = module.emitBinary()
const ranges = microKernel(module, binary)
writeFileSync('dist/downhill.wasm', binary)
writeFileSync('dist/downhill-relaxed.wasm', relax(Uint8Array.from(binary), ranges))
writeFileSync('build/downhill.wat', module.emitText())
const generated = (name, of, type, value) =>
  writeFileSync(
    `${GENERATED}/${name}.ts`,
    `// Written by tools/compile.mjs${of}.\nconst ${name}: ${type} = ${value}\nexport default ${name}\n`,
  )
generated('binary', ': dist/downhill.wasm', 'string', `'${Buffer.from(binary).toString('base64')}'`)
generated(
  'kernel',
  ': [start, end] of the micro-kernel in the binary, in pieces',
  'readonly (readonly [number, number])[]',
  JSON.stringify(ranges),
)
mkdirSync('dist/types', { recursive: true })
for (const name of ['downhill', 'downhill-relaxed']) {
  writeFileSync(
    `dist/types/${name}.wasm.d.ts`,
    `/** The \`module\` option of \`Arena.create\`, where a bundler or a runtime imports the file as a WebAssembly.Module. */
declare const module: object
export default module
`,
  )
}
