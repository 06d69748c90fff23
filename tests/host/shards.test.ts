import { openAsBlob, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DownhillError } from '../../host/index.ts'
import { safetensors } from '../../host/io/index.ts'
import { thrown } from './thrown.ts'

const files = new URL('../files/', import.meta.url)
const load = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(name, files)))
const INDEX = 'model.safetensors.index.json'

async function refused(promise: Promise<unknown>): Promise<DownhillError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DownhillError)
  return error as DownhillError
}

const tensor = (...data: number[]) => ({ dtype: 'float32', shape: [data.length], data: Float32Array.from(data) }) as const

describe('safetensors.readSharded', () => {
  const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const
  const shards: Record<string, Uint8Array<ArrayBuffer>> = { [first]: load(first), [second]: load(second) }
  const whole = {
    'embed.weight': { dtype: 'float32', shape: [2, 2], data: Float32Array.of(0, 1, 2, 3) },
    'head.bias': tensor(4),
    'head.weight': tensor(0, 1, 2, 3, 4, 5),
  }

  it.each<[string, safetensors.Shards]>([
    ['an object', shards],
    ['a map', new Map(Object.entries(shards))],
    ['a function', (file) => shards[file]!],
    ['a function of promises', async (file) => shards[file]!.buffer],
  ])('reads the files of Hugging Face from %s', async (_, from) => {
    const { tensors, metadata } = await safetensors.readSharded(load(INDEX), from)
    expect(tensors).toEqual(whole)
    expect(Object.keys(tensors)).toEqual(Object.keys(whole))
    expect(metadata).toEqual({ total_size: 32 })
  })

  it('requests each file once, and accepts a parsed index', async () => {
    const asked: string[] = []
    const { tensors } = await safetensors.readSharded(JSON.parse(readFileSync(new URL(INDEX, files), 'utf8')), (file) => {
      asked.push(file)
      return shards[file]!
    })
    expect([asked, Object.keys(tensors).length]).toEqual([[first, second], 3])
    expect(tensors['head.bias']!.data.buffer).toBe(shards[first]!.buffer)
  })

  const map = (changes: object) => ({ weight_map: { 'embed.weight': first, 'head.bias': first, 'head.weight': second, ...changes } })
  const text = (json: string) => new TextEncoder().encode(json)
  it.each<[string, Uint8Array | object, RegExp]>([
    [
      'a tensor that no file has',
      map({ more: second }),
      /it maps the tensor 'more' to 'model-00002-of-00002\.safetensors', which lacks it$/,
    ],
    [
      'a tensor in another file',
      map({ 'head.bias': second }),
      /it maps the tensor 'head\.bias' to 'model-00002-of-00002\.safetensors', but 'model-00001-of-00002\.safetensors' has it$/,
    ],
    [
      'a tensor that is not in it',
      { weight_map: { 'embed.weight': first } },
      /'model-00001-of-00002\.safetensors' has the tensor 'head\.bias', which is not in the index$/,
    ],
    ['a path', map({ more: '../secret' }), /it maps 'more' to '\.\.\/secret', which is not a file name$/],
    ['a hidden file', map({ more: '.netrc' }), /'\.netrc', which is not a file name$/],
    ['a name with an escape', map({ more: 'a\u001b[2J' }), /'a\\u001b\[2J', which is not a file name$/],
    ['a number', map({ more: 1 }), /it maps 'more' to 1, which is not a file name$/],
    ['a prototype', text('{"weight_map":{"__proto__":"a"}}'), /it maps '__proto__' to 'a', which is not a file name$/],
    ['a missing map', { metadata: {} }, /its weight_map must be an object, got undefined$/],
    ['a list', { weight_map: [] }, /its weight_map must be an object, got \[\]$/],
    ['metadata that is not an object', { weight_map: {}, metadata: 1 }, /its metadata must be an object, got 1$/],
    ['an index that is not an object', text('[]'), /it must be an object, got \[\]$/],
    ['invalid JSON', text('{"weight_map"'), /it is not JSON$/],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0xff), /it is not UTF-8$/],
    ['a name twice', text('{"weight_map":{"a":"x","a":"y"}}'), /it repeats a name$/],
    ['an index that is nested', text(`{"weight_map":${'['.repeat(1000)}`), /it is nested too deeply$/],
    ['an index of 5 MB', new Uint8Array(5e6), /it must have at most 4194304 bytes, got 5000000$/],
  ])('refuses %s', async (_, index, message) => {
    const error = await refused(safetensors.readSharded(index, shards))
    expect([error.code, error.message]).toEqual(['file-invalid', expect.stringMatching(/^this is not an index of safetensors files: /)])
    expect(error.message).toMatch(message)
  })

  it('names a missing or damaged file', async () => {
    const missing = await refused(safetensors.readSharded(load(INDEX), { [first]: load(first) }))
    expect([missing.code, missing.message]).toEqual([
      'file-failed',
      "safetensors.readSharded: 'model-00002-of-00002.safetensors' must be a Uint8Array, got undefined",
    ])
    const damaged = await refused(safetensors.readSharded(load(INDEX), { ...shards, [second]: load(second).subarray(0, 50) }))
    expect([damaged.code, damaged.message]).toEqual([
      'file-invalid',
      expect.stringMatching(/^model-00002-of-00002\.safetensors: this is not a safetensors file: its header should have /),
    ])
    expect((await refused(safetensors.readSharded({ weight_map: { a: 'toString' } }, {}))).code).toBe('file-failed')
    expect((await refused(safetensors.readSharded(load(INDEX), undefined as never))).code).toBe('option-range')
  })
})

