/** Fetches the page's binary as a file, because base64 in a script would be two thirds larger. */
import microKernel from '../host/wasm/generated/kernel.ts'
import type { Binary } from '../host/wasm/inline.ts'
import { relax } from '../host/wasm/patch.ts'

async function bytes(): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL('../downhill.wasm', import.meta.url))
  return new Uint8Array(await response.arrayBuffer())
}

const fetched = (load: typeof bytes): Binary => ({
  compile: async (patch = (unchanged) => unchanged) => WebAssembly.compile(patch(await load())),
  compileSync,
})

/** `Arena.createSync` works after `Arena.create`, which keeps the compiled module. */
function compileSync(): never {
  throw new Error('Arena.createSync: call Arena.create first, because the page fetches its binary')
}

export const binaries = {
  downhill: fetched(bytes),
  relaxed: fetched(async () => relax(await bytes(), microKernel)),
}

export type { Patch } from '../host/wasm/inline.ts'
