/** Binaries of Vercel's edge runtime and of Next's edge bundles, where an import must declare a file as a module. */
import downhill from './downhill.wasm?module'
import { imported } from './imported.ts'

export const binaries = imported(downhill)
