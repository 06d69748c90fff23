/** The same for runtimes that have to be told that a file is a module: Vercel's, and what Next bundles for the edge. */
import downhill from './downhill.wasm?module'
import type { Binary, CompiledModule, binaries as inline } from './inline.ts'

const imported = (module: CompiledModule): Binary => ({ compile: async () => module, compileSync: () => module })

export const binaries: typeof inline = { downhill: imported(downhill) }
