/** Lists the contents of a file without reading its tensors. */

import { showShape } from '../memory/shape.ts'
import { DownhillError } from '../validation/errors.ts'
import { type Dict, isDict, isPlain } from './dict.ts'
import { dtypeNames } from './dtype-names.ts'
import { elementBytes } from './elements.ts'
import { readHeader } from './header.ts'
import { inspectArchive, inspectArray, inspectIndex } from './inspect-others.ts'
import type { InspectedPart, InspectedTensor, Inspection } from './inspection.ts'
import { MAGIC } from './npy-header.ts'
import type { Kind, SavedPart } from './parts.ts'
import { METADATA_KEY, savedParts } from './saved-parts.ts'
import type { Source } from './source.ts'
import { isTorchFile, readPickle, settledPickle } from './torch-reader.ts'
import { TensorReader } from './torch-tensors.ts'

/** Placeholder of a tensor in a value. */
class Place {
  constructor(
    readonly tensor: Omit<InspectedTensor, 'name'>,
    /** The number in a tensor of size 1. */
    readonly number?: number,
  ) {}

  toJSON(): unknown {
    return this.number ?? `${this.tensor.dtype} ${showShape(this.tensor.shape)}`
  }
}

/** Converts a value to JSON. Values that JSON lacks become strings. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint' || (typeof part === 'number' && !Number.isFinite(part))) return String(part)
    return part instanceof Uint8Array ? `${part.length} bytes` : part
  })
}

/** Returns the entries of an array or an object. */
function* entriesOf(part: object): Iterable<[key: string | number, entry: unknown]> {
  if (Array.isArray(part)) yield* part.entries()
  else for (const key of Object.keys(part)) yield [key, (part as Dict)[key]]
}

/** Returns the first entries, because a value may be large. */
export function startOf(value: unknown, length: number): string {
  if (typeof value !== 'object' || value === null || value instanceof Place || value instanceof Uint8Array) return jsonOf(value)
  const isList = Array.isArray(value)
  let text = isList ? '[' : '{'
  for (const [key, entry] of entriesOf(value)) {
    if (text.length > 1) text += ','
    text += `${isList ? '' : `${JSON.stringify(key)}:`}${startOf(entry, length - text.length)}`
    if (text.length > length) return text
  }
  return `${text}${isList ? ']' : '}'}`
}

const isState = (value: unknown): value is { state: Dict; param_groups: readonly Dict[] } =>
  isDict(value) && isDict(value.state) && Array.isArray(value.param_groups) && value.param_groups.every(isDict)

/** Returns the kind of a value in a torch file, inferred from its entries. */
function kindOfValue(value: unknown): Kind | 'value' {
  if (isState(value)) return 'optimizer'
  if (!isPlain(value)) return 'value'
  const entries = Object.values(value)
  if (entries.length && entries.every((entry) => entry instanceof Place)) return 'model'
  return 'last_epoch' in value || '_schedulers' in value ? 'scheduler' : 'value'
}

/** Returns the largest step count of the parameters. */
function stepOf(state: Dict): number | undefined {
  const counts = Object.values(state).flatMap((own) => {
    const step = isDict(own) ? (own.step ?? own.n_iter) : undefined
    const count = step instanceof Place ? step.number : step
    return typeof count === 'number' ? [count] : []
  })
  return counts.length ? counts.reduce((a, b) => Math.max(a, b)) : undefined
}

function partOf(name: string, { kind, state, about }: SavedPart): InspectedPart {
  const part = { name, kind, ...(about?.className !== undefined && { className: about.className }) }
  if (kind === 'model') return part
  if (kind !== 'optimizer' || !isState(state)) return { ...part, value: state }
  const step = stepOf(state.state)
  const parameters = about?.parameters?.map((parameter) => parameter.name)
  const named = (index: unknown) => parameters?.[Number(index)] ?? index
  const groups = state.param_groups.map((group) => ({ ...group, params: Array.isArray(group.params) ? group.params.map(named) : [] }))
  return { ...part, ...(step !== undefined && { step }), groups }
}

