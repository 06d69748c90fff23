/** For workerd, which compiles no bytes: modules that the runtime makes of the files. */

import { DownhillError } from '../errors.ts'
import downhill from './downhill.wasm'
import type { Binary, CompiledModule, binaries as inline } from './inline.ts'

const imported = (module: CompiledModule): Binary => ({ compile: async () => module, compileSync: () => module })

/** Workers are small: who wants it brings the file along. */
function absent(): never {
  throw new DownhillError(
    'runtime-unsupported',
    'the relaxed binary is not in the bundle: give Arena.create { module }, imported from downhill/downhill-relaxed.wasm',
  )
}

export const binaries: typeof inline = { downhill: imported(downhill), relaxed: { compile: async () => absent(), compileSync: absent } }
