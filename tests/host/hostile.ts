/** Malicious and corrupt files. */
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { zipSync } from 'fflate'
import { DownhillError } from '../../host/index.ts'
import { Cursor } from '../../host/io/cursor.ts'
import { checkpoint, npz, torchFile } from '../../host/io/index.ts'
import { unpickled } from '../../host/io/pickle-reader.ts'
import { Call, Name, Persistent, pickled } from '../../host/io/pickle-writer.ts'
import { Tuple } from '../../host/io/python.ts'
import { sourceOf } from '../../host/io/source.ts'
import { torchGlobals } from '../../host/io/torch-globals.ts'
import { StorageOf } from '../../host/io/torch-tensors.ts'
import { Unpacker } from '../../host/io/unpack.ts'
import { contents, readDirectory, zipped } from '../../host/io/zip.ts'
import { legacyFile, tensorFile, torchArchive } from './corpus/files.ts'
import { Target } from './target.ts'

const files = new URL('../files/', import.meta.url)
const cases = new URL('../conformance/cases/torch-file/', import.meta.url)
const load = (url: URL) => new Uint8Array(readFileSync(url))
const within = (folder: URL, ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => load(new URL(name, folder)))

const target = new Target()
const seeds = {
  arrays: within(files, '.npy'),
  archives: [
    ...within(files, '.npz'),
    npz.write({ a: { dtype: 'float32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }, b: { dtype: 'int32', shape: [], data: [7] } }),
  ],
  indices: within(files, '.index.json'),
  tensors: [...within(files, '.safetensors'), target.saved],
  torch: [...within(files, '.pt'), ...within(cases, '.pt').slice(0, 8), target.bundle],
  legacy: within(new URL('legacy/', files), '.pt').slice(-12),
}

/** Boundary values of integer types. */
const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

interface Mutation {
  readonly kind: 'flip' | 'set' | 'edge' | 'cut' | 'drop' | 'repeat' | 'move' | 'insert'
  /** Position, as a fraction of the file; `size` is in bytes. */
  readonly at: number
  readonly size: number
  readonly value: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'edge', 'cut', 'drop', 'repeat', 'move', 'insert'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  size: fc.nat(40),
  value: fc.nat(255),
})

function mutated(bytes: Uint8Array, { kind, at, size, value }: Mutation): Uint8Array {
  const from = Math.floor(at * bytes.length)
  const to = Math.min(from + size, bytes.length)
  const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
  const copy = bytes.slice()
  switch (kind) {
    case 'flip':
      if (copy.length) copy[from]! ^= 1 << (value & 7)
      return copy
    case 'set':
      return copy.fill(value, from, to)
    case 'edge':
      if (from + 4 <= copy.length) new DataView(copy.buffer).setUint32(from, edges[value % edges.length]!, (value & 1) === 0)
      return copy
    case 'cut':
      return copy.subarray(0, from)
    case 'drop':
      return join(bytes.subarray(0, from), bytes.subarray(to))
    case 'repeat':
      return join(bytes.subarray(0, to), bytes.subarray(from))
    case 'move':
      return join(bytes.subarray(from), bytes.subarray(0, from))
    case 'insert':
      return join(bytes.subarray(0, from), new Uint8Array(size).fill(value), bytes.subarray(from))
  }
}

const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 })
const changed = (bytes: Uint8Array, list: readonly Mutation[]) => list.reduce(mutated, bytes)

/** Returns a torch file with a changed pickle and correct checksums. */
function withPickle(bytes: Uint8Array, change: (pickle: Uint8Array) => Uint8Array): Uint8Array {
  const source = sourceOf('', bytes)
  const entries = [...readDirectory(source).values()].filter(({ refused }) => !refused)
  return zipped(
    new Map(
      entries.map((entry) => [entry.name, entry.name.endsWith('data.pkl') ? change(contents(source, entry)) : contents(source, entry)]),
    ),
  )
}

/** The offsets at which the five pickles of a file from before torch 1.6 end. */
function pickleEnds(bytes: Uint8Array): number[] {
  const input = new Cursor(sourceOf('', bytes), 0, bytes.length)
  const global = torchGlobals()
  const persistent = (id: unknown) => {
    const [, type, key, , elements] = (id as Tuple).items as any[]
    return new StorageOf({ key, type: type.type, elements, bytes: 0, read: () => bytes })
  }
  return Array.from({ length: 5 }, () => {
    unpickled(input, { global, persistent })
    return input.at
  })
}

const ends = new Map(seeds.legacy.map((bytes) => [bytes, pickleEnds(bytes)]))

