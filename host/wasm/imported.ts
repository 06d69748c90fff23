import { DownhillError } from '../validation/errors.ts'
import type { Binary, binaries as inline } from './inline.ts'
import type { CompiledModule } from './wasm.ts'

/** Workers are small: who wants the relaxed binary brings the file along. */
function absent(): never {
  const remedy = 'give Arena.create { module }, imported from downhill/downhill-relaxed.wasm'
  throw new DownhillError('runtime-unsupported', `the relaxed binary is not in the bundle: ${remedy}`)
}

/** The binaries of runtimes that make a module of the file. */
export function imported(module: CompiledModule): typeof inline {
  const downhill: Binary = { compile: async () => module, compileSync: () => module }
  return { downhill, relaxed: { compile: async () => absent(), compileSync: absent } }
}
