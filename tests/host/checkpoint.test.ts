import { describe, expect, it } from 'vitest'
import {
  Adafactor,
  AdamW,
  Arena,
  AveragedModel,
  CosineAnnealingLR,
  Generator,
  LBFGS,
  Loader,
  OneCycleLR,
  type Parameter,
  ReduceLROnPlateau,
  SGD,
} from '../../host/index.ts'
import { checkpoint, safetensors } from '../../host/io/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

const features = Array.from({ length: 60 }, (_, i) => ((i * 7) % 11) / 5 - 1)
const labels = Array.from({ length: 20 }, (_, i) => (i * 3) % 2)

/** Builds a small run with every part that has random state or a counter. */
function build(arena: Arena, seed = 1) {
  const generator = new Generator(seed)
  const model = new nn.Sequential(
    new nn.Linear(arena, 3, 4, { generator }),
    new nn.BatchNorm1d(arena, 4),
    new nn.Dropout(0.5, { generator }),
    new nn.Dropout(0.25),
    new nn.Linear(arena, 4, 2, { generator }),
  )
  const optimizer = new AdamW(model.parameters(), { lr: 0.05, amsgrad: true })
  const scheduler = new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 40 })
  const average = new AveragedModel(model)
  const loader = new Loader(
    arena,
    { x: { data: features, shape: [3] }, y: { data: labels, dtype: 'int32' } },
    { batchSize: 6, shuffle: true, seed: 3 },
  )
  return { model, optimizer, scheduler, average, loader, generator }
}

type Run = ReturnType<typeof build>

/** Trains for `steps` steps, and may stop in the middle of an epoch. */
function train({ model, optimizer, scheduler, average, loader }: Run, steps: number): void {
  for (let step = 0; step < steps; ) {
    for (const batch of loader) {
      model
        .parameters()
        .next()
        .value.arena.frame(() => {
          nn.functional.crossEntropy(model.forward(batch.tensor('x')), batch.tensor('y')).backward()
          optimizer.step()
          optimizer.zeroGrad()
        })
      scheduler.step()
      average.updateParameters(model)
      if (++step === steps) break
    }
  }
}

const bits = (run: Run) => checkpoint.save(run)

