import { DownhillError } from '../validation/errors.ts'
import type { Binary, binaries as inline } from './inline.ts'
import type { CompiledModule } from './wasm.ts'

/** Workers are small, so the relaxed binary is not bundled. */
function absent(): never {
  const remedy = 'pass { module }, imported from downhill/downhill-relaxed.wasm'
  throw new DownhillError('runtime-unsupported', `Arena.create: the relaxed binary is not in the bundle; ${remedy}`)
}

/** Binaries of runtimes that compile an imported .wasm file to a module. */
export function imported(module: CompiledModule): typeof inline {
  const downhill: Binary = { compile: async () => module, compileSync: () => module }
  return { downhill, relaxed: { compile: async () => absent(), compileSync: absent } }
}
