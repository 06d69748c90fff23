import { readFileSync } from 'node:fs'
import { zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { npy, npz, torchFile } from '../../host/io/index.ts'
import { thrown } from './thrown.ts'

const files = new URL('../files/', import.meta.url)
const load = (name: string) => new Uint8Array(readFileSync(new URL(name, files)))
const expected: Record<string, { shape: number[]; data: unknown[] }> = JSON.parse(
  readFileSync(new URL('containers.json', files), 'utf8'),
).arrays

/** Returns a file with a header and `bytes` zero bytes. */
function made(header: string, bytes = 0, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header)
  const before = version === 1 ? 10 : 12
  const file = new Uint8Array(before + text.length + bytes)
  file.set([0x93, ...Buffer.from('NUMPY'), version, 0, text.length & 255, (text.length >> 8) & 255])
  file.set(text, before)
  return file
}

const dict = (descr = "'<f4'", order = 'False', shape = '(1,)') => `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`
const texts = (data: ArrayLike<unknown>) => Array.from(data, String)

describe('npy.read', () => {
  it.each([1, 2, 3])('reads version %d.0', (version) => {
    const file = load(`version-${version}.npy`)
    const { dtype, shape, data } = npy.read(file)
    expect([dtype, shape, texts(data)]).toEqual(['float32', expected.float32!.shape, expected.float32!.data.map(String)])
    expect(data.buffer).toBe(file.buffer)
  })

  it('transposes arrays in Fortran order', () => {
    const { shape, data } = npy.read(load('fortran.npy'))
    expect([shape, Array.from(data as Float32Array)]).toEqual([[2, 3, 4], Array.from({ length: 24 }, (_, i) => i)])
  })

  it('copies unaligned bytes', () => {
    const shifted = Buffer.concat([Buffer.of(0), load('version-1.npy')]).subarray(1)
    expect(npy.read(shifted)).toEqual(npy.read(load('version-1.npy')))
  })

  it.each([
    ["{'descr':'<i2','fortran_order':False,'shape':(2,)}", [2]],
    ['{"shape": (1, 2), "fortran_order": True, "descr": "|i2"}  \n', [1, 2]],
    ["{'shape': (2L, 1L), 'descr': '=i2', 'fortran_order': False, }", [2, 1]],
  ])('reads the header %s', (header, shape) => {
    const file = made(header, 4)
    file.set([1, 0, 255, 255], file.length - 4)
    expect(npy.read(file)).toEqual({ dtype: 'int32', shape, data: Int32Array.of(1, -1) })
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['objects', load('objects.npy'), /^the array holds pickled Python objects, which are not read; nothing was executed$/],
    ['records', load('structured.npy'), /^the array has records, which are not supported$/],
    ['complex numbers', load('complex.npy'), /^the array has the type '<c8', which is not supported$/],
    ['strings', load('text.npy'), /^the array has the type '<U2', which is not supported$/],
    ['dates', load('time.npy'), /^the array has the type '<M8\[s\]', which is not supported$/],
    ['floats of 128 bits', made(dict("'<f16'"), 16), /^the array has the type '<f16', which is not supported$/],
    ['a type of Object', made(dict("'toString'"), 4), /^the array has the type 'toString', which is not supported$/],
    ['a later version', made(dict(), 4, 4), /^version 4\.0 of \.npy files is not supported$/],
    ['integers beyond 2^63', made(dict("'<u8'"), 8).fill(255, -8), /^the array has integers beyond 2\^63, which are not supported$/],
  ])('refuses %s', (_, file, message) => {
    const error = thrown(() => npy.read(file))
    expect(error.code).toBe('file-unsupported')
    expect(error.message).toMatch(message)
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /it does not begin with \\x93NUMPY$/],
    ['a pickle', Uint8Array.of(0x80, 4, 0x4e, 0x2e), /it does not begin with \\x93NUMPY$/],
    ['a beginning', load('version-1.npy').subarray(0, 9), /it must have at least 10 bytes, got 9$/],
    ['a header that is cut', load('version-1.npy').subarray(0, 100), /its header should have 118 bytes, but 90 follow$/],
    ['a header of 60 KB', made(dict().padEnd(60_000), 4), /its header must have at most 10000 bytes, got 60000$/],
    ['invalid UTF-8', made('{\u0080', 4, 3).with(13, 0xff), /its header is not UTF-8$/],
    ['a list', made('[]', 4), /its header must be a Python dict, got '\[\]'$/],
    [
      'Python',
      made("{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': (1,)}", 4),
      /its header must be a Python dict of distinct names and literals, got '\{/,
    ],
    [
      'a missing entry',
      made("{'descr': '<f4', 'shape': (1,)}", 4),
      /its header must have the entries descr, fortran_order and shape, got \['descr', 'shape'\]$/,
    ],
    ['an extra entry', made(`${dict().slice(0, -1)} 'more': True}`, 4), /its header must have the entries .*, got \['descr', .*'more'\]$/],
    [
      'a repeated entry',
      made(`${dict().slice(0, -1)} 'shape': (1,)}`, 4),
      /its header must be a Python dict of distinct names and literals, got '\{'descr'/,
    ],
    ['an invalid order', made(dict(undefined, "'C'"), 4), /its fortran_order must be True or False, got ''C''$/],
    ['a type that is not a string', made(dict('True'), 4), /its descr must be a string, got 'True'$/],
    [
      'a shape that is not a tuple',
      made(dict(undefined, undefined, '(1)'), 4),
      /its shape must be a tuple of at most 64 integers ≥ 0, got '\(1\)'$/,
    ],
    [
      'a shape of commas',
      made(dict(undefined, undefined, '(,,)'), 4),
      /its shape must be a tuple of at most 64 integers ≥ 0, got '\(,,\)'$/,
    ],
    [
      'a size of 2^53',
      made(dict(undefined, undefined, '(9007199254740992,)'), 4),
      /its shape must be a tuple of at most 64 integers ≥ 0, got '\(9007199254740992,\)'$/,
    ],
    [
      'a size of 17 digits',
      made(dict(undefined, undefined, `(${'1'.repeat(17)},)`), 4),
      /its shape must be a tuple of at most 64 integers ≥ 0, got /,
    ],
    ['65 axes', made(dict(undefined, undefined, `(${'1,'.repeat(65)})`), 4), /its shape must be a tuple of at most 64 integers ≥ 0, got /],
    [
      'sizes whose product overflows',
      made(dict(undefined, undefined, `(${'4503599627370496,'.repeat(64)})`), 4),
      /bytes for F32 .*, got 4$/,
    ],
    ['too few bytes', made(dict(undefined, undefined, '(2,)'), 4), /its array must have 8 bytes for F32 \[2\], got 4$/],
    ['too many bytes', made(dict(), 8), /its array must have 4 bytes for F32 \[1\], got 8$/],
    ['an escape', made("{'\u001b[2J': True}", 4), /got '\{'\\u001b/],
  ])('refuses %s', (_, file, message) => {
    const error = thrown(() => npy.read(file))
    expect(error.code).toBe('file-invalid')
    expect(error.message).toMatch(/^this is not an \.npy file: /)
    expect(error.message).toMatch(message)
  })

  it('rejects long invalid headers in linear time', () => {
    for (const text of [`{'shape': (${'1'.repeat(9900)}`, `{${' '.repeat(9900)}'`, `{'descr': '${'}'.repeat(9900)}`]) {
      expect(thrown(() => npy.read(made(text, 4))).code).toBe('file-invalid')
    }
    expect(thrown(() => npy.read('text' as never)).message).toBe("npy.read: bytes must be a Uint8Array, got 'text'")
  })
})