describe('a checkpoint', () => {
  it('resumes bit-identically: weights, state, schedule, average, dropout and batch order', async () => {
    const whole = build(await Arena.create())
    train(whole, 10)
    const bytes = checkpoint.save({ ...whole, epoch: 2 })
    train(whole, 13)
    const resumed = build(await Arena.create(), 99)
    train(resumed, 3)
    expect(checkpoint.load(bytes, resumed)).toEqual({ rest: { epoch: 2 }, missing: [], extra: [], reshaped: [], other: [] })
    train(resumed, 13)
    expect(bits(resumed)).toEqual(bits(whole))
  })

  it('is a safetensors file with one tensor per name and state slot', async () => {
    const run = build(await Arena.create())
    train(run, 1)
    const { tensors, metadata } = safetensors.read(checkpoint.save(run))
    expect(tensors['model.0.weight']).toEqual(run.model.stateDict()['0.weight'])
    expect(tensors['optimizer.0.weight.max_exp_avg_sq']).toEqual(run.optimizer.stateDict().state[0]!.max_exp_avg_sq)
    expect(tensors['average.module.1.running_mean']!.shape).toEqual([4])
    const { version, parts } = JSON.parse(metadata.downhill!)
    expect([version, Object.keys(parts)]).toEqual([1, ['model', 'optimizer', 'scheduler', 'average', 'loader', 'generator']])
    expect(parts.optimizer.about.className).toBe('AdamW')
    expect(parts.model.about.generators).toEqual({ '2.generator': expect.anything(), arena: expect.anything() })
  })

  it('can be read as plain values', async () => {
    const run = build(await Arena.create())
    train(run, 2)
    const note = { loss: [0.5, Number.NaN, Number.NEGATIVE_INFINITY, -0], big: -(2n ** 70n), text: '"é"', none: null, deep: { on: true } }
    const table = { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) }
    const read = checkpoint.read(checkpoint.save({ ...run, note, table }))
    expect(read.note).toEqual(note)
    expect(Object.is((read.note as typeof note).loss[3], -0)).toBe(true)
    expect(read.table).toEqual(table)
    expect(read.model).toEqual(run.model.stateDict())
    expect(read.optimizer).toEqual(run.optimizer.stateDict())
    expect(read.scheduler).toEqual(run.scheduler.stateDict())
    expect([read.loader, read.generator]).toEqual([run.loader.state, run.generator.state])
  })

  it('matches parameters by name, in any order within a group', async () => {
    const arena = await Arena.create()
    const model = new nn.Sequential(new nn.Linear(arena, 2, 3), new nn.Linear(arena, 3, 2))
    const [w0, b0, w1, b1] = [...model.parameters()] as const
    const optimizer = new SGD(
      [
        { params: [w0!, w1!], weightDecay: 0.1 },
        { params: [b0!, b1!], lr: 0.5 },
      ],
      { momentum: 0.9 },
    )
    for (const [i, parameter] of optimizer.parameters().entries()) parameter.grad = new Float32Array(parameter.size).fill(i + 1)
    optimizer.step()
    const bytes = checkpoint.save({ model, optimizer })
    const other = new SGD([{ params: [w1!, w0!] }, { params: [b1!, b0!] }], { momentum: 0.9 })
    checkpoint.load(bytes, { model, optimizer: other })
    const [own, saved] = [other.stateDict(), optimizer.stateDict()]
    expect([own.state[0], own.state[1], own.state[2], own.state[3]]).toEqual([
      saved.state[1],
      saved.state[0],
      saved.state[3],
      saved.state[2],
    ])
    expect(own.param_groups).toEqual(saved.param_groups)
    const elsewhere = new SGD([{ params: [w0!, w1!, b0!] }, { params: [b1!] }], { momentum: 0.9 })
    expect(thrown(() => checkpoint.load(bytes, { model, optimizer: elsewhere })).message).toMatch(
      /^checkpoint\.load: the file does not match, and nothing was changed; other differences: optimizer\.0\.bias is in group 0 here and in group 1 in the file$/,
    )
  })

  it('loads matching entries with strict: false and returns the rest', async () => {
    const arena = await Arena.create()
    const model = new nn.Sequential(new nn.Linear(arena, 2, 3), new nn.Linear(arena, 3, 2))
    const optimizer = new AdamW(model.parameters(), { lr: 0.5 })
    for (const parameter of model.parameters()) parameter.grad = new Float32Array(parameter.size).fill(1)
    optimizer.step()
    const bytes = checkpoint.save({ model, optimizer, scheduler: new CosineAnnealingLR(optimizer, { tMax: 9 }), epoch: 7 })
    const larger = new nn.Sequential(new nn.Linear(arena, 2, 3), new nn.Linear(arena, 3, 5), new nn.Linear(arena, 5, 1))
    const other = new AdamW(larger.parameters(), { lr: 0.1 })
    const before = larger.stateDict()
    const { rest, missing, extra, reshaped } = checkpoint.load(bytes, { model: larger, optimizer: other }, { strict: false })
    expect(larger.stateDict()['0.weight']).toEqual(model.stateDict()['0.weight'])
    for (const name of ['1.weight', '2.bias']) expect(larger.stateDict()[name]).toEqual(before[name])
    expect(other.stateDict().state).toEqual({ 0: optimizer.stateDict().state[0], 1: optimizer.stateDict().state[1] })
    expect(other.lr()).toBe(0.5)
    expect(missing).toEqual(['model.2.weight', 'model.2.bias', 'optimizer.2.weight', 'optimizer.2.bias'])
    expect(extra).toEqual(['scheduler'])
    expect(reshaped[0]).toBe('model.1.weight (float32 [5, 3] here, float32 [2, 3] in the file)')
    expect(rest.epoch).toBe(7)
    expect(rest.model).toEqual({ '1.weight': model.stateDict()['1.weight'], '1.bias': model.stateDict()['1.bias'] })
    expect(rest.scheduler).toMatchObject({ T_max: 9 })
    const first = new AdamW(larger.layers[0]!.parameters())
    const part = checkpoint.load(bytes, { model: larger, optimizer: first }, { strict: false })
    expect(part.rest.optimizer).toEqual({ '1.weight': optimizer.stateDict().state[2], '1.bias': optimizer.stateDict().state[3] })
  })
})

