/** Fetches the page's binary as a file, because base64 in a script would be two thirds larger. */
import microKernel from '../host/wasm/generated/kernel.ts'
import { relax } from '../host/wasm/patch.ts'

async function bytes(): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL('../downhill.wasm', import.meta.url))
  return new Uint8Array(await response.arrayBuffer())
}

/** `Arena.createSync` works after `Arena.create`, which keeps the compiled module. */
function compileSync(): never {
  throw new Error('Arena.createSync: call Arena.create first, because the page fetches its binary')
}

export const binaries = {
  downhill: { compile: async () => WebAssembly.compile(await bytes()), compileSync },
  relaxed: { compile: async () => WebAssembly.compile(relax(await bytes(), microKernel)), compileSync },
}