describe('safetensors.open', () => {
  const given = { a: tensor(1, 2), large: tensor(...Array(10_000).fill(7)), none: tensor(), z: tensor(3) }
  const bytes = safetensors.write(given, { from: 'here' })
  const header = new DataView(bytes.buffer).getUint32(0, true)

  /** Returns a reader of a file that is zero after the given bytes, and the ranges it was asked for. */
  function counted(file: Uint8Array) {
    const asked: [number, number][] = []
    return {
      asked,
      read: async (start: number, end: number) => {
        asked.push([start, end])
        const part = new Uint8Array(end - start)
        part.set(file.subarray(start, end))
        return part
      },
    }
  }

  it('reads the header, then only the requested tensors', async () => {
    const { asked, read } = counted(bytes)
    const file = await safetensors.open(read)
    expect(asked).toEqual([
      [0, 8],
      [8, 8 + header],
    ])
    expect([file.names, file.metadata]).toEqual([['a', 'large', 'none', 'z'], { from: 'here' }])
    expect(file.info('large')).toEqual({ dtype: 'float32', shape: [10_000], bytes: 40_000 })
    expect(asked.length).toBe(2)
    expect(await file.tensor('z')).toEqual(given.z)
    expect(asked.slice(2)).toEqual([[bytes.length - 4, bytes.length]])
    expect(await file.tensor('none')).toEqual(given.none)
    expect(asked.length).toBe(3)
  })

  it('reads only a header and 8 bytes of a 1 GB file', async () => {
    const size = 2 ** 30
    const text = JSON.stringify({
      large: { dtype: 'BF16', shape: [2 ** 29 - 4], data_offsets: [0, size - 8] },
      small: { dtype: 'F32', shape: [2], data_offsets: [size - 8, size] },
    })
    const start = new Uint8Array(8 + text.length)
    new DataView(start.buffer).setUint32(0, text.length, true)
    start.set(new TextEncoder().encode(text), 8)
    const { asked, read } = counted(start)
    const slice = (from: number, to: number) => ({ arrayBuffer: async () => (await read(from, to)).buffer })
    for (const file of [read, { size: start.length + size, slice }]) {
      asked.length = 0
      const { tensor, names, info } = await safetensors.open(file).then((open) => ({
        tensor: open.tensor('small'),
        names: open.names,
        info: open.info('large'),
      }))
      expect([await tensor, names, info.bytes]).toEqual([
        { dtype: 'float32', shape: [2], data: new Float32Array(2) },
        ['large', 'small'],
        size - 8,
      ])
      expect(asked.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(start.length + 8)
    }
  })

  it('reads nothing of a tensor whose type is not supported', async () => {
    const text = '{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}'
    const start = new Uint8Array(8 + text.length)
    start[0] = text.length
    start.set(new TextEncoder().encode(text), 8)
    const { asked, read } = counted(start)
    const file = await safetensors.open(read)
    expect([file.info('a').dtype, (await refused(file.tensor('a'))).code, asked.length]).toEqual(['complex64', 'file-unsupported', 2])
  })

  it('opens Blobs and files on disk', async () => {
    for (const blob of [new Blob([bytes]), await openAsBlob(fileURLToPath(new URL('values.safetensors', files)))]) {
      const { tensors } = safetensors.read(await blob.arrayBuffer())
      const file = await safetensors.open(blob)
      expect(file.names).toEqual(Object.keys(tensors))
      for (const name of file.names) expect(await file.tensor(name)).toEqual(tensors[name])
    }
  })

  it('accepts a Buffer at an odd offset', async () => {
    const shifted = Buffer.concat([Buffer.of(0), bytes])
    const file = await safetensors.open(async (start, end) => shifted.subarray(start + 1, end + 1))
    expect(await file.tensor('a')).toEqual(given.a)
  })

  it('throws for damaged files and wrong reads', async () => {
    const message = async (file: unknown) => (await refused(safetensors.open(file as never))).message
    expect(await message(new Blob([]))).toBe('this is not a safetensors file: it must have at least 8 bytes, got 0')
    expect(await message(new Blob([bytes.subarray(0, 50)]))).toMatch(/its header should have \d+ bytes, but 42 follow$/)
    expect(await message(new Blob([bytes.subarray(0, -1)]))).toMatch(/^this is not a safetensors file: the tensor 'z' has data_offsets /)
    expect(await message(new Blob([bytes, 'x']))).toMatch(/1 bytes at its end belong to no tensor$/)
    expect(await message(async () => bytes)).toBe(`safetensors.open: reading bytes 0 to 8 must return 8 bytes, got ${bytes.length}`)
    expect(await message(async () => 'text')).toBe("safetensors.open: reading bytes 0 to 8 must return 8 bytes, got 'text'")
    expect(await message(bytes)).toMatch(/^safetensors\.open: file must be a Blob or a function \(start, end\), got an? Uint8Array$/)
    const huge = async (_: number, end: number) => new Uint8Array(end - _).fill(255)
    expect(await message(huge)).toMatch(/its header must have at most 4194304 bytes, got 18446744073709552000$/)
    const file = await safetensors.open(new Blob([bytes]))
    expect((await refused(file.tensor('b'))).message).toBe("SafeTensorsFile.tensor: name must be a name in names, got 'b'")
    expect(thrown(() => file.info('__proto__')).code).toBe('option-range')
  })
})
