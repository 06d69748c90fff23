import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { zipSync } from 'fflate'
import { afterAll, describe, expect, it } from 'vitest'
import { torchFile } from '../../host/io/index.ts'
import { inspect } from '../../host/io/inspect.ts'
import { Call, Name, Persistent, pickled } from '../../host/io/pickle-writer.ts'
import { Tuple } from '../../host/io/python.ts'
import { sourceOf } from '../../host/io/source.ts'
import { zipped } from '../../host/io/zip.ts'
import { hostile, legacyFile, Target, tensorFile, torchArchive } from './hostile.ts'
import { thrown } from './thrown.ts'

/** How many inputs the fuzzer makes: a few here, and 100,000 with FUZZ=100000. */
const RUNS = Number(process.env.FUZZ ?? 1500)

it(`each of ${RUNS} hostile inputs loads, or is refused by a typed error that has changed nothing`, { timeout: 20 * RUNS + 60_000 }, () => {
  const target = new Target()
  fc.assert(
    fc.property(hostile, (bytes) => target.attempt(bytes)),
    { numRuns: RUNS, seed: Number(process.env.FUZZ_SEED ?? 1) },
  )
  const { loaded, refused } = target.outcomes
  expect(loaded + refused).toBe(6 * RUNS)
  // A fuzzer whose inputs are all refused at once looks at nothing.
  expect(loaded).toBeGreaterThan(RUNS / 2)
})

/** A pickle of operations, written as letters, and of texts. */
function pickle(...parts: readonly (string | readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Uint8Array.from(part)))
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x80, 2), ...bytes, Buffer.from('.')]))
}

const storage = { 0: new Uint8Array(64) }
const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]

function tensor(
  shape: readonly unknown[],
  strides: readonly unknown[],
  { offset = 0, elements = 16, key = '0', type = 'FloatStorage' as unknown, more = [false, null] as unknown[], encode = pickled } = {},
): Uint8Array {
  const name = typeof type === 'string' ? new Name('torch', type) : type
  const id = new Persistent(new Tuple(['storage', name, key, 'cpu', elements]))
  const call = new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [id, offset, new Tuple(shape), new Tuple(strides), ...more])
  return torchArchive(encode({ x: call }), storage)
}

/** A pickle in which the int 4 is the float 4.0. */
const withFloat = (value: unknown) =>
  new Uint8Array(Buffer.from(Buffer.from(pickled(value)).toString('latin1').replace('K\x04', 'G\x40\x10\0\0\0\0\0\0'), 'latin1'))

/** A tensor of a file from before torch 1.6, and its file. */
function legacyTensor({
  elements = 16,
  view = null as unknown,
  keys = { 0: new Uint8Array(64) } as Record<string, Uint8Array>,
  count = 16n,
} = {}) {
  const id = new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', elements, view]))
  const call = new Call(new Name('torch._utils', '_rebuild_tensor'), [id, 0, new Tuple([2]), new Tuple([1])])
  return legacyFile(pickled([call]), keys, { 0: count })
}

/** A zip archive one of whose files has another place, size or name than it should. */
function zip(change: (view: DataView, directory: number, end: number) => void): Uint8Array {
  const bytes = torchFile.save({ a: { dtype: 'float32', shape: [2], data: [1, 2] } })
  const view = new DataView(bytes.buffer)
  const end = bytes.length - 22
  change(view, view.getUint32(end + 16, true), end)
  return bytes
}

const repeated = (code: string, count: number) => Buffer.alloc(count, code, 'latin1')
const often = (count: number, text: string, ...codes: number[]) =>
  Buffer.from(
    String.fromCharCode(...codes)
      .concat(text)
      .repeat(count),
    'latin1',
  )

const texts = (count: number) =>
  Buffer.from(Array.from({ length: count }, (_, i) => `X\x0a\0\0\0${String(i).padStart(10, '0')}`).join(''), 'latin1')

