/** Compiles assembly/ to dist/downhill.wasm, and writes host/generated/: the kernels' types (by kernels.mjs) and the binary as base64. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'
import Kernels from './kernels.mjs'

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
const binary = readFileSync('dist/downhill.wasm').toString('base64')
writeFileSync(
  'host/generated/binary.ts',
  `// Written by tools/compile.mjs: dist/downhill.wasm.\nconst binary: string = '${binary}'\nexport default binary\n`,
)