describe('npy.write', () => {
  it('writes the same bytes as NumPy', () => {
    expect(npy.write(npy.read(load('version-1.npy')))).toEqual(load('version-1.npy'))
    for (const [name, tensor] of Object.entries(npz.read(load('stored.npz')))) {
      if (!/^(?:int32|int64-long|float32|float64|scalar|empty)$/.test(name)) continue
      const member = readFileSync(new URL('stored.npz', files))
      expect(member.includes(Buffer.from(npy.write(tensor))), name).toBe(true)
    }
  })

  it('throws for values that are not tensors', () => {
    expect(thrown(() => npy.write([1, 2] as never)).code).toBe('option-range')
    expect(thrown(() => npy.write({ dtype: 'float32', shape: [3], data: [1] })).code).toBe('shape-mismatch')
    expect(thrown(() => npy.write({ dtype: 'uint8', shape: [1], data: [1] } as never)).code).toBe('dtype-mismatch')
  })
})

describe('npz.read', () => {
  const archives = ['stored.npz', 'compressed.npz'].map((name) => [name, npz.read(load(name))] as const)

  it.each(archives.flatMap(([file, tensors]) => Object.keys(expected).map((name) => [file, name, tensors[name]!] as const)))(
    '%s: reads the array %s as NumPy wrote it',
    (_, name, { shape, data }) => {
      expect(shape).toEqual(expected[name]!.shape)
      expect(texts(data)).toEqual(expected[name]!.data.map(String))
    },
  )

  it('converts dtypes as safetensors.read does, and keeps names', () => {
    const { zeros, ...rest } = archives[1]![1]
    expect(Object.fromEntries(Object.entries(rest).map(([name, { dtype }]) => [name, dtype]))).toEqual({
      ...{ bool: 'int32', int8: 'int32', int16: 'int32', int32: 'int32', int64: 'int32', 'int64-long': 'int64', uint8: 'int32' },
      ...{ uint16: 'int32', uint32: 'int64', uint64: 'int64', float16: 'float32', float32: 'float32', float64: 'float64' },
      ...{ scalar: 'float64', empty: 'float32', 'big-int16': 'int32', 'big-float64': 'float64', fortran: 'float32' },
      ...{ 'fortran-big': 'int32', 'naïve/name': 'float64' },
    })
    expect(zeros).toEqual({ dtype: 'float64', shape: [100, 50], data: new Float64Array(5000) })
    const both = npz.read(npz.write({ W: { dtype: 'int32', shape: [1], data: [1] }, w: { dtype: 'int32', shape: [1], data: [2] } }))
    expect([both.W!.data[0], both.w!.data[0]]).toEqual([1, 2])
  })

  const one = npy.write({ dtype: 'float32', shape: [1000], data: new Float32Array(1000) })
  const bomb = zipSync({ 'a.npy': made(dict("'|u1'", 'False', '(200000000,)'), 200_000_000) })

  /** Returns an archive of one file whose directory declares another size. */
  const declared = (file: Uint8Array, size: number) => {
    const bytes = zipSync({ 'a.npy': file })
    const view = new DataView(bytes.buffer)
    view.setUint32(view.getUint32(bytes.length - 6, true) + 24, size, true)
    return bytes
  }

  it.each<[string, () => Uint8Array, RegExp]>([
    ['a bomb', () => bomb, /^a\.npy: the archive unpacks to more than 134217728 bytes; npz\.read takes a higher limit as maxBytes$/],
    [
      'a bomb with a small declared size',
      () => declared(new Uint8Array(100_000_000), 80),
      /^a\.npy: the file 'a\.npy' in the archive does not unpack to 80 bytes$/,
    ],
    [
      'a declared size that is too large',
      () => declared(one, 5000),
      /^a\.npy: the file 'a\.npy' in the archive does not unpack to 5000 bytes$/,
    ],
    [
      'deflated data that is damaged',
      () => {
        const bytes = zipSync({ 'a.npy': one })
        return bytes.fill(0xff, 36, 60)
      },
      /^a\.npy: the file 'a\.npy' in the archive does not unpack to 4128 bytes$/,
    ],
    [
      'a checksum that differs',
      () => {
        const bytes = zipSync({ 'a.npy': one })
        const view = new DataView(bytes.buffer)
        view.setUint32(view.getUint32(bytes.length - 6, true) + 16, 1, true)
        return bytes
      },
      /^a\.npy: this is not a zip archive: the file 'a\.npy' in it is corrupt: its checksum differs$/,
    ],
    ['an array that is damaged', () => zipSync({ 'b.npy': new Uint8Array(20) }), /^b\.npy: this is not an \.npy file: it does not begin /],
    ['an .npy file', () => one, /^this is not a zip archive: it has no directory at its end$/],
  ])('refuses %s', (_, make, message) => {
    const error = thrown(() => npz.read(make()))
    expect(error.code).toBe('file-invalid')
    expect(error.message).toMatch(message)
  })

  it.each<[string, () => Uint8Array, RegExp]>([
    ['files of torch', () => torchFile.save({}), /^the file 'archive\/data\.pkl' in the archive is not an \.npy file$/],
    ['objects', () => zipSync({ 'o.npy': load('objects.npy') }), /^o\.npy: the array holds pickled Python objects/],
    ['a prototype', () => zipSync(Object.fromEntries([['__proto__.npy', one]])), /^the file '__proto__\.npy' in the archive is not/],
  ])('does not support %s', (_, make, message) => {
    const error = thrown(() => npz.read(make()))
    expect(error.code).toBe('file-unsupported')
    expect(error.message).toMatch(message)
  })

  it('limits unpacked bytes to maxBytes', () => {
    expect(npz.read(load('compressed.npz'), { maxBytes: 50_000 }).zeros!.data.length).toBe(5000)
    expect(thrown(() => npz.read(load('compressed.npz'), { maxBytes: 40_000 })).code).toBe('file-invalid')
    expect(thrown(() => npz.read(bomb, { maxBytes: -1 })).message).toBe('npz.read: maxBytes must be an integer ≥ 0, got -1')
    expect(thrown(() => npz.read(bomb, { max: 1 } as never)).code).toBe('option-unknown')
  })
})

