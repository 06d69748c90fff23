/** Patches a binary to import a shared memory. Apart from wasm/patch.ts, because only programs with threads need it. */

const IMPORTS = 2
const SHARED = 0x03
const MOST_PAGES = [0x80, 0x80, 0x04]

/**
 * Imports the memory as a shared one of up to 65,536 pages, in a copy. It is the only import: the limits follow the count of imports, two names
 * and the kind.
 *
 *   limits 00, least        limits 03, least, most
 */
export function share(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let at = 8
  let [size, body] = numberAt(bytes, at + 1)
  for (; bytes[at] !== IMPORTS; [size, body] = numberAt(bytes, at + 1)) at = body + size
  const field = body + 2 + bytes[body + 1]!
  const limits = field + 1 + bytes[field]! + 1
  const content = [...bytes.subarray(body, limits), SHARED, ...bytes.subarray(limits + 1, body + size), ...MOST_PAGES]
  return new Uint8Array([...bytes.subarray(0, at), IMPORTS, content.length, ...content, ...bytes.subarray(body + size)])
}

/** Reads an unsigned LEB128 number. Returns it and the position after it. */
export function numberAt(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0
  for (let at = start; ; at++) {
    value += (bytes[at]! & 0x7f) * 2 ** (7 * (at - start))
    if (bytes[at]! < 0x80) return [value, at + 1]
  }
}
