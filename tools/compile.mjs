/** Compiles assembly/ to dist/downhill.wasm, and writes host/generated/: the kernels' types (by kernels.mjs) and the binary as base64. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'
import { constantsInMemory } from './constants.mjs'
import Kernels from './kernels.mjs'

/** Where the kernels' constants are: behind the addresses that a null pointer with an offset reaches. */
const CONSTANTS = 1024

process.chdir(new URL('..', import.meta.url).pathname)
rmSync('dist', { recursive: true, force: true })
for (const folder of ['build', 'dist', 'host/generated']) mkdirSync(folder, { recursive: true })
// Every file in assembly/rules is an entry: a new rule is found without being listed.
const rules = readdirSync('assembly/rules').map((file) => `assembly/rules/${file}`)
const kernels = new Kernels()
const { error, stderr } = await asc.main(['assembly/index.ts', ...rules, '--target', 'release'], { transforms: [kernels] })
if (error) {
  console.error(stderr.toString())
  process.exit(1)
}
writeFileSync('host/generated/kernels.ts', kernels.hostTypes)
const { binary, text } = constantsInMemory(readFileSync('dist/downhill.wasm'), CONSTANTS)
writeFileSync('dist/downhill.wasm', binary)
writeFileSync('build/downhill.wat', text)
writeFileSync(
  'host/generated/binary.ts',
  `// Written by tools/compile.mjs: dist/downhill.wasm.\nconst binary: string = '${Buffer.from(binary).toString('base64')}'\nexport default binary\n`,
)
mkdirSync('dist/types', { recursive: true })
writeFileSync(
  'dist/types/downhill.wasm.d.ts',
  `/** What \`Arena.create({ module })\` takes, where a bundler or a runtime makes a WebAssembly.Module of the file. */
declare const module: object
export default module
`,
)
