/** Binaries of browsers, Node, Deno and Bun: embedded in the code, because every bundler keeps that intact. */
import { DownhillError } from '../validation/errors.ts'
import downhill from './generated/binary.ts'
import microKernel from './generated/kernel.ts'
import { relax } from './patch.ts'
import type { CompiledModule } from './wasm.ts'

/** Changes a binary before it is compiled. */
export type Patch = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>

/** A binary: compiled at each call, or as the runtime compiled it on import. */
export interface Binary {
  /** Takes a patch where there are bytes. */
  readonly compile: (patch?: Patch) => Promise<CompiledModule>
  readonly compileSync: () => CompiledModule
}

/** Returns a remedy, chosen by the engine's message. */
function remedy(reason: string, otherwise: string): string {
  if (/unsafe-eval|\bCSP\b/.test(reason)) return "; allow script-src 'wasm-unsafe-eval' in the Content-Security-Policy"
  if (!/by embedder/.test(reason)) return otherwise
  return '; bundle with the condition workerd or edge-light, or pass module'
}

function refused(cause: unknown, otherwise: string): DownhillError {
  const reason = `this runtime does not compile WebAssembly: ${cause}`.replace(/\.$/, '')
  return new DownhillError('runtime-unsupported', reason + remedy(reason, otherwise), { cause })
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  // Uint8Array.from with a callback takes three times as long: 13 ms against 4 (Node 20).
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

const inline = (bytes: () => Uint8Array<ArrayBuffer>, otherwise = ''): Binary => ({
  async compile(patch = (unchanged) => unchanged) {
    try {
      return await WebAssembly.compile(patch(bytes()))
    } catch (cause) {
      throw refused(cause, otherwise)
    }
  },
  compileSync() {
    try {
      return new WebAssembly.Module(bytes())
    } catch (cause) {
      throw refused(cause, otherwise)
    }
  },
})

/** All binaries, by name. */
export const binaries = {
  downhill: inline(() => decoded(downhill)),
  relaxed: inline(() => relax(decoded(downhill), microKernel), '; relaxed SIMD needs Node 22 or later'),
}