describe('L-BFGS', () => {
  const minimized = (arena: Arena, names: readonly string[]) => {
    const params = names.map((name, i): [string, Parameter] => [name, arena.parameter([2], { data: [i + 1, -i] })])
    const optimizer = new LBFGS(params, { lr: 0.1, maxIter: 2 })
    const closure = () => {
      for (const [, parameter] of params) parameter.grad = parameter.data.map((x, k) => x * (k + 1))
      return 1
    }
    for (let i = 0; i < 2; i++) optimizer.step(closure)
    return optimizer
  }

  it('stores one state for all parameters, which requires the same parameters in the same order', async () => {
    const arena = await Arena.create()
    const bytes = checkpoint.save({ optimizer: minimized(arena, ['a', 'b']) })
    const same = minimized(arena, ['a', 'b'])
    checkpoint.load(bytes, { optimizer: same })
    expect(checkpoint.save({ optimizer: same })).toEqual(bytes)
    const mixed = minimized(arena, ['b', 'a'])
    const before = mixed.stateDict()
    expect(thrown(() => checkpoint.load(bytes, { optimizer: mixed })).message).toMatch(
      /^checkpoint\.load: the file does not match, and nothing was changed; other differences: optimizer has its parameters in a different order than the file$/,
    )
    const { other } = checkpoint.load(bytes, { optimizer: mixed }, { strict: false })
    expect(other).toEqual(['optimizer has its parameters in a different order than the file'])
    expect(mixed.stateDict().state).toEqual(before.state)
  })

  it('throws for a history that repeats one tensor, which would take more memory than the file', async () => {
    const optimizer = minimized(await Arena.create(), ['a'])
    const { state, param_groups } = optimizer.stateDict()
    const { old_dirs: dirs, old_stps: steps, ro } = state[0] as any
    const often = (list: unknown[]) => Array.from({ length: 1000 }, () => list[0])
    const history = { old_dirs: often(dirs), old_stps: often(steps), ro: often(ro) }
    const dict = { state: { 0: { ...state[0], ...history } }, param_groups: [{ ...param_groups[0], history_size: 1000 }] }
    expect(thrown(() => optimizer.loadStateDict(dict as never)).message).toMatch(/must not repeat a tensor$/)
    const longer = { ...dict, param_groups: [{ ...param_groups[0], history_size: 10 }] }
    expect(thrown(() => optimizer.loadStateDict(longer as never)).message).toMatch(
      /^LBFGS\.loadStateDict: old_stps must have at most history_size \(10\) entries, got 1000$/,
    )
  })
})

