/** Binaries of workerd, which does not compile bytes: the runtime turns imported files into modules. */
import downhill from './downhill.wasm'
import { imported } from './imported.ts'

export const binaries = imported(downhill)
