/** The same for runtimes that have to be told that a file is a module: Vercel's, and what Next bundles for the edge. */
import downhill from '../binary/downhill.wasm?module'
import { imported } from './imported.ts'

export const binaries = imported(downhill)