describe('loading a mismatched checkpoint', () => {
  const attempts: [string, (run: Run, arena: Arena) => Record<string, unknown>, RegExp][] = [
    [
      'another class',
      ({ model, ...run }) => ({ ...run, model, optimizer: new SGD(model.parameters()) }),
      /other differences: optimizer is SGD here and AdamW in the file/,
    ],
    ['a missing part', (run) => ({ ...run, second: new Generator(1) }), /missing in the file: second$/],
    ['an extra part', ({ scheduler: _, ...run }) => run, /only in the file: scheduler$/],
    [
      'another kind',
      (run) => ({ ...run, scheduler: run.generator }),
      /^checkpoint\.load: the file does not match, and nothing was changed; other differences: scheduler is of kind generator here and scheduler in the file$/,
    ],
    [
      'another dtype',
      (run, arena) => ({ ...run, model: new nn.Sequential(new nn.Linear(arena, 3, 4, { dtype: 'float64' })) }),
      /model\.0\.weight \(float64 \[4, 3\] here, float32 \[4, 3\] in the file\)/,
    ],
    [
      'another batch size',
      (run, arena) => ({
        ...run,
        loader: new Loader(arena, { x: { data: features, shape: [3] } }, { batchSize: 5, shuffle: true, seed: 3 }),
      }),
      /other differences: loader has batchSize 5 here and 6 in the file$/,
    ],
    [
      'a part that is a number',
      (run) => ({ ...run, epoch: 3 }),
      /checkpoint\.load: epoch must be a model, an optimizer, a scheduler, a generator or a loader, got 3$/,
    ],
  ]

  it.each(attempts)('throws for %s and changes nothing', async (_, change, message) => {
    const first = build(await Arena.create())
    train(first, 4)
    const bytes = checkpoint.save(first)
    const arena = await Arena.create()
    const run = build(arena, 5)
    train(run, 2)
    const parts = change(run, arena)
    const before = [bits(run), arena.usage()]
    const error = thrown(() => checkpoint.load(bytes, parts as never))
    expect(error.message).toMatch(message)
    expect(['state-mismatch', 'option-range']).toContain(error.code)
    expect([bits(run), arena.usage()]).toEqual(before)
  })

  it('lists the first mismatches in the message and all of them in the cause', async () => {
    const arena = await Arena.create()
    const wide = (count: number) => new nn.Sequential(...Array.from({ length: count }, () => new nn.Linear(arena, 1, 1)))
    const bytes = checkpoint.save({ model: wide(2) })
    try {
      checkpoint.load(bytes, { model: wide(40) })
      expect.unreachable()
    } catch (error) {
      expect((error as Error).message).toMatch(/missing in the file: model\.2\.weight, .* and 56 more$/)
      expect((error as { cause: { missing: string[] } }).cause.missing.length).toBe(76)
    }
  })

  it('throws for one invalid part before any part changes', async () => {
    const arena = await Arena.create()
    const run = build(arena)
    train(run, 3)
    const { tensors, metadata } = safetensors.read(checkpoint.save(run))
    const document = JSON.parse(metadata.downhill!)
    document.parts.generator.state.position = -1
    const bytes = safetensors.write(tensors, { downhill: JSON.stringify(document) })
    train(run, 1)
    const before = bits(run)
    expect(thrown(() => checkpoint.load(bytes, run)).code).toBe('option-range')
    expect(bits(run)).toEqual(before)
  })

  it('throws when memory runs out and changes nothing', async () => {
    const bytes = await Arena.create().then((arena) => {
      const parameter = arena.parameter([40_000])
      const optimizer = new LBFGS([parameter], { historySize: 100, lr: 1e-3, maxIter: 4 })
      for (let i = 0; i < 2; i++) {
        optimizer.step(() => {
          parameter.grad = parameter.data.map((x, k) => (x - k) * (1 + (k % 7)))
          return 1 / (i + 1)
        })
      }
      return checkpoint.save({ parameters: new AveragedModel(new nn.Linear(arena, 1, 1)), optimizer })
    })
    const small = await Arena.create({ maximumBytes: 700_000 })
    const parts = {
      parameters: new AveragedModel(new nn.Linear(small, 1, 1)),
      optimizer: new LBFGS([small.parameter([40_000])], { lr: 0.5 }),
    }
    const before = checkpoint.save(parts)
    expect(thrown(() => checkpoint.load(bytes, parts)).code).toBe('out-of-memory')
    expect(checkpoint.save(parts)).toEqual(before)
  })
})

