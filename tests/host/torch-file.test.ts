import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Adam, Arena, AveragedModel, Generator, Loader, MultiStepLR, type Parameter, SGD } from '../../host/index.ts'
import { torchFile } from '../../host/io/index.ts'
import { inspect } from '../../host/io/inspect.ts'
import { sourceOf } from '../../host/io/source.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

const files = new URL('../files/', import.meta.url)
const cases = new URL('../conformance/cases/torch-file/', import.meta.url)
const legacy = new URL('legacy/', files)
const load = (url: URL) => new Uint8Array(readFileSync(url))
const expected = JSON.parse(readFileSync(new URL('expected.json', files), 'utf8'))

/** The network in tests/files/make.py. */
function network(arena: Arena): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(arena, 1, 3, 3, { padding: 1 }),
    new nn.BatchNorm2d(arena, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(arena, 12, 6),
    new nn.LayerNorm(arena, [6]),
    new nn.Linear(arena, 6, 2),
  )
}

describe('torchFile.read', () => {
  it.each(['values.pt', 'values-protocol4.pt'])('reads every tensor dtype and every plain value: %s', (name) => {
    const { tensors, plain } = torchFile.read(load(new URL(name, files))) as any
    for (const [key, tensor] of Object.entries<any>(tensors)) {
      const { shape, data } = expected.tensors[key]
      expect(tensor.shape, key).toEqual(shape)
      expect(Array.from(tensor.data, String), key).toEqual(data.map(String))
    }
    expect(Object.keys(tensors).length).toBeGreaterThan(12)
    expect(plain).toEqual({
      ...{ none: null, true: true, int: 3, negative: -70000, long: 2n ** 70n, float: 0.1, text: 'ü\n', list: [1, [2.5]], tuple: [1, 'a'] },
      ...{ bytes: Uint8Array.of(0, 255), bytearray: Uint8Array.of(97, 98), set: [5], size: [2, 3], dtype: 'torch.float32', device: 'cpu' },
      7: 'an int key',
    })
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('reads a Buffer that begins %i bytes into its memory', (offset) => {
    for (const name of ['values.pt', 'legacy/values.pt', 'values-protocol4.pt']) {
      const bytes = load(new URL(name, files))
      const buffer = Buffer.from(new ArrayBuffer(bytes.length + offset), offset)
      buffer.set(bytes)
      expect(torchFile.read(buffer), name).toEqual(torchFile.read(bytes))
    }
  })

  it('reads transposed, sliced and strided tensors, and parameters', () => {
    const { windows, parameter } = torchFile.read(load(new URL('values.pt', files))) as any
    for (const [name, { shape, data }] of Object.entries<any>(expected.windows)) {
      expect([windows[name].shape, Array.from(windows[name].data)], name).toEqual([shape, data])
    }
    expect(windows.whole.data.buffer).toBe(windows.rows.data.buffer)
    expect(parameter).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(1) })
  })

  it.each<[string, RegExp]>([
    [
      'whole-module.pt',
      /^the file refers to 'torch\.nn\.modules\.container\.Sequential', which is not allowed; nothing was executed\. Save the state dict instead$/,
    ],
    ['script.pt', /^this is a TorchScript archive, which holds a program; save the state_dict\(\) of its module$/],
    ['complex.pt', /refers to 'torch\.ComplexFloatStorage'/],
    ['repeated.pt', /a tensor \[1000\] repeats its 1 elements/],
  ])('throws for %s', (name, message) => {
    const error = thrown(() => torchFile.read(load(new URL(name, files))))
    expect(error.code).toBe('file-unsupported')
    expect(error.message).toMatch(message)
  })

  it.each(readdirSync(legacy).filter((name) => existsSync(new URL(name, files)) || existsSync(new URL(name, cases))))(
    'reads the same from the format before torch 1.6: %s',
    (name) => {
      const isCase = existsSync(new URL(name, cases))
      expect(torchFile.read(load(new URL(name, legacy)))).toEqual(torchFile.read(load(new URL(name, isCase ? cases : files))))
    },
  )

  it.each(['views.pt', 'big-endian.pt'])('reads views and shared storages of torch 0.3: %s', (name) => {
    const tensors = torchFile.read(load(new URL(name, legacy))) as any
    const numbers = (first: number, count: number) => Float32Array.from({ length: count }, (_, i) => first + i)
    expect(tensors).toEqual({
      whole: { dtype: 'float32', shape: [3, 4], data: numbers(0, 12) },
      rows: { dtype: 'float32', shape: [2, 3], data: numbers(4, 6) },
      row: { dtype: 'float32', shape: [3], data: numbers(7, 3) },
      shared: { dtype: 'float32', shape: [4], data: numbers(8, 4) },
    })
  })

  it('refuses tar files from before torch 0.1.10', () => {
    const tar = new Uint8Array(10240)
    tar.set(new TextEncoder().encode('storages'))
    tar.set(new TextEncoder().encode('ustar'), 257)
    for (const read of [torchFile.read, (bytes: Uint8Array) => inspect(sourceOf('', bytes))]) {
      expect(thrown(() => read(tar))).toEqual({
        code: 'file-unsupported',
        message: 'tar file of torch before 0.1.10: not supported; re-save it with torch 0.1.10 or later',
      })
    }
  })

  it('throws for a changed byte', () => {
    const file = load(new URL('model.pt', files))
    const { data } = (torchFile.read(file) as any)['7.bias']
    expect(data.buffer).toBe(file.buffer)
    file[data.byteOffset]! ^= 1
    expect(thrown(() => torchFile.read(file))).toEqual({
      code: 'file-invalid',
      message: expect.stringMatching(/the file 'model\/data\/\d+' in it is corrupt: its checksum differs$/),
    })
  })
})

