/** Files of NumPy and indices of shards. */
import { zipSync } from 'fflate'
import type { Entry } from './parts.ts'

function npyFile(header: string, bytes = 0): Uint8Array {
  const file = new Uint8Array(10 + header.length + bytes)
  file.set([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8])
  file.set(Buffer.from(header), 10)
  return file
}

const small = npyFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4)

export const numpy: readonly Entry[] = [
  [
    'an array of objects',
    () => npyFile("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"),
    /^the array holds pickled Python objects/,
  ],
  [
    'an array header of 60 KB',
    () => npyFile(' '.repeat(60_000)),
    /^this is not an \.npy file: its header must have at most 10000 bytes, got 60000$/,
  ],
  ['a header of braces', () => npyFile('}'.repeat(9999)), /^this is not an \.npy file: its header must be a Python dict, got '\}{80}…'$/],
  [
    'an array of 10^18 numbers',
    () => npyFile("{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000, 1000000000)}"),
    /^this is not an \.npy file: its array must have 8000000000000000000 bytes for F64 \[1000000000, 1000000000\], got 0$/,
  ],
  [
    'a bomb of one array',
    () => zipSync({ 'a.npy': npyFile("{'descr': '|u1', 'fortran_order': False, 'shape': (200000000,)}", 200_000_000) }),
    undefined,
  ],
  ['20,000 arrays', () => zipSync(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`${i}.npy`, small]))), undefined],
  [
    '400 arrays of zeros',
    () => zipSync(Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}.npy`, new Uint8Array(2 ** 20)]))),
    /^0\.npy: this is not an \.npy file: it does not begin with \\x93NUMPY$/,
  ],
  [
    'an array beside another file',
    () => zipSync({ 'a.npy': small, 'b.txt': small }),
    /^the file 'b\.txt' in the archive is not an \.npy file$/,
  ],
  ['a truncated index', () => new TextEncoder().encode(`{"weight_map":${'['.repeat(2_000_000)}`), /^this is not a checkpoint/],
  ['an index of 100 MB', () => new Uint8Array(100_000_000).fill(0x7b, 0, 1), /^this is not a checkpoint/],
]
