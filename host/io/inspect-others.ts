/** Lists the arrays of NumPy's files, and the tensors of safetensors files in an index. */
import { DownhillError } from '../validation/errors.ts'
import { dtypeNames } from './dtype-names.ts'
import { LONGEST_HEADER, readHeader } from './header.ts'
import type { InspectedTensor, Inspection } from './inspection.ts'
import { LARGEST_START, readArrayHeader } from './npy-header.ts'
import { arrayEntries, named, unpackedLimit } from './npz-archive.ts'
import { checkShards, inShard, readIndex } from './shards.ts'
import type { Source } from './source.ts'
import { Unpacker } from './unpack.ts'
import { readDirectory } from './zip.ts'

function arrayIn(name: string, source: Source): InspectedTensor {
  const { type, shape, bytes } = readArrayHeader(source)
  return { name, dtype: dtypeNames[type], shape, bytes }
}

/** Lists the array of an .npy file, which has no name. */
export function inspectArray(source: Source): Inspection {
  return { format: 'npy', bytes: source.size, tensors: [arrayIn('array', source)], parts: [], metadata: {} }
}

/** Lists the arrays of an .npz file. Only their headers are unpacked. */
export function inspectArchive(source: Source): Inspection {
  const unpacker = new Unpacker(source, unpackedLimit(source.size))
  const tensors = arrayEntries(readDirectory(source)).map(([name, entry]) =>
    named(name, () => arrayIn(name, unpacker.beginning(entry, LARGEST_START))),
  )
  return { format: 'npz', bytes: source.size, tensors, parts: [], metadata: {} }
}

/** Lists the tensors of an index, from the headers of its files. */
export function inspectIndex(source: Source, beside: (name: string) => Source): Inspection {
  const { size } = source
  if (size > LONGEST_HEADER) {
    throw new DownhillError('file-invalid', `an index of safetensors files must have at most ${LONGEST_HEADER} bytes, got ${size}`)
  }
  const index = readIndex(source.at(0, size))
  const shards = [...new Set(index.files.values())].map((file) => {
    const shard = beside(file)
    return { file, bytes: shard.size, entries: inShard(file, () => readHeader(shard).entries) }
  })
  checkShards(index, new Map(shards.map(({ file, entries }) => [file, entries.map(({ name }) => name)])))
  const tensors = shards.flatMap(({ file, entries }) =>
    entries.map(({ name, type, shape, bytes }) => ({ name, dtype: dtypeNames[type], shape, bytes, file })),
  )
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, size)
  return { format: 'safetensors-index', bytes, tensors, parts: [], metadata: index.metadata }
}