/** Each with what is said about it; what loads says nothing. */
const corpus: readonly (readonly [name: string, make: () => Uint8Array, message: RegExp | undefined])[] = [
  ['nothing', () => new Uint8Array(0), /^this is not a checkpoint, a safetensors file or a torch\.save file$/],
  [
    'a global of os',
    () => torchArchive(pickle('cos\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')),
    /^the file asks for 'os\.system', which is not allowed; nothing was executed\. Only state dicts of tensors and plain values are read$/,
  ],
  ['eval', () => torchArchive(pickle('c__builtin__\neval\n', 'X', u32(2), 'id', [0x85], 'R')), /asks for '__builtin__\.eval'/],
  ['a global by the stack', () => torchArchive(pickle([0x8c, 2], 'os', [0x8c, 6], 'system', [0x93])), /asks for 'os\.system'/],
  ['a global of Object', () => torchArchive(pickle('cconstructor\nconstructor\n')), /asks for 'constructor\.constructor'/],
  ['a global with an escape', () => torchArchive(pickle('cos\n\u001b[2Jsystem\n')), /asks for 'os\.\\u001b\[2Jsystem'/],
  [
    'a global as a value',
    () => torchArchive(pickle('ccollections\nOrderedDict\n')),
    /holds the class or function 'collections\.OrderedDict' as a value/,
  ],
  ['a call of a text', () => torchArchive(pickle('X', u32(1), 'a', ')R')), /it calls 'a'$/],
  [
    'a call of a call of a call',
    () =>
      torchArchive(
        pickle(
          'ctorch._tensor\n_rebuild_from_type_v2\nq\0)q\x01',
          ...Array.from({ length: 100_000 }, () => '(h\0Nh\x01Ntq\x01'),
          'h\0h\x01R',
        ),
      ),
    /^the pickle in the file is damaged: a tensor is made by a Global$/,
  ],
  [
    'one list of 100,000, in 10,000 pairs',
    () => torchArchive(pickle('](', repeated('N', 100_000), 'eq\0ccollections\nOrderedDict\n](', often(10_000, 'h\0'), 'e\x85R')),
    /an OrderedDict is made of \[\[null, null, null, null, null, null, …\], /,
  ],
  [
    'one text of 1 MB, 100,000 times as bytes',
    () =>
      torchArchive(
        pickle(
          'X',
          u32(1e6),
          Buffer.alloc(1e6, 'a'),
          'q\0c_codecs\nencode\nq\x01X',
          u32(6),
          'latin1q\x02](',
          often(100_000, 'h\x01h\0h\x02\x86R'),
          'e',
        ),
      ),
    undefined,
  ],
  [
    'a directory of 1 GB',
    () => zip((view, _, end) => view.setUint32(end + 12, 2 ** 30, true)),
    /^this is not a zip archive: its directory must have at most 67108864 bytes, got 1073741824$/,
  ],
  ['a prototype', () => torchArchive(pickle('}X', u32(9), '__proto__', '}s')), /the key '__proto__'/],
  ['a key that is a list', () => torchArchive(pickle('}]]s')), /the key \[\]/],
  ['a long key', () => torchArchive(pickle('}X', u32(2000), 'k'.repeat(2000), 'Ns')), /the key 'k{80}…'/],
  ['a list in itself', () => torchArchive(pickle(']q\0h\0a')), /nested 100 deep, or one contains itself$/],
  ['a dict in itself', () => torchArchive(pickle('}q\0K\x01h\0s')), /or one contains itself$/],
  ['lists within lists', () => torchArchive(pickle(repeated(']', 200_000), repeated('a', 199_999))), /nested 100 deep/],
  [
    'twice twice twice',
    () =>
      torchArchive(
        pickle(
          ']q\0',
          ...Array.from({ length: 60 }, (_, i) => `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`),
        ),
      ),
    /^the pickle in the file is damaged: it has more than 1048576 values$/,
  ],
  ['operations without end', () => torchArchive(pickle(repeated(']', 2 ** 25 - 100))), /more than 1048576 operations$/],
  [
    'a pickle of 64 MB',
    () => torchArchive(new Uint8Array(2 ** 26)),
    /^the pickle in the file is damaged: it must have at most 33554432 bytes, got 67108864$/,
  ],
  [
    'a number of 20 MB',
    () => torchArchive(pickle([0x8b], u32(20_000_000), Buffer.alloc(20_000_000, 1))),
    /^the pickle in the file is damaged: operation 0x8b at 2 is not supported$/,
  ],
  ['a text beyond the end', () => torchArchive(pickle('X', u32(2 ** 31), 'a')), /^the pickle in the file is damaged: it is truncated$/],
  ['no end', () => torchArchive(Uint8Array.of(0x80, 2, 0x4e)), /^the pickle in the file is damaged: it is truncated$/],
  ['an empty stack', () => torchArchive(pickle('a')), /^the pickle in the file is damaged: it pops an empty stack$/],
  ['a mark that is not there', () => torchArchive(pickle('t')), /^the pickle in the file is damaged: it pops a missing mark$/],
  [
    'a value that is not there',
    () => torchArchive(pickle('h\x07')),
    /^the pickle in the file is damaged: it refers to the missing memo entry 7$/,
  ],
  [
    'an operation of protocol 0',
    () => torchArchive(pickle('I1\n')),
    /^the pickle in the file is damaged: operation 0x49 at 2 is not supported$/,
  ],
  [
    'a tensor beyond its storage',
    () => tensor([4], [1], { offset: 13 }),
    /^the pickle in the file is damaged: a tensor \[4\] ends at element 16 of a storage of 16$/,
  ],
  [
    'strides beyond its storage',
    () => tensor([2, 2], [16, 1]),
    /^the pickle in the file is damaged: a tensor \[2, 2\] ends at element 17 of a storage of 16$/,
  ],
  [
    'a size of 2^53',
    () => tensor([2n ** 53n], [1]),
    /^the pickle in the file is damaged: a tensor of shape \[9007199254740992\] has strides \[1\] and offset 0$/,
  ],
  [
    'sizes whose product overflows',
    () => tensor([2 ** 40, 2 ** 40], [0, 0]),
    /^the pickle in the file is damaged: a tensor has the impossible shape \[1099511627776, 1099511627776\]$/,
  ],
  [
    'an offset below zero',
    () => tensor([1], [1], { offset: -1 }),
    /^the pickle in the file is damaged: a tensor of shape \[1\] has strides \[1\] and offset -1$/,
  ],
  ['one number 10^9 times', () => tensor([1e9], [0]), /repeats its 16 elements/],
  [
    'a storage that is too small',
    () => tensor([1], [1], { elements: 17 }),
    /^the pickle in the file is damaged: the storage '0' should have 17 elements of F32, but has 64 bytes$/,
  ],
  [
    'a storage that is not there',
    () => tensor([1], [1], { key: '1' }),
    /^the pickle in the file is damaged: the file lacks the storage '1'$/,
  ],
  [
    'a storage elsewhere',
    () => tensor([1], [1], { key: '../data.pkl' }),
    /^the pickle in the file is damaged: the file lacks the storage '\.\.\/data\.pkl'$/,
  ],
  [
    'a storage of another class',
    () => tensor([1], [1], { type: 'Size' }),
    /^the pickle in the file is damaged: it refers to \['storage', a Global, '0', 'cpu', 16\]$/,
  ],
  ['a storage of complex numbers', () => tensor([1], [1], { type: 'ComplexFloatStorage' }), /asks for 'torch\.ComplexFloatStorage'/],
  [
    'a frame of 2^63 bytes',
    () => torchArchive(pickle([0x95, 0, 0, 0, 0, 0, 0, 0, 0x80], 'N')),
    /^the pickle in the file is damaged: a frame should have 9223372036854776000 bytes, but 2 follow$/,
  ],
  [
    'a frame that ends within an operation',
    () => torchArchive(pickle([0x95, 3, 0, 0, 0, 0, 0, 0, 0], 'J', u32(1))),
    /^the pickle in the file is damaged: an operation at 16 does not end with its frame$/,
  ],
  [
    'a text that is not UTF-8',
    () => torchArchive(pickle('X', u32(1), [0xff])),
    /^the pickle in the file is damaged: the text at 7 is not UTF-8$/,
  ],
  ['a tuple that is appended to', () => torchArchive(pickle(')Na')), /: it appends to a value that is not a list$/],
  ['a list that is added to', () => torchArchive(pickle('](N', [0x90])), /: it adds to a value that is not a set$/],
  ['a frozenset that is added to', () => torchArchive(pickle('(', [0x91], '(N', [0x90])), /: it adds to a value that is not a set$/],
  ['a set of a list', () => torchArchive(pickle([0x8f], '(]', [0x90])), /^a set in the file has \[\], which is not supported$/],
  [
    'a key that is a float',
    () => torchArchive(pickle('}G', [0x40, 0x10, 0, 0, 0, 0, 0, 0], 'Ns')),
    /has the key a Float, which is not supported$/,
  ],
  [
    'the keys 1 and 1 as a text',
    () => torchArchive(pickle('}K\x01NsX', u32(1), '1Ns')),
    /^a dict in the file has the key '1', which is not supported beside keys of the other type$/,
  ],
  ['attributes of a dict', () => torchArchive(pickle('}}b')), /: it sets attributes of a PythonDict$/],
  [
    'an instance of OrderedDict that is not initialized',
    () => torchArchive(pickle('ccollections\nOrderedDict\n)', [0x81])),
    /: it creates an instance of a Global$/,
  ],
  [
    'an OrderedDict of two lists',
    () => torchArchive(pickle('ccollections\nOrderedDict\n]]', [0x86], 'R')),
    /: an OrderedDict has 2 arguments$/,
  ],
  ['a Counter of a list', () => torchArchive(pickle('ccollections\nCounter\n]', [0x85], 'R')), /: a Counter is made of \[\]$/],
  [
    'a torch.Size of a float',
    () => torchArchive(pickle('ctorch\nSize\n]G', Buffer.alloc(8), 'a', [0x85], 'R')),
    /: a torch\.Size is made of \[a Float\]$/,
  ],
  [
    'a device that is not one',
    () => torchArchive(pickle('ctorch\ndevice\nX', u32(1), 'x', [0x85], 'R')),
    /: a torch\.device is made of \['x'\]$/,
  ],
  ['a call of a class of tensors', () => torchArchive(pickle('ctorch\nTensor\n)R')), /: it calls a Global$/],
  [
    'bytes of a letter beyond 255',
    () => torchArchive(pickle('c_codecs\nencode\nX', u32(2), [0xc4, 0x80], 'X', u32(6), 'latin1', [0x86], 'R')),
    /: bytes are made of 'Ā'$/,
  ],
  [
    'bytes in another encoding',
    () => torchArchive(pickle('c_codecs\nencode\n))', [0x86], 'R')),
    /: bytes are made of a Tuple in the encoding a Tuple$/,
  ],
  ['protocol 6', () => torchArchive(Uint8Array.of(0x80, 6, 0x4e, 0x2e)), /: its protocol must be at most 5, got 6$/],
  [
    'a size that is a float',
    () => tensor([4], [1], { encode: withFloat }),
    /: a tensor of shape \[a Float\] has strides \[1\] and offset 0$/,
  ],
  ['a tensor that lacks an argument', () => tensor([4], [1], { more: [false] }), /: a tensor has 5 arguments$/],
  ['a gradient that is neither true nor false', () => tensor([4], [1], { more: [0, null] }), /: a tensor of type F32 has requires_grad 0$/],
  [
    'integers with a gradient',
    () => tensor([4], [1], { type: 'LongStorage', elements: 8, more: [true, null] }),
    /: a tensor of type I64 has requires_grad true$/,
  ],
  [
    'a tensor negated by a flag',
    () => tensor([4], [1], { more: [false, null, { neg: true }] }),
    /^a tensor of the file is negated or conjugated by a flag/,
  ],
  [
    'a storage that is too large',
    () => tensor([1], [1], { elements: 15 }),
    /: the storage '0' should have 15 elements of F32, but has 64 bytes$/,
  ],
  [
    'a storage of two types',
    () => {
      const id = (type: string, elements: number) => new Persistent(new Tuple(['storage', new Name('torch', type), '0', 'cpu', elements]))
      return torchArchive(pickled([id('FloatStorage', 16), id('LongStorage', 8)]), storage)
    },
    /: the storage '0' has 16 elements of F32, and 8 of I64$/,
  ],
  [
    'a file whose size is not its compressed size',
    () => zip((view, at) => view.setUint32(at + 24, view.getUint32(at + 24, true) + 1, true)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it should have \d+ bytes, but has \d+$/,
  ],
  ['a file that is a folder', () => zip((view, at) => view.setUint8(at + 38, 0x10)), /: the file 'archive\/data\.pkl' in it is a folder$/],
  [
    'a file on another disk',
    () => zip((view, at) => view.setUint8(at + 34, 1)),
    /: the file 'archive\/data\.pkl' in it is on another disk$/,
  ],
  ['an archive on two disks', () => zip((view, _, end) => view.setUint8(end + 4, 1)), /: it is a part of an archive on several disks$/],
  [
    'an encrypted file',
    () => zip((view, at) => view.setUint16(at + 8, 0x2000, true)),
    /^the file 'archive\/data\.pkl' in the archive is encrypted$/,
  ],
  [
    'a name that is not UTF-8',
    () => zip((view, at) => view.setUint8(at + 50, 0xff)),
    /^this is not a zip archive: a name in it is not UTF-8$/,
  ],
  [
    'a file outside of the folder',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['b/x', new Uint8Array(1)],
        ]),
      ),
    /^this zip archive was not written by torch\.save: 'b\/x' is outside of its folder$/,
  ],
  [
    'two names that differ in case',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['a/DATA.pkl', new Uint8Array(1)],
        ]),
      ),
    /: two of its files have the name 'a\/DATA\.pkl'$/,
  ],
  ['an archive without a version', () => zipped(new Map([['a/data.pkl', pickle('N')]])), /: it has no version$/],
  [
    'a version that is not a number',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('x')],
        ]),
      ),
    /: its version is 'x'$/,
  ],
  [
    'an unknown byte order',
    () =>
      zipped(
        new Map([
          ['a/data.pkl', pickle('N')],
          ['a/version', Buffer.from('3\n')],
          ['a/byteorder', Buffer.from('middle')],
        ]),
      ),
    /: its byteorder is 'middle'$/,
  ],
  ['a pickle of something else', () => pickle('N'), /^this is a pickle, but not of torch\.save: it lacks torch's magic number$/],
  [
    'a legacy file of a global',
    () => legacyFile(pickle('cos\nsystem\n', 'X', u32(2), 'id', [0x85], 'R')),
    /^the file asks for 'os\.system'/,
  ],
  [
    'a legacy file of which facts ask for a global',
    () => new Uint8Array(Buffer.concat([pickled(0x1950a86a20f9469cfc6cn), pickled(1001), pickle('ctorch\nSize\n')])),
    /: it asks for 'torch\.Size' where torch has a plain value$/,
  ],
  [
    'a legacy file of another version',
    () => new Uint8Array(Buffer.concat([pickled(0x1950a86a20f9469cfc6cn), pickled(1002)])),
    /: its version must be 1001, got 1002$/,
  ],
  ['a legacy file without storages', () => legacyTensor({ keys: {} }), /: the file lacks the storage '0'$/],
  ['a legacy file with other storages', () => legacyTensor({ keys: { 1: new Uint8Array(64) } }), /: its storage '1' is not of any tensor$/],
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
    /: a view of the storage '0' is \['v', 10, 7\]$/,
  ],
  ['a legacy view that is its own storage', () => legacyTensor({ view: new Tuple(['0', 0, 16]) }), /: two storages have the key '0'$/],
  [
    'a legacy pickle of 64 MB',
    () => legacyFile(new Uint8Array(Buffer.concat([Buffer.from([0x80, 2]), often(300_000, 'a'.repeat(200), 0x55, 200)]))),
    /: it has more than 33554432 bytes$/,
  ],
  ['a million empty lists in a legacy file', () => legacyFile(pickle('](', repeated(']', 1_000_000), 'e')), undefined],
  ['a million texts in a legacy file', () => legacyFile(pickle('](', texts(1_000_000), 'e')), undefined],
  [
    'a zip archive that is compressed',
    () => zipSync({ 'a/data.pkl': pickle('N'), 'a/version': [Buffer.from('3\n'), { level: 0 }] }),
    /'a\/data\.pkl' in the archive is compressed, unlike those of torch$/,
  ],
  [
    'a zip bomb',
    () => zipSync({ 'a/data.pkl': pickle(repeated(']', 60_000_000)), 'a/version': [Buffer.from('3\n'), { level: 0 }] }),
    /is compressed/,
  ],
  [
    'a zip archive of something else',
    () => zipSync({ 'a.txt': [new Uint8Array(3), { level: 0 }] }),
    /^this zip archive was not written by torch\.save: it has no data\.pkl$/,
  ],
  ['a zip archive without an end', () => torchFile.save({}).subarray(0, 200), /it has no directory at its end$/],
  [
    'a directory beyond the end',
    () => zip((view, _, end) => view.setUint32(end + 16, 2 ** 31, true)),
    /^this is not a zip archive: its directory should be at 2147483648, but the file has 814 bytes$/,
  ],
  [
    '65,535 files',
    () => zip((view, _, end) => [8, 10].map((field) => view.setUint16(end + field, 65535, true))),
    /^this is not a zip archive: entry 4 of its directory is invalid$/,
  ],
  [
    'a file beyond the end',
    () => zip((view, at) => view.setUint32(at + 42, 2 ** 30, true)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it overlaps another$/,
  ],
  [
    'a size beyond the end',
    () => zip((view, at) => [20, 24].map((field) => view.setUint32(at + field, 2 ** 30, true))),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it overlaps another$/,
  ],
  [
    'two files at one place',
    () => zip((view, at) => view.setUint32(at + 42, 64, true)),
    /^this is not a zip archive: the file 'archive\/byteorder' in it overlaps another$/,
  ],
  [
    'a checksum that differs',
    () => zip((view) => view.setUint8(64, 0x81)),
    /^this is not a zip archive: the file 'archive\/data\.pkl' in it is corrupt: its checksum differs$/,
  ],
  [
    'a header of 100 MB',
    () => tensorFile(`{${' '.repeat(100_000_000)}}`),
    /^this is not a safetensors file: its header must have at most 4194304 bytes, got 100000002$/,
  ],
  [
    'lists within lists in JSON',
    () => tensorFile(`{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`),
    /^this is not a safetensors file: its header is nested too deep$/,
  ],
  ['empty lists in JSON', () => tensorFile(`{"a":[${'[],'.repeat(1_390_000)}[]]}`), /has \[\[\], \[\], \[\], \[\], \[\], \[\], …\]|'a' is/],
  ['empty objects in JSON', () => tensorFile(`{"a":[${'{},'.repeat(1_390_000)}{}]}`), /'a' is/],
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
  ['a million empty lists', () => torchArchive(pickle('](', repeated(']', 1_000_000), 'e')), undefined],
  ['a million empty dicts', () => torchArchive(pickle('](', repeated('}', 1_000_000), 'e')), undefined],
  ['250,000 dicts', () => torchArchive(pickle('](', often(250_000, '}K\x01Ns'), 'e')), undefined],
  ['a million texts', () => torchArchive(pickle('](', texts(1_000_000), 'e')), undefined],
  ['a text of 32 MB', () => torchArchive(pickle('X', u32(2 ** 25 - 200), Buffer.alloc(2 ** 25 - 200, 'ü'))), undefined],
]

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-hostile-'))