describe('save', () => {
  it.each<[unknown, RegExp]>([
    [{ note: { at: new Date(0) } }, /^note\.at must be a number, string, array, object or tensor \{ dtype, shape, data \}, got a Date$/],
    [{ note: [() => 1] }, /^note\.0 must be a number, string, array, object or tensor \{ dtype, shape, data \}, got a function$/],
    [{ note: { $tensor: 'x' } }, /^note: keys must not begin with \$ or be __proto__, got '\$tensor'$/],
    [{ 'a.b': 1 }, /^checkpoint\.save: names must not contain \. or \$, got 'a\.b'$/],
    [{ '': 1 }, /^checkpoint\.save: names must not contain \. or \$, got ''$/],
    [[], /^checkpoint\.save: parts must be \{ model, optimizer, … \}, got \[\]$/],
    [new Generator(1), /^checkpoint\.save: parts must be \{ model, optimizer, … \}, got a Generator$/],
    [
      { note: { a: { b: { dtype: 'float32', shape: [1], data: [1] } }, 'a.b': { dtype: 'float32', shape: [1], data: [1] } } },
      /^checkpoint\.save: two tensors would have the name 'note\.a\.b'$/,
    ],
  ])('throws for %o', (parts, message) => {
    const error = thrown(() => checkpoint.save(parts as never))
    expect([error.code, error.message]).toEqual(['option-range', expect.stringMatching(message)])
  })

  it('accepts the infinities of ReduceLROnPlateau and the nulls of Adafactor', async () => {
    const arena = await Arena.create()
    const optimizer = new Adafactor([arena.parameter([2, 2])])
    const parts = { optimizer, scheduler: new ReduceLROnPlateau(optimizer) }
    const bytes = checkpoint.save(parts)
    checkpoint.load(bytes, parts)
    expect(checkpoint.save(parts)).toEqual(bytes)
    expect(parts.scheduler.best).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('read throws for a damaged checkpoint', () => {
  const bytes = checkpoint.save({ generator: new Generator(1), values: { a: 1, t: { dtype: 'float32', shape: [1], data: [1] } } })
  const { tensors, metadata } = safetensors.read(bytes)
  const broken = (change: (document: any) => void, own = tensors) => {
    const document = JSON.parse(metadata.downhill!)
    change(document)
    return safetensors.write(own, { downhill: JSON.stringify(document) })
  }

  it.each<[string, Uint8Array, RegExp]>([
    [
      'a file that is not a checkpoint',
      safetensors.write({}),
      /^this safetensors file is not a checkpoint; read it with safetensors\.read$/,
    ],
    ['invalid JSON', safetensors.write({}, { downhill: '{' }), /^the checkpoint is damaged: its metadata are not JSON$/],
    ['another version', broken((d) => (d.version = 2)), /^the checkpoint's version must be 1, got 2$/],
    ['no parts', broken((d) => (d.parts = [])), /it has no parts$/],
    ['an unknown kind', broken((d) => (d.parts.generator.kind = 'spell')), /^the checkpoint is damaged: its part 'generator' is invalid$/],
    ['a missing tensor', broken(() => {}, {}), /^the checkpoint is damaged: it lacks the tensor 'values\.t'$/],
    ['an extra tensor', broken((d) => delete d.parts.values), /its tensor 'values\.t' belongs to no part$/],
    [
      'a prototype',
      broken((d) => (d.parts = JSON.parse('{"__proto__":{"kind":"value","state":1}}'))),
      /^the checkpoint is damaged: its part '__proto__' is invalid$/,
    ],
    [
      'a nested prototype',
      broken((d) => (d.parts.values.state = JSON.parse('{"__proto__":1,"t":{"$tensor":"values.t"}}'))),
      /it has a key '__proto__'$/,
    ],
    ['an unknown marker', broken((d) => (d.parts.values.state = { $spell: 'x' })), /it has 'x' for '\$spell'$/],
    ['an invalid number', broken((d) => (d.parts.values.state = { $number: 'x' })), /it has 'x' for '\$number'$/],
    [
      'a value nested too deep',
      broken((d) => (d.parts.values.state = JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`))),
      /nested more than 110 deep$/,
    ],
  ])('%s', (_, file, message) => {
    const error = thrown(() => checkpoint.read(file))
    expect(error.message).toMatch(message)
    expect(['file-invalid', 'file-unsupported']).toContain(error.code)
  })
})
