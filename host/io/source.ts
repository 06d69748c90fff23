/** Where a file's bytes come from: all of them in memory, or a part at a time, so that looking into a large file takes little. */
import { check, shown } from '../validation/errors.ts'

/** Bytes at places. */
export interface Source {
  readonly size: number
  /** As many bytes as asked for; who asks has made sure that they are there. */
  at(start: number, length: number): Uint8Array
}

/** A file that is in memory. */
export function sourceOf(by: string, bytes: Uint8Array | ArrayBuffer): Source {
  const isBytes = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer
  check(isBytes, 'option-range', () => `${by} takes the file's bytes as a Uint8Array, not ${shown(bytes)}`)
  const all = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)
  return { size: all.length, at: (start, length) => all.subarray(start, start + length) }
}