/** A file from before torch 1.6 of whose parts one has changed: of five pickles, or the storages. */
function withPart(bytes: Uint8Array<ArrayBuffer>, index: number, change: (part: Uint8Array) => Uint8Array): Uint8Array {
  const own = ends.get(bytes)!
  const [from, to] = [own[index - 1] ?? 0, own[index] ?? bytes.length]
  return new Uint8Array(Buffer.concat([bytes.subarray(0, from), change(bytes.subarray(from, to)), bytes.subarray(to)]))
}

const readable = seeds.torch.filter((bytes) => bytes[0] === 0x50)

/** Returns JSON with some values replaced, keys renamed and entries dropped. */
function withJson(value: unknown, draws: readonly number[], depth = 0): unknown {
  const odd = [null, -1, 0.5, 2 ** 53, 2 ** 63, 1e308, '', 'F64', '__proto__', [], {}, [[[]]], { $tensor: 'x' }, { $number: 'NaN' }, true]
  const draw = draws[depth % draws.length]!
  if (draw % 17 === 0) return odd[draw % odd.length]
  if (typeof value === 'number' && draw % 7 === 0) return value + (draw % 3) - 1 || 4
  if (Array.isArray(value)) return value.map((entry, i) => withJson(entry, draws, depth + i + 1))
  if (typeof value !== 'object' || value === null) return draw % 13 === 0 ? odd[draw % odd.length] : value
  const entries = Object.entries(value).flatMap(([key, entry], i): [string, unknown][] => {
    const one = draws[(depth + i) % draws.length]!
    if (one % 29 === 0) return []
    return [[one % 23 === 0 ? String(odd[one % odd.length]) : key, withJson(entry, draws, depth + i + 1)]]
  })
  return Object.fromEntries(entries)
}

function withHeader(bytes: Uint8Array, draws: readonly number[]): Uint8Array {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
  const metadata = header.__metadata__?.downhill
  const isInner = metadata !== undefined && draws[0]! % 2 === 0
  if (isInner) header.__metadata__.downhill = JSON.stringify(withJson(JSON.parse(metadata), draws))
  const file = tensorFile(JSON.stringify(isInner ? header : withJson(header, draws)), bytes.length - 8 - length)
  file.set(bytes.subarray(8 + length), file.length - (bytes.length - 8 - length))
  return file
}

const draws = fc.array(fc.nat(10_000), { minLength: 3, maxLength: 12 })

/** Pickle opcodes, with operands that may be valid. */
const operation = fc.oneof(
  fc.constantFrom(...Buffer.from(']})(.NteuabRQ\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94', 'latin1')).map((code) => [code]),
  fc.tuple(fc.constantFrom(0x4b, 0x71, 0x68), fc.nat(6)).map((bytes) => [...bytes]),
  fc.constantFrom('storage', '0', 'cpu', 'x', '__proto__', 'constructor').map((text) => [0x58, text.length, 0, 0, 0, ...Buffer.from(text)]),
  fc
    .constantFrom(
      'torch._utils\n_rebuild_tensor_v2',
      'torch\nFloatStorage',
      'torch\nBFloat16Storage',
      'collections\nOrderedDict',
      'collections\nCounter',
      'torch\nSize',
      'os\nsystem',
      '_codecs\nencode',
      'torch._tensor\n_rebuild_from_type_v2',
    )
    .map((name) => [0x63, ...Buffer.from(`${name}\n`)]),
  fc
    .tuple(fc.constantFrom(0x4a, 0x6a, 0x72), fc.constantFrom(0, 1, 3, 255, 2 ** 31))
    .map(([code, n]) => [code, n & 255, (n >> 8) & 255, 0, n >>> 24]),
)
const pickle = fc.array(operation, { maxLength: 60 }).map((operations) => Uint8Array.from([0x80, 2, ...operations.flat(), 0x2e]))

const pick = <T>(list: readonly T[]) => fc.constantFrom(...list)
const near = fc.oneof(fc.nat(20), pick([64, 255, 256, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53 - 1, -1, 0.5]))
const text = pick(['storage', '0', '1', 'cpu', '', '../0', '__proto__'])

/** Elements of a storage of 64 bytes. */
const elementsOf: Readonly<Record<string, number>> = { DoubleStorage: 8, LongStorage: 8, HalfStorage: 32, BoolStorage: 64 }
/** Views of a storage in files from before torch 0.4: none, some, and what is not one. */
const view = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.tuple(pick(['v', 'w', '0']), fc.nat(8), fc.nat(10)).map((items) => new Tuple(items)) },
  { weight: 1, arbitrary: fc.array(near, { maxLength: 4 }).map((items) => new Tuple(items)) },
)

