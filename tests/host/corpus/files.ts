/** Files of parts that may not fit. */
import { pickled } from '../../../host/io/pickle-writer.ts'
import { zipped } from '../../../host/io/zip.ts'

/** A torch file of a pickle, with storages beside it. */
export function torchArchive(pickle: Uint8Array, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => [`a/data/${key}`, bytes] as const)
  return zipped(new Map([['a/data.pkl', pickle], ...data, ['a/version', new TextEncoder().encode('3\n')]]))
}

/** Pickles that precede the value in a torch file from before 1.6. */
const legacyHead = [0x1950a86a20f9469cfc6cn, 1001, { little_endian: true }].map(pickled)

/** Such a file of a pickle, with storages behind it. Their counts are of elements of 4 bytes, unless `counts` says otherwise. */
export function legacyFile(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  counts: Readonly<Record<string, number | bigint>> = {},
): Uint8Array {
  const data = Object.entries(storages).flatMap(([key, bytes]) => [
    new Uint8Array(BigUint64Array.of(BigInt(counts[key] ?? Math.floor(bytes.length / 4))).buffer),
    bytes,
  ])
  return new Uint8Array(Buffer.concat([...legacyHead, pickle, pickled(Object.keys(storages)), ...data]))
}

/** A safetensors file of a header and so many bytes. */
export function tensorFile(header: string, bytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header)
  const file = new Uint8Array(8 + text.length + bytes)
  new DataView(file.buffer).setUint32(0, text.length, true)
  file.set(text, 8)
  return file
}