function inspectTensors(source: Source): Inspection {
  const { entries, metadata } = readHeader(source)
  const tensors = entries.map(({ name, type, shape, bytes }) => ({ name, dtype: dtypeNames[type], shape, bytes }))
  if (!Object.hasOwn(metadata, METADATA_KEY)) return { format: 'safetensors', bytes: source.size, tensors, parts: [], metadata }
  const { [METADATA_KEY]: _, ...others } = metadata
  const places = new Map(tensors.map((tensor) => [tensor.name, new Place(tensor)]))
  const parts = Object.entries(savedParts(metadata, (name) => places.get(name) ?? null)).map(([name, part]) => partOf(name, part))
  return { format: 'checkpoint', bytes: source.size, tensors, parts, metadata: others }
}

function inspectTorch(source: Source): Inspection {
  const reader = new TensorReader(source.size)
  const value = settledPickle(readPickle(source), (tensor) => {
    const { type, shape, bytes } = tensor
    const isNumber = bytes === elementBytes[type] && tensor.storage.bytes <= SMALL
    return new Place({ dtype: dtypeNames[type], shape, bytes }, isNumber ? Number(reader.read(tensor).data[0]) : undefined)
  })
  const tensors: InspectedTensor[] = []
  const collect = (part: unknown, path: string) => {
    if (part instanceof Place) tensors.push({ name: path, ...part.tensor })
    else if (Array.isArray(part) || isPlain(part)) {
      for (const [key, entry] of entriesOf(part)) collect(entry, (path === '' ? String(key) : `${path}.${key}`).slice(0, LONGEST_NAME))
    }
  }
  collect(value, '')
  const kind = kindOfValue(value)
  const isBundle = kind === 'value' && isPlain(value)
  const named = isBundle ? Object.entries(value) : [['', value] as const]
  const parts = named.map(([name, state]) => partOf(name, { kind: kindOfValue(state), state }))
  return { format: 'torch', bytes: source.size, tensors, parts, metadata: {} }
}

/** Largest storage that is read for the number in it, in bytes. */
const SMALL = 64

/** Longest name shown, because a hostile file may have longer ones. */
const LONGEST_NAME = 500

/** First bytes of a zip archive. */
const ZIP = [0x50, 0x4b, 3, 4] as const
/** '.npy' */
const ENDING = [0x2e, 0x6e, 0x70, 0x79] as const
/** First byte of the header of a safetensors file, after its length, and of an index. */
const BRACE = 0x7b

/** Whether a file is a zip archive whose first file is an array of NumPy, by the header before that file (4.3.7 of APPNOTE.TXT). */
function isArchiveOfArrays(source: Source): boolean {
  const start = source.at(0, Math.min(source.size, 30))
  if (start.length < 30 || ZIP.some((byte, i) => start[i] !== byte)) return false
  const name = source.at(30, Math.min(source.size - 30, start[26]! + 256 * start[27]!))
  return ENDING.every((byte, i) => name[name.length - ENDING.length + i] === byte)
}

/**
 * Lists the contents of a checkpoint, a safetensors file or an index of several, a torch.save file, or an .npy or .npz file of NumPy. `beside`
 * opens a file that an index names.
 *
 * @throws `file-invalid`, `file-unsupported`
 */
export function inspect(source: Source, beside?: (name: string) => Source): Inspection {
  const start = source.at(0, Math.min(source.size, 9))
  if (isArchiveOfArrays(source)) return inspectArchive(source)
  if (MAGIC.every((byte, i) => start[i] === byte)) return inspectArray(source)
  // Before torch's formats, because the length of a header may begin like a pickle.
  if (start[8] === BRACE) return inspectTensors(source)
  if (isTorchFile(source)) return inspectTorch(source)
  if (start[0] === BRACE && beside) return inspectIndex(source, beside)
  throw new DownhillError('file-invalid', 'this is not a checkpoint, or a file of safetensors, torch.save or NumPy')
}