/** A call that rebuilds a tensor, from a storage of 64 bytes, if it is one. */
const rebuilt = (isLegacy: boolean) =>
  fc
    .record({
      kind: fc.oneof({ weight: 9, arbitrary: fc.constant('storage') }, { weight: 1, arbitrary: text }),
      type: pick(['FloatStorage', 'DoubleStorage', 'HalfStorage', 'LongStorage', 'BoolStorage', 'ComplexFloatStorage', 'Size']),
      key: fc.oneof({ weight: 9, arbitrary: fc.constant('0') }, { weight: 1, arbitrary: text }),
      elements: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: near }),
      more: isLegacy ? view.map((one) => [one]) : fc.constant([]),
      offset: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: near }),
      shape: fc.array(near, { maxLength: 3 }),
      strides: fc.array(near, { maxLength: 3 }),
      isRowMajor: fc.boolean(),
    })
    .map(({ kind, type, key, elements, more, offset, shape, strides, isRowMajor }) => {
      const own = isRowMajor ? shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)) : strides
      const id = new Tuple([kind, new Name('torch', type), key, 'cpu', elements ?? elementsOf[type] ?? 16, ...more])
      return new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [
        new Persistent(id),
        offset,
        new Tuple(shape),
        new Tuple(own),
        false,
        new Call(new Name('collections', 'OrderedDict'), []),
      ])
    })

/** A tensor of a whole storage of 64 bytes, in a file from before torch 1.6. */
const whole = new Call(new Name('torch._utils', '_rebuild_tensor'), [
  new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', 16, null])),
  ...[0, new Tuple([16]), new Tuple([1])],
])

/** Values with such tensors in them, and with what is odd. */
const pickledValue = (isLegacy: boolean) =>
  fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      rebuilt(isLegacy),
      fc.oneof(near, text, fc.boolean(), fc.constant(null), fc.constant(2n ** 70n)),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => new Tuple(items)),
      fc.array(fc.tuple(fc.oneof(text, near, tie('value')), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('value'), { maxLength: 2 }).map((args) => new Call(new Name('collections', 'OrderedDict'), args)),
      fc.array(tie('value'), { maxLength: 3 }).map((args) => new Call(new Name('torch._tensor', '_rebuild_from_type_v2'), args)),
    ),
  })).value

/** Lists nested in lists: each contains the one before it up to three times, or the chain contains itself. */
const nested = fc
  .record({ depth: fc.nat(200), width: fc.integer({ min: 1, max: 3 }), isCycle: fc.boolean() })
  .map(({ depth, width, isCycle }) => {
    const get = (i: number) => [0x6a, i & 255, i >> 8, 0, 0]
    const put = (i: number) => [0x72, i & 255, i >> 8, 0, 0]
    const levels = Array.from({ length: depth }, (_, i) => [
      0x28,
      ...Array.from({ length: width }, () => get(i)).flat(),
      0x6c,
      ...put(i + 1),
    ])
    const end = isCycle ? [...get(0), ...get(depth), 0x61, ...get(depth)] : []
    return Uint8Array.from([0x80, 2, 0x5d, ...put(0), ...levels.flat(), ...end, 0x2e])
  })

/** Returns an .npz file with changed arrays and correct checksums. */
function withArrays(bytes: Uint8Array, change: (array: Uint8Array) => Uint8Array, level: 0 | 6): Uint8Array {
  const source = sourceOf('', bytes)
  const unpacker = new Unpacker(source, 2 ** 20)
  const arrays = [...readDirectory(source).values()].map((entry) => [entry.name, unpacker.whole(entry)] as const)
  return zipSync(Object.fromEntries(arrays.map(([name, array], i) => [name, [i % 2 ? array : change(array), { level }]])))
}

/** An .npy file whose header may be invalid. */
const array = fc
  .record({
    version: pick([1, 2, 3, 4]),
    descr: pick(["'<f4'", "'>i8'", "'|b1'", "'|O'", "'<c8'", "'<U3'", "[('a', '<f4')]", 'True', '"=u2"', "'<f4", "'constructor'"]),
    order: pick(['True', 'False', 'None', '0', "'C'"]),
    shape: fc.oneof(
      fc
        .array(fc.oneof(fc.nat(4), pick([0, 1, 255, 2 ** 31, 2 ** 53, 10 ** 18])), { maxLength: 4 })
        .map((sizes) => `(${sizes.map((n) => `${n},`).join(' ')})`),
      pick(['()', '(3)', '[2]', '(2, 2)', '(-1,)', '(2L,)', '(,)', '(0x2,)', `(${'1, '.repeat(70)})`]),
    ),
    more: pick(['', '', '', ", 'more': 1", ", 'shape': (1,)", ', ', '}']),
    length: fc.oneof(fc.nat(70), pick([16, 32, 64])),
  })
  .map(({ version, descr, order, shape, more, length }) => {
    const text = Buffer.from(`{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}${more}}`)
    const size = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0]
    return new Uint8Array(Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...size]), text, Buffer.alloc(length, 1)]))
  })

