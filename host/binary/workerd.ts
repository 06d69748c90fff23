/** For workerd, which compiles no bytes: modules that the runtime makes of the files. */
import downhill from './downhill.wasm'
import type * as inline from './inline.ts'

export const binaries: typeof inline.binaries = { downhill: () => downhill }
