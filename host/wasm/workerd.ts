/** For workerd, which compiles no bytes: modules that the runtime makes of the files. */
import downhill from '../binary/downhill.wasm'
import { imported } from './imported.ts'

export const binaries = imported(downhill)