describe('a model from a torch file', () => {
  it.each(['model.pt', 'legacy/model.pt'])('computes the same outputs as torch: %s', async (name) => {
    const arena = await Arena.create()
    const model = network(arena)
    torchFile.load(load(new URL(name, files)), model)
    model.eval()
    const { x, y } = expected.model
    const got = arena.frame(() => Array.from(model.forward(arena.tensor(x.data, x.shape)).data))
    for (const [i, value] of y.data.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(2e-6)
    expect(model.stateDict()['1.num_batches_tracked']!.data).toEqual(Int32Array.of(2))
  })

  it.each(['untracked.pt', 'untracked-version1.pt'])('may be from before num_batches_tracked: %s', async (name) => {
    const arena = await Arena.create()
    const model = network(arena)
    const bytes = load(new URL(name, legacy))
    expect(torchFile.load(bytes, model).missing).toEqual([])
    const loaded = model.stateDict()
    expect(loaded['1.num_batches_tracked']!.data).toEqual(Int32Array.of(0))
    const whole = network(arena)
    torchFile.load(load(new URL('model.pt', files)), whole)
    const { '1.num_batches_tracked': _, ...others } = whole.stateDict()
    expect(loaded).toMatchObject(others)
    const other = network(arena)
    other.loadStateDict(torchFile.read(bytes) as never)
    expect(other.stateDict()).toEqual(loaded)
  })

  it('throws if it lacks num_batches_tracked despite its version', async () => {
    const arena = await Arena.create()
    const bytes = load(new URL('untracked-version2.pt', legacy))
    expect(thrown(() => torchFile.load(bytes, network(arena))).message).toMatch(/; missing in the file: model\.1\.num_batches_tracked$/)
    expect(thrown(() => network(arena).loadStateDict(torchFile.read(bytes) as never)).message).toMatch(/has no 1\.num_batches_tracked$/)
  })

  it.each(['module.', '_orig_mod.', 'module._orig_mod.'])(
    'has names that begin with %s, which stripPrefix removes',
    async (stripPrefix) => {
      const arena = await Arena.create()
      const model = network(arena)
      const named = Object.fromEntries(Object.entries(model.stateDict()).map(([name, tensor]) => [`${stripPrefix}${name}`, tensor]))
      const optimizer = new Adam(
        [...model.namedParameters()].map(([name, parameter]) => [`${stripPrefix}${name}`, parameter] as [string, Parameter]),
      )
      const bytes = torchFile.save({ model: named, optimizer })
      const parts = { model: network(arena), optimizer: new Adam(model.namedParameters()) }
      expect(thrown(() => torchFile.load(bytes, parts)).message).toMatch(
        new RegExp(`; all names of model begin with '${stripPrefix}', which \\{ stripPrefix: '${stripPrefix}' \\} removes$`),
      )
      torchFile.load(bytes, parts, { stripPrefix })
      expect(parts.model.stateDict()).toEqual(model.stateDict())
      expect(parts.optimizer.stateDict().param_groups[0]!.param_names).toContain('0.weight')
    },
  )

  it('throws for invalid options', async () => {
    const model = network(await Arena.create())
    const bytes = load(new URL('model.pt', files))
    expect(thrown(() => torchFile.load(bytes, model, { stripPrefix: 3 as never }))).toEqual({
      code: 'option-range',
      message: 'torchFile.load: stripPrefix must be a string, got 3',
    })
    expect(thrown(() => torchFile.load(bytes, model, { prefix: 'module.' } as never)).code).toBe('option-unknown')
    const twice = torchFile.save({
      a: { dtype: 'float32', shape: [1], data: [1] },
      'module.a': { dtype: 'float32', shape: [1], data: [2] },
    })
    expect(thrown(() => torchFile.load(twice, model, { stripPrefix: 'module.' })).message).toBe(
      "torchFile.load: names in the file are not distinct without the prefix 'module.'",
    )
  })

  it('loads into an AveragedModel if it was saved from one', async () => {
    const arena = await Arena.create()
    const average = new AveragedModel(network(arena))
    torchFile.load(load(new URL('averaged.pt', files)), { average }, { strict: false })
    expect(average.nAveraged).toBe(0)
    torchFile.load(load(new URL('averaged.pt', files)), average)
    expect(average.nAveraged).toBe(1)
    const model = network(arena)
    torchFile.load(load(new URL('model.pt', files)), model)
    expect(average.module.stateDict()).toEqual(model.stateDict())
  })
})

describe('torchFile.save', () => {
  const everything = readdirSync(cases).filter((name) => name.endsWith('.pt'))

  it.each(everything)('round-trips %s', (name) => {
    const value = torchFile.read(load(new URL(name, cases)))
    expect(torchFile.read(torchFile.save(value))).toEqual(value)
  })

  it('writes the same bytes every time', async () => {
    const arena = await Arena.create()
    const optimizer = new SGD([arena.parameter([2])])
    expect(torchFile.save({ optimizer })).toEqual(torchFile.save({ optimizer }))
  })

  it('saves every kind of part, and plain values', async () => {
    const arena = await Arena.create()
    const model = new nn.Linear(arena, 2, 1)
    const optimizer = new Adam(model.namedParameters(), { amsgrad: true })
    for (const parameter of model.parameters()) parameter.grad = new Float32Array(parameter.size).fill(1)
    optimizer.step()
    const scheduler = new MultiStepLR(optimizer, { milestones: [2, 2, 5] })
    const generator = new Generator(7)
    const loader = new Loader(arena, { x: { data: [1, 2, 3] } })
    const values = {
      epoch: 3,
      loss: [0.5, Number.POSITIVE_INFINITY, -0],
      note: 'é',
      big: 2 ** 40,
      huge: -(2n ** 80n),
      none: null,
      bytes: Uint8Array.of(1, 200),
    }
    const read = torchFile.read(torchFile.save({ model, optimizer, scheduler, generator, loader, ...values })) as any
    expect(read).toMatchObject(values)
    expect(read.model).toEqual(model.stateDict())
    expect(read.scheduler).toEqual(scheduler.stateDict())
    expect([read.generator, read.loader]).toEqual([generator.state, loader.state])
    expect(read.optimizer.param_groups).toEqual(optimizer.stateDict().param_groups)
    expect(read.optimizer.param_groups[0].param_names).toEqual(['weight', 'bias'])
    expect(read.optimizer.state[0].step).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(1) })
    expect(read.optimizer.state[0].max_exp_avg_sq).toEqual(optimizer.stateDict().state[0]!.max_exp_avg_sq)
  })

  it('keeps step counts beyond the integers of float32', async () => {
    const arena = await Arena.create()
    const optimizer = new Adam([arena.parameter([1])])
    const tensor = { dtype: 'float32', shape: [1], data: [0] }
    const state = { 0: { step: 2 ** 24 + 1, exp_avg: tensor, exp_avg_sq: tensor } }
    optimizer.loadStateDict({ state, param_groups: optimizer.stateDict().param_groups } as never)
    torchFile.load(torchFile.save(optimizer), optimizer)
    expect(optimizer.stateDict().state[0]!.step).toBe(2 ** 24 + 1)
  })

  it('throws for values that a file cannot hold', async () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const value of [() => 1, { a: new Date(0) }, [new Float32Array(1)], cycle, { a: Symbol('x') }, { a: new Map() }]) {
      expect(thrown(() => torchFile.save(value)).code).toBe('option-range')
    }
  })
})

