/** Source of a file's bytes: in memory, or read in parts, so that inspecting a large file takes little memory. */
import { checkRange } from '../validation/errors.ts'

/** Random access to bytes. */
export interface Source {
  readonly size: number
  /** Returns `length` bytes; the caller has checked that they exist. */
  at(start: number, length: number): Uint8Array
}

/** Returns a source for bytes in memory. */
export function sourceOf(by: string, bytes: Uint8Array | ArrayBuffer): Source {
  const isBytes = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer
  checkRange(isBytes, by, 'bytes', 'a Uint8Array', bytes)
  // A separate view, because slices of Node's Buffer share its memory.
  const all = bytes instanceof Uint8Array ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : new Uint8Array(bytes)
  return { size: all.length, at: (start, length) => all.subarray(start, start + length) }
}
