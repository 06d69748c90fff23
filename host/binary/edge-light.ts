/** The same for runtimes that have to be told that a file is a module: Vercel's, and what Next bundles for the edge. */
import downhill from './downhill.wasm?module'
import type * as inline from './inline.ts'

export const binaries: typeof inline.binaries = { downhill: () => downhill }