describe('npz.write', () => {
  const given = {
    '10': { dtype: 'float32', shape: [2], data: Float32Array.of(-0, Number.NaN) },
    a: { dtype: 'float64', shape: [], data: Float64Array.of(5e-324) },
    'layer/weight ü': { dtype: 'int32', shape: [1, 2], data: Int32Array.of(-(2 ** 31), 7) },
    long: { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
    none: { dtype: 'float32', shape: [0, 5], data: new Float32Array(0) },
    zeros: { dtype: 'float32', shape: [10_000], data: new Float32Array(10_000) },
  } as const

  it.each([{}, { compressed: true }])('round-trips with %j', (options) => {
    const file = npz.write(given, options)
    expect(npz.read(file)).toEqual(given)
    expect(npz.write(given, options)).toEqual(file)
    expect(file.length < 5000).toBe('compressed' in options)
  })

  it('throws for values that are not tensors, and for empty names', () => {
    expect(thrown(() => npz.write({ a: [1] } as never)).code).toBe('option-range')
    expect(thrown(() => npz.write([] as never)).message).toBe('npz.write: tensors must be tensors by name, got []')
    expect(thrown(() => npz.write({ '': given.a })).code).toBe('option-range')
    expect(thrown(() => npz.write({}, { compressed: 1 } as never)).code).toBe('option-range')
    expect(npz.read(npz.write({}))).toEqual({})
  })
})
