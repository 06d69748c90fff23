/**
 * Compiles assembly/ to dist/downhill.wasm, and makes dist/downhill-relaxed.wasm of it; writes host/generated/: the kernels' types (by
 * kernels.mjs), the binary as base64, and where its micro-kernel lies.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'
import { constantsInMemory } from './constants.mjs'
import Kernels from './kernels.mjs'
import { microKernel, relax } from './relaxed.mjs'

/** Where the kernels' constants are: behind the addresses that a null pointer with an offset reaches. */
const CONSTANTS = 1024

process.chdir(new URL('..', import.meta.url).pathname)
rmSync('dist', { recursive: true, force: true })
for (const folder of ['build', 'dist', 'host/generated']) mkdirSync(folder, { recursive: true })
// Every file in assembly/rules is an entry: a new rule is found without being listed.
const rules = readdirSync('assembly/rules').map((file) => `assembly/rules/${file}`)
const kernels = new Kernels()
// With the functions' names, which the binary then loses.
const { error, stderr } = await asc.main(['assembly/index.ts', ...rules, '--target', 'release', '--debug'], { transforms: [kernels] })
if (error) {
  console.error(stderr.toString())
  process.exit(1)
}
writeFileSync('host/generated/kernels.ts', kernels.hostTypes)
const module = constantsInMemory(readFileSync('dist/downhill.wasm'), CONSTANTS)
const binary = module.emitBinary()
const stretch = microKernel(module, binary)
writeFileSync('dist/downhill.wasm', binary)
writeFileSync('dist/downhill-relaxed.wasm', relax(binary, stretch))
writeFileSync('build/downhill.wat', module.emitText())
const generated = (name, of, type, value) =>
  writeFileSync(
    `host/generated/${name}.ts`,
    `// Written by tools/compile.mjs${of}.\nconst ${name}: ${type} = ${value}\nexport default ${name}\n`,
  )
generated('binary', ': dist/downhill.wasm', 'string', `'${Buffer.from(binary).toString('base64')}'`)
generated('kernel', ': from where to where the micro-kernel lies in the binary', 'readonly [number, number]', JSON.stringify(stretch))
mkdirSync('dist/types', { recursive: true })
for (const name of ['downhill', 'downhill-relaxed']) {
  writeFileSync(
    `dist/types/${name}.wasm.d.ts`,
    `/** What \`Arena.create({ module })\` takes, where a bundler or a runtime makes a WebAssembly.Module of the file. */
declare const module: object
export default module
`,
  )
}