/** An index with changed values or keys. */
const index = fc
  .tuple(pick(seeds.indices), draws)
  .map(([bytes, list]) => new TextEncoder().encode(JSON.stringify(withJson(JSON.parse(new TextDecoder().decode(bytes)), list))))

/** A zip archive with a changed number in its directory or end record. */
const zipFields = fc
  .tuple(pick([...readable, ...seeds.archives]), fc.nat(1000), fc.nat(25), fc.oneof(near, fc.nat(5000)))
  .map(([bytes, entry, field, value]) => {
    const copy = bytes.slice()
    const view = new DataView(copy.buffer)
    const places: number[] = []
    for (let i = 0; i + 46 < copy.length; i++)
      if (view.getUint32(i, true) === 0x02014b50 || view.getUint32(i, true) === 0x06054b50) places.push(i)
    view.setUint16(places[entry % places.length]! + 2 * Math.min(field, 9), value, true)
    return copy
  })

/** A state dict with a changed shape, dtype or key. */
const states = fc.tuple(fc.boolean(), draws).map(([isTorch, list]) => {
  const value = structuredClone((isTorch ? torchFile.read(target.bundle) : checkpoint.read(target.saved)) as Record<string, unknown>)
  const change = (part: any, draw: number): void => {
    const keys = Object.keys(part)
    const key = keys[draw % keys.length]!
    const inner = part[key]
    const isLeaf = typeof inner !== 'object' || inner === null || ArrayBuffer.isView(inner) || !Object.keys(inner).length
    if (!isLeaf && draw % 5) return change(inner, Math.floor(draw / 2) + 1)
    if (draw % 3 === 0) delete part[key]
    else if (typeof inner === 'number') part[key] = [inner + 1, -inner, Number.NaN, Infinity, 2 ** 40, 'x'][draw % 6]
    else part[key] = [null, [], {}, 'x', 3, { dtype: 'float32', shape: [2], data: Float32Array.of(1, Number.NaN) }][draw % 6]
  }
  for (const draw of list) change(value, draw)
  try {
    return torchFile.save(value)
  } catch (error) {
    if (!(error instanceof DownhillError)) throw error
    return new Uint8Array(0)
  }
})

const of = (weight: number, arbitrary: fc.Arbitrary<Uint8Array>) => ({ weight, arbitrary })

/** Inputs of every kind, weighted toward those that pass the first checks. */
export const hostile: fc.Arbitrary<Uint8Array> = fc.oneof(
  of(
    2,
    fc.tuple(pick(seeds.tensors), mutations).map(([bytes, list]) => changed(bytes, list)),
  ),
  of(
    1,
    fc.tuple(pick(seeds.torch), mutations).map(([bytes, list]) => changed(bytes, list)),
  ),
  of(
    4,
    fc.tuple(pick(readable), mutations).map(([bytes, list]) => withPickle(bytes, (own) => changed(own, list))),
  ),
  of(
    4,
    fc.tuple(pick(seeds.tensors), draws).map(([bytes, list]) => withHeader(bytes, list)),
  ),
  of(
    2,
    pickle.map((own) => torchArchive(own, { 0: new Uint8Array(64) })),
  ),
  of(
    6,
    pickledValue(false).map((value) => torchArchive(pickled(value), { 0: new Uint8Array(64).fill(1) })),
  ),
  of(
    4,
    fc
      .tuple(pickledValue(true), pick([16, 16, 16, 16, 8, 64, 0, 2 ** 62]))
      .map(([value, count]) => legacyFile(pickled([whole, value]), { 0: new Uint8Array(64).fill(1) }, { 0: count })),
  ),
  of(
    3,
    fc
      .tuple(pick(seeds.legacy), pick([0, 1, 2, 3, 3, 3, 3, 4, 5]), mutations)
      .map(([bytes, index, list]) => withPart(bytes, index, (part) => changed(part, list))),
  ),
  of(
    1,
    fc.tuple(pick(seeds.legacy), mutations).map(([bytes, list]) => changed(bytes, list)),
  ),
  of(
    1,
    nested.map((own) => torchArchive(own)),
  ),
  of(2, zipFields),
  of(2, array),
  of(1, index),
  of(
    2,
    fc.tuple(pick([...seeds.arrays, ...seeds.archives, ...seeds.indices]), mutations).map(([bytes, list]) => changed(bytes, list)),
  ),
  of(
    3,
    fc
      .tuple(pick(seeds.archives), mutations, pick([0, 6] as const))
      .map(([bytes, list, level]) => withArrays(bytes, (own) => changed(own, list), level)),
  ),
  of(5, states),
  of(1, fc.uint8Array({ maxLength: 200 })),
  of(
    1,
    fc.string({ maxLength: 60 }).map((own) => tensorFile(own)),
  ),
)