/**
 * Tells the most memory a process has taken, in KB, through its fourth stream. Linux counts what its parent took into its maxRSS, and not into
 * VmHWM.
 */
const REPORT = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeSync } from 'node:fs'
  process.on('exit', () => {
    let peak = process.resourceUsage().maxRSS
    try {
      peak = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
    } catch {}
    writeSync(3, String(peak))
  })`)}`

function inspected(file: string) {
  const began = performance.now()
  const { status, stderr, output } = spawnSync(process.execPath, ['--import', REPORT, join(root, 'dist/cli.js'), 'inspect', file], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  return { code: status, err: stderr, megabytes: Number(output[3]) / 1024, seconds: (performance.now() - began) / 1000 }
}

afterAll(() => rmSync(folder, { recursive: true }))

describe('the corpus', () => {
  const usual = inspected(join(root, 'tests/files/model.pt'))
  const target = new Target()

  it.each(corpus)('%s', (name, make, message) => {
    const bytes = make()
    if (bytes.length < 1e6) target.attempt(bytes)
    if (message) expect(thrown(() => inspect(sourceOf('', bytes))).message).toMatch(message)
    const file = join(folder, name.replaceAll(/[ /]/g, '-'))
    writeFileSync(file, bytes)
    const { code, err, megabytes, seconds } = inspected(file)
    rmSync(file)
    expect(code).toBe(message ? 2 : 0)
    expect(err).toMatch(message ? /^downhill inspect: \P{Cc}+\n$/u : /^$/)
    expect(seconds).toBeLessThan(10)
    expect(megabytes - usual.megabytes).toBeLessThan(256)
  })
})

it('a number in a large storage is not worth reading', () => {
  const call = new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [
    new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', 250_000])),
    ...[7, new Tuple([]), new Tuple([]), false, null],
  ])
  const source = sourceOf('', torchArchive(pickled({ step: call }), { 0: new Uint8Array(1_000_000) }))
  let read = 0
  const { tensors } = inspect({ size: source.size, at: (start, length) => source.at(start, (read += length) && length) })
  expect(tensors).toEqual([{ name: 'step', dtype: 'float32', shape: [], bytes: 4 }])
  expect(read).toBeLessThan(100_000)
})

it('a storage is not read in many forms, each of which takes more than the file', () => {
  const storage = new Persistent(new Tuple(['storage', new Name('torch', 'ByteStorage'), '0', 'cpu', 4096]))
  const tensors = Array.from({ length: 300 }, (_, offset) => {
    return new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [storage, offset, new Tuple([3000]), new Tuple([1]), false, null])
  })
  const bytes = torchArchive(pickled(tensors), { 0: new Uint8Array(4096) })
  expect(thrown(() => torchFile.read(bytes)).message).toMatch(/^the tensors of the file take more than 16 times its bytes$/)
})
