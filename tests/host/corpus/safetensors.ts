/** Safetensors files that do harm. */
import { tensorFile } from './files.ts'
import type { Entry } from './parts.ts'

export const safetensors: readonly Entry[] = [
  ['nothing', () => new Uint8Array(0), /^this is not a checkpoint, or a file of safetensors, torch\.save or NumPy$/],
  [
    'a header of 100 MB',
    () => tensorFile(`{${' '.repeat(100_000_000)}}`),
    /^this is not a safetensors file: its header must have at most 4194304 bytes, got 100000002$/,
  ],
  [
    'lists within lists in JSON',
    () => tensorFile(`{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`),
    /^this is not a safetensors file: its header is nested too deeply$/,
  ],
  [
    'empty lists in JSON',
    () => tensorFile(`{"a":[${'[],'.repeat(1_390_000)}[]]}`),
    /has \[\[\], \[\], \[\], \[\], \[\], \[\], …\]|'a' must be an object/,
  ],
  ['empty objects in JSON', () => tensorFile(`{"a":[${'{},'.repeat(1_390_000)}{}]}`), /'a' must be an object/],
  [
    'keys in JSON',
    () => tensorFile(`{${Array.from({ length: 380_000 }, (_, i) => `"${i.toString(16)}":{}`).join()}}`),
    /^this is not a safetensors file: the tensor '0' has an unknown dtype: undefined$/,
  ],
  [
    '70,000 tensors of nothing',
    () =>
      tensorFile(
        `{${Array.from({ length: 70_000 }, (_, i) => `"${i.toString(16)}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
      ),
    undefined,
  ],
  [
    '340,000 texts',
    () => tensorFile(`{"__metadata__":{${Array.from({ length: 340_000 }, (_, i) => `"${i.toString(16)}":"x"`).join()}}}`),
    undefined,
  ],
  [
    'a checkpoint of a million objects',
    () =>
      tensorFile(
        JSON.stringify({
          __metadata__: { downhill: `{"version":1,"parts":{"a":{"kind":"value","state":[${'{},'.repeat(1_300_000)}{}]}}}` },
        }),
      ),
    undefined,
  ],
]