describe('torchFile.load', () => {
  it('matches parameters by name if both sides have names', async () => {
    const arena = await Arena.create()
    const [a, b] = [arena.parameter([2]), arena.parameter([2])]
    const named = new Adam([
      ['a', a],
      ['b', b],
    ])
    a.grad = [1, 2]
    named.step()
    const other = new Adam([
      ['b', arena.parameter([2])],
      ['a', arena.parameter([2])],
    ])
    torchFile.load(torchFile.save(named), other)
    const { state, param_groups } = other.stateDict()
    expect(Object.keys(state)).toEqual(['1'])
    expect(state[1]).toEqual(named.stateDict().state[0])
    expect(param_groups[0]!.param_names).toEqual(['b', 'a'])
    const nameless = new Adam([arena.parameter([2]), arena.parameter([2])])
    torchFile.load(torchFile.save(named), nameless)
    expect(Object.keys(nameless.stateDict().state)).toEqual(['0'])
  })

  it('accepts a learning rate stored as a tensor', async () => {
    const arena = await Arena.create()
    const optimizer = new SGD([arena.parameter([1])])
    const { state, param_groups } = optimizer.stateDict()
    const lr = { dtype: 'float32', shape: [], data: Float32Array.of(0.25) }
    torchFile.load(torchFile.save({ optimizer: { state, param_groups: [{ ...param_groups[0], lr }] } }), { optimizer })
    expect(optimizer.lr()).toBe(0.25)
  })

  it('lists every mismatch and changes nothing', async () => {
    const arena = await Arena.create()
    const build = (classes: number) => {
      const model = new nn.Sequential(new nn.Linear(arena, 3, 4), new nn.Linear(arena, 4, classes))
      return { model, optimizer: new Adam(model.parameters()) }
    }
    const { model, optimizer } = build(2)
    const { '0.bias': bias, ...rest } = model.stateDict()
    const bytes = torchFile.save({ model: { ...rest, 'aux.bias': bias }, optimizer, epoch: 1 })
    const other = build(5)
    const before = [other.model.stateDict(), other.optimizer.stateDict()]
    const error = thrown(() => torchFile.load(bytes, { ...other, average: new AveragedModel(other.model) }))
    expect(error).toEqual({
      code: 'state-mismatch',
      message:
        'torchFile.load: the file does not match, and nothing was changed; missing in the file: model.0.bias, average; only in the file: model.aux.bias; ' +
        'different shape or type: model.1.weight (float32 [5, 4] here, float32 [2, 4] in the file), model.1.bias (float32 [5] here, float32 [2] in the file)',
    })
    expect([other.model.stateDict(), other.optimizer.stateDict()]).toEqual(before)
  })
})
