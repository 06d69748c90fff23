/** For browsers, Node, Deno and Bun: the binaries in the code, which survives every bundler. */
import downhill from '../generated/binary.ts'

/** A binary: its bytes, or a WebAssembly.Module where the runtime made one of the file. */
export type Binary = Uint8Array<ArrayBuffer> | object

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  // Uint8Array.from with a callback takes three times as long: 13 ms against 4 (Node 20).
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** The binaries there are, called like their files in dist/. */
export const binaries = { downhill: (): Binary => decoded(downhill) }
