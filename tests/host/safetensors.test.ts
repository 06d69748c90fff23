import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { safetensors } from '../../host/io/index.ts'
import { thrown } from './thrown.ts'

const files = new URL('../files/', import.meta.url)
const cases = new URL('../conformance/cases/torch-file/', import.meta.url)
const expected = JSON.parse(readFileSync(new URL('expected.json', files), 'utf8'))

/** Returns the bytes of a file in their own buffer. */
function load(url: URL): Uint8Array {
  return new Uint8Array(readFileSync(url))
}

/** Returns a file with a header and `bytes` zero bytes. */
function made(header: unknown, bytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const file = new Uint8Array(8 + text.length + bytes)
  new DataView(file.buffer).setUint32(0, text.length, true)
  file.set(text, 8)
  return file
}

describe('safetensors.read', () => {
  const { tensors, metadata } = safetensors.read(load(new URL('values.safetensors', files)))

  it.each(Object.entries<{ shape: number[]; data: unknown[] }>(expected.tensors))(
    'reads %s like the reference implementation',
    (name, { shape, data }) => {
      const got = tensors[name]!
      expect(got.shape).toEqual(shape)
      expect(Array.from(got.data as Iterable<unknown>, String)).toEqual(data.map(String))
    },
  )

  it('widens half precision, and converts integers to int32 where they fit', () => {
    const types = Object.fromEntries(Object.entries(tensors).map(([name, { dtype }]) => [name, dtype]))
    expect(types).toEqual({
      ...{
        float64: 'float64',
        float32: 'float32',
        float16: 'float32',
        bfloat16: 'float32',
        scalar: 'float32',
        empty: 'float32',
        naïve: 'float32',
      },
      ...{ int64: 'int32', 'int64.long': 'int64', int32: 'int32', int16: 'int32', int8: 'int32', uint8: 'int32', bool: 'int32' },
      ...{ uint16: 'int32', uint32: 'int64', uint64: 'int64' },
    })
    expect(metadata).toEqual({ format: 'pt', 'made by': 'torch' })
  })

  it.each(['float8_e4m3fn', 'float8_e5m2'])('widens every code of %s as torch does', (name) => {
    const { float8 } = JSON.parse(readFileSync(new URL('containers.json', files), 'utf8'))
    const { dtype, shape, data } = safetensors.read(load(new URL('float8.safetensors', files))).tensors[name]!
    expect([dtype, shape]).toEqual(['float32', [256]])
    expect(Array.from(data as Float32Array, (x) => (Object.is(x, -0) ? '-0' : String(x)))).toEqual(
      float8[name].map((x: number | string) => (Object.is(x, -0) ? '-0' : String(x))),
    )
  })

  it('reads a Buffer at an odd offset', () => {
    const file = load(new URL('values.safetensors', files))
    const shifted = Buffer.concat([Buffer.of(0), file]).subarray(1)
    expect(safetensors.read(shifted).tensors.float64!.data).toEqual(safetensors.read(file).tensors.float64!.data)
  })

  it('returns views of the file where aligned, and copies otherwise', () => {
    const file = load(new URL('values.safetensors', files))
    const shifted = new Uint8Array(file.length + 1).subarray(1)
    shifted.set(file)
    for (const name of ['float64', 'float32', 'int32']) {
      expect(safetensors.read(file).tensors[name]!.data.buffer).toBe(file.buffer)
      const { data } = safetensors.read(shifted).tensors[name]!
      expect(data.buffer).not.toBe(shifted.buffer)
      expect(data).toEqual(safetensors.read(file).tensors[name]!.data)
    }
  })

  const tensor = { dtype: 'F32', shape: [1], data_offsets: [0, 4] }
  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /it must have at least 8 bytes, got 0$/],
    [
      'a length beyond the end',
      made('{}').subarray(0, 9),
      /^this is not a safetensors file: its header should have 2 bytes, but 1 follow$/,
    ],
    [
      'a length of 2^63',
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128, 123),
      /^this is not a safetensors file: its header should have 9223372036854776000 bytes, but 1 follow$/,
    ],
    [
      'a header that is too large',
      made(`{${' '.repeat(2 ** 22)}}`),
      /^this is not a safetensors file: its header must have at most 4194304 bytes, got 4194306$/,
    ],
    ['invalid JSON', made('{"a"'), /^this is not a safetensors file: its header is not a JSON object$/],
    ['a list', made('[]'), /^this is not a safetensors file: its header is not a JSON object$/],
    ['invalid UTF-8', made('{"\u0080"').with(10, 0xff), /^this is not a safetensors file: its header is not UTF-8$/],
    [
      'an unknown dtype',
      made({ a: { ...tensor, dtype: 'F31' } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an unknown dtype: 'F31'$/,
    ],
    [
      'a dtype named like a method',
      made({ a: { ...tensor, dtype: 'toString' } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an unknown dtype: 'toString'$/,
    ],
    [
      'a negative size',
      made({ a: { ...tensor, shape: [-1] } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an invalid shape: \[-1\]$/,
    ],
    [
      'a fraction',
      made({ a: { ...tensor, shape: [0.5] } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an invalid shape: \[0\.5\]$/,
    ],
    [
      'a size of 2^53',
      made({ a: { ...tensor, shape: [2 ** 53] } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an invalid shape: \[9007199254740992\]$/,
    ],
    [
      'sizes whose product overflows',
      made({ a: { ...tensor, shape: [2 ** 50, 2 ** 50] } }, 4),
      /^this is not a safetensors file: the tensor 'a' must have 5\.070602400912918e\+30 bytes for F32 \[1125899906842624, 1125899906842624\], got 4$/,
    ],
    [
      'sizes whose product is 0 after overflow',
      made({ a: { ...tensor, shape: [2 ** 52, ...Array(30).fill(2 ** 52), 0] } }, 4),
      /'a' must have .* bytes for F32/,
    ],
    [
      'an offset beyond the end',
      made({ a: { ...tensor, data_offsets: [0, 8] } }, 4),
      /^this is not a safetensors file: the tensor 'a' has data_offsets 0 to 8, outside the 4 bytes of data$/,
    ],
    [
      'an end before the start',
      made({ a: { ...tensor, data_offsets: [4, 0] } }, 4),
      /^this is not a safetensors file: the tensor 'a' has data_offsets 4 to 0, outside the 4 bytes of data$/,
    ],
    [
      'a wrong length',
      made({ a: { ...tensor, shape: [2] } }, 4),
      /^this is not a safetensors file: the tensor 'a' must have 8 bytes for F32 \[2\], got 4$/,
    ],
    [
      'an overlap',
      made({ a: tensor, b: tensor }, 4),
      /^this is not a safetensors file: the tensor 'b' begins at byte 0, but the one before it ends at 4$/,
    ],
    [
      'a gap',
      made({ a: tensor, b: { ...tensor, data_offsets: [8, 12] } }, 12),
      /^this is not a safetensors file: the tensor 'b' begins at byte 8, but the one before it ends at 4$/,
    ],
    ['bytes outside every tensor', made({ a: tensor }, 8), /4 bytes at its end belong to no tensor$/],
    [
      'a repeated name',
      made('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      /^this is not a safetensors file: its header repeats a name$/,
    ],
    [
      'a repeated key',
      made('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      /^this is not a safetensors file: its header repeats a name$/,
    ],
    [
      'an extra key',
      made({ a: { ...tensor, more: 1 } }, 4),
      /^this is not a safetensors file: the tensor 'a' has an unknown entry 'more'$/,
    ],
    [
      'metadata that is not a string',
      made({ __metadata__: { a: 1 } }),
      /^this is not a safetensors file: __metadata__ must map names to strings$/,
    ],
    ['a __proto__ name', made('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), /'__proto__'/],
    ['a name with an escape', made({ '\u001b[31m\n': 1 }), /the tensor '\\u001b\[31m\\u000a' must be an object, got 1$/],
  ])('throws for %s', (_, file, message) => {
    const error = thrown(() => safetensors.read(file))
    expect(error.code).toBe('file-invalid')
    expect(error.message).toMatch(/^this is not a safetensors file: /)
    expect(error.message).toMatch(message)
  })

  it('throws for unsupported dtypes and values that are not files', () => {
    expect(thrown(() => safetensors.read(made({ a: { dtype: 'F8_E8M0', shape: [2], data_offsets: [0, 2] } }, 2)))).toEqual({
      code: 'file-unsupported',
      message: "the tensor 'a' has the type F8_E8M0, which is not supported",
    })
    const beyond = made({ a: { dtype: 'U64', shape: [1], data_offsets: [0, 8] } }, 8)
    beyond[beyond.length - 1] = 255
    expect(thrown(() => safetensors.read(beyond)).message).toMatch(/^the tensor 'a' has integers beyond 2\^63, which are not supported$/)
    expect(thrown(() => safetensors.read('text' as never)).message).toMatch(/^safetensors\.read: bytes must be a Uint8Array, got 'text'$/)
  })
})

describe('safetensors.write', () => {
  it.each(readdirSync(cases).filter((name) => name.endsWith('.safetensors')))(
    'writes the same bytes as the reference implementation: %s',
    (name) => {
      const file = load(new URL(name, cases))
      const { tensors, metadata } = safetensors.read(file)
      expect(safetensors.write(tensors, metadata)).toEqual(file)
    },
  )

  it('round-trips every dtype and name', () => {
    const given = {
      '10': { dtype: 'float32', shape: [2], data: Float32Array.of(-0, Number.NaN) },
      '9': { dtype: 'float64', shape: [], data: Float64Array.of(5e-324) },
      whole: { dtype: 'int32', shape: [1, 2], data: Int32Array.of(-(2 ** 31), 7) },
      long: { dtype: 'int64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
      none: { dtype: 'float32', shape: [0], data: new Float32Array(0) },
      '"\\\n': { dtype: 'float32', shape: [1], data: Float32Array.of(1) },
    } as const
    const file = safetensors.write(given, { note: '"quoted": 1' })
    const { tensors, metadata } = safetensors.read(file)
    expect(metadata).toEqual({ note: '"quoted": 1' })
    expect(new Set(Object.keys(tensors))).toEqual(new Set(Object.keys(given)))
    for (const [name, tensor] of Object.entries(given)) expect(tensors[name]).toEqual(tensor)
    for (const { data } of Object.values(tensors)) expect(data.buffer).toBe(file.buffer)
    expect(safetensors.write({ ...given, '9': given['9'] }, { note: '"quoted": 1' })).toEqual(file)
  })

  it('accepts number arrays and throws for values that are not tensors', () => {
    const { tensors } = safetensors.read(safetensors.write({ a: { dtype: 'float32', shape: [2], data: [0.1, 2] } }))
    expect(tensors.a!.data).toEqual(Float32Array.of(0.1, 2))
    const refused = (tensor: unknown, metadata?: unknown) => thrown(() => safetensors.write({ a: tensor } as never, metadata as never)).code
    expect(refused({ dtype: 'float32', shape: [3], data: [1, 2] })).toBe('shape-mismatch')
    expect(refused({ dtype: 'float16', shape: [2], data: [1, 2] })).toBe('dtype-mismatch')
    expect(refused({ dtype: 'float32', shape: [1], data: ['1'] })).toBe('dtype-mismatch')
    expect(refused({ dtype: 'int64', shape: [1], data: [1] })).toBe('shape-mismatch')
    expect(refused([1, 2])).toBe('option-range')
    expect(refused({ dtype: 'float32', shape: [0], data: [] }, { a: 1 })).toBe('option-range')
    expect(thrown(() => safetensors.write({ __metadata__: { dtype: 'float32', shape: [0], data: [] } })).code).toBe('option-range')
  })
})
