/** Torch files in the format from before 1.6 that are damaged, or that torch refuses. */
import { pickled } from '../../../host/io/pickle-writer.ts'
import { Tuple } from '../../../host/io/python.ts'
import { legacyFile } from './files.ts'
import { type Entry, legacyTensor, often, pickle, repeated, texts, u32 } from './parts.ts'

export const legacy: readonly Entry[] = [
  ['a pickle of something else', () => pickle('N'), /^this pickle was not written by torch\.save: it lacks torch's magic number$/],
  [
    'a legacy file of a global',
    () => legacyFile(pickle('cos\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')),
    /^the file refers to 'os\.system'/,
  ],
  [
    'a legacy file of which facts ask for a global',
    () => new Uint8Array(Buffer.concat([pickled(0x1950a86a20f9469cfc6cn), pickled(1001), pickle('ctorch\nSize\n')])),
    /: it refers to 'torch\.Size' where a plain value is required$/,
  ],
  [
    'a legacy file of another version',
    () => new Uint8Array(Buffer.concat([pickled(0x1950a86a20f9469cfc6cn), pickled(1002)])),
    /: its version must be 1001, got 1002$/,
  ],
  ['a legacy file without storages', () => legacyTensor({ keys: {} }), /: the file lacks the storage '0'$/],
  ['a legacy file with other storages', () => legacyTensor({ keys: { 1: new Uint8Array(64) } }), /: its storage '1' belongs to no tensor$/],
  [
    'a legacy file with a storage that is too small',
    () => legacyTensor({ count: 15n }),
    /: the storage '0' should have 16 elements, but has 15$/,
  ],
  [
    'a legacy file with 2^62 elements',
    () => legacyTensor({ elements: 2 ** 52, count: 2n ** 52n }),
    /: the storage '0' should have 4503599627370496 elements of F32, but the file has \d+ bytes$/,
  ],
  ['a legacy file that is cut', () => legacyTensor().slice(0, -1), /: the storage '0' should end at \d+, but the file has \d+ bytes$/],
  [
    'a legacy view beyond its storage',
    () => legacyTensor({ view: new Tuple(['v', 10, 7]) }),
    /: a view of the storage '0' must be \(key, start, size\) within 16 elements, got \['v', 10, 7\]$/,
  ],
  ['a legacy view that is its own storage', () => legacyTensor({ view: new Tuple(['0', 0, 16]) }), /: two storages have the key '0'$/],
  [
    'a legacy pickle of 64 MB',
    () => legacyFile(new Uint8Array(Buffer.concat([Buffer.from([0x80, 2]), often(300_000, 'a'.repeat(200), 0x55, 200)]))),
    /: it has more than 33554432 bytes$/,
  ],
  ['a million empty lists in a legacy file', () => legacyFile(pickle('](', repeated(']', 1_000_000), 'e')), undefined],
  ['a million texts in a legacy file', () => legacyFile(pickle('](', texts(1_000_000), 'e')), undefined],
]
