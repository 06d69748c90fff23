/** Reads `torch.save` files of every version since 0.1.10. */

import { DownhillError, shown } from '../validation/errors.ts'
import { Global, PythonDict } from './python.ts'
import { settled } from './settled.ts'
import type { Source } from './source.ts'
import { readLegacy } from './torch-legacy.ts'
import { StoredTensor } from './torch-tensors.ts'
import { readZip } from './torch-zip.ts'

/** First byte of a pickle. */
const PICKLE = 0x80
/** First bytes of a zip archive, as torch requires them. */
const ZIP = [0x50, 0x4b, 3, 4]
/** The letters 'ustar', which tar archives have at this offset. */
const TAR = [0x75, 0x73, 0x74, 0x61, 0x72]
const TAR_AT = 257

const has = (source: Source, bytes: readonly number[], at = 0) =>
  source.size >= at + bytes.length && source.at(at, bytes.length).every((byte, i) => byte === bytes[i])

/** Whether a file begins like a `torch.save` file. */
export function isTorchFile(source: Source): boolean {
  return has(source, [PICKLE]) || has(source, ZIP) || has(source, TAR, TAR_AT)
}

/** Reads the pickle of a file as Python's values. Tensors are not read yet. */
export function readPickle(source: Source): unknown {
  if (has(source, [PICKLE])) return readLegacy(source)
  if (has(source, ZIP)) return readZip(source)
  if (has(source, TAR, TAR_AT)) {
    throw new DownhillError('file-unsupported', 'tar file of torch before 0.1.10: not supported; re-save it with torch 0.1.10 or later')
  }
  throw new DownhillError('file-invalid', 'this is not a torch.save file: it is neither a zip archive nor a pickle')
}

/** Attribute of a state dict that has the versions of its modules. */
const METADATA = '_metadata'

/** Keeps torch's `_metadata`, an attribute of the OrderedDict of a state dict, as a non-enumerable property. */
function keepMetadata({ attributes }: PythonDict, entries: object): void {
  const metadata = Object.hasOwn(attributes, METADATA) ? attributes[METADATA] : undefined
  if (!(metadata instanceof PythonDict) || Object.hasOwn(entries, METADATA)) return
  const versions = Object.entries(metadata.entries).map(([path, module]) => {
    return [path, { version: module instanceof PythonDict ? module.entries.version : undefined }] as const
  })
  Object.defineProperty(entries, METADATA, { value: Object.fromEntries(versions) })
}

/** Converts the value of a pickle. `read` returns the tensors in it. */
export function settledPickle(value: unknown, read: (tensor: StoredTensor) => unknown): unknown {
  const leaf = (part: object) => {
    if (part instanceof StoredTensor) return read(part)
    if (part instanceof Uint8Array) return part
    const what = part instanceof Global ? `the class or function ${shown(part.name)}` : 'a storage without a tensor'
    throw new DownhillError('file-unsupported', `the file holds ${what} as a value, which is not supported`)
  }
  return settled(value, leaf, keepMetadata)
}
