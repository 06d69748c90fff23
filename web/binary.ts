/** The page's binary: a file beside its scripts, because in base64 it would be two thirds larger. */

import microKernel from '../host/wasm/generated/kernel.ts'
import { relax } from '../host/wasm/patch.ts'

async function compile(patched: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const response = await fetch(new URL('../downhill.wasm', import.meta.url))
  return WebAssembly.compile(patched(new Uint8Array(await response.arrayBuffer())))
}

function compileSync(): never {
  throw new Error('The page compiles its binary with Arena.create()')
}

export const binaries = {
  downhill: { compile: () => compile((bytes) => bytes), compileSync },
  relaxed: { compile: () => compile((bytes) => relax(bytes, microKernel)), compileSync },
}
