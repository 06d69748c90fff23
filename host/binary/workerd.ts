/** For workerd, which compiles no bytes: modules that the runtime makes of the files. */
import downhill from './downhill.wasm'
import type { Binary, CompiledModule, binaries as inline } from './inline.ts'

const imported = (module: CompiledModule): Binary => ({ compile: async () => module, compileSync: () => module })

export const binaries: typeof inline = { downhill: imported(downhill) }
