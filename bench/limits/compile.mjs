/** Compiles loops.ts into build/bench/: strict.wasm, and relaxed.wasm with fused multiply-adds. */
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const OPTIONS = ['--optimizeLevel', '3', '--converge', '--noAssert']

export async function compileLimits() {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const compile = async (name, ...options) => {
    const outFile = `build/bench/${name}.wasm`
    const { error, stderr } = await asc.main(['bench/limits/loops.ts', '--baseDir', root, '--outFile', outFile, ...OPTIONS, ...options])
    if (error) throw new Error(`bench/limits/loops.ts does not compile:\n${stderr}`)
    return root + outFile
  }
  return { strict: await compile('strict'), relaxed: await compile('relaxed', '--enable', 'relaxed-simd') }
}
