import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as downhill from '../../host/index.ts'
import { checkpoint } from '../../host/io/index.ts'
import * as nn from '../../host/nn/index.ts'
import { crowded } from './crowd.ts'
import { Draw } from './draw.ts'
import { everyRule, variants } from './every-rule.ts'

type Arena = downhill.Arena
type Optimizer = downhill.Optimizer<any>
type Generator = downhill.Generator

const F = nn.functional
const THREADS = [1, 2, 3, 4, 7]
/** Nanoseconds that a part must be worth: the default, and one that divides everything. */
const WORTH = [4000, 1]

const arenas: Arena[] = []
beforeAll(async () => {
  for (const threads of THREADS) arenas.push(await crowded(threads))
})
afterAll(() => {
  for (const arena of arenas) arena.dispose()
})

/** Requires that a computation has the same bytes in all arenas, and that those with a crew divided it. */
function expectSameBits(compute: (arena: Arena) => Uint8Array): void {
  const hash = (arena: Arena) => createHash('sha256').update(compute(arena)).digest('hex')
  const [alone, ...others] = arenas as [Arena, ...Arena[]]
  const expected = hash(alone)
  for (const arena of others) {
    for (const worth of WORTH) {
      arena.crew!.divideFrom(worth)
      const before = arena.crew!.jobs
      expect([arena.threads, worth, hash(arena)]).toEqual([arena.threads, worth, expected])
      expect(arena.crew!.jobs).toBeGreaterThan(before)
    }
  }
}

const numbers = Float64Array.from(new Draw(3).numbers(250_000, -0.1, 0.1))
const slices = (size: number, step: number) => numbers.slice(4001 * step, 4001 * step + size)

/** Takes three steps of an optimizer with dense or sparse gradients, and returns the bytes of parameters and state. */
function stepped(
  arena: Arena,
  dtype: downhill.FloatType,
  create: (params: downhill.Parameter[]) => Optimizer,
  isSparse = false,
): Uint8Array {
  const params = [
    [300, 400],
    [30, 5],
    [7, 1],
  ].map((shape) => arena.parameter(shape, { dtype, data: slices(shape[0]! * shape[1]!, 5) }))
  const optimizer = create(params)
  for (let step = 0; step < 3; step++) {
    for (const parameter of params) {
      const [rows, width] = parameter.shape as [number, number]
      const indices = Array.from({ length: rows }, (_, i) => (5 * i + step) % rows).filter((i) => i % 3 !== step)
      parameter.grad = isSparse ? { indices, values: slices(indices.length * width, step) } : slices(parameter.size, step)
    }
    optimizer.step(() => 0)
  }
  const saved = checkpoint.save({ optimizer, values: params.map(({ shape, data }) => ({ dtype, shape, data })) })
  optimizer.dispose()
  for (const parameter of params) parameter.dispose()
  return saved
}

describe.each(['float32', 'float64'] as const)('the state of an optimizer is the same for any number of threads: %s', (dtype) => {
  it.each(everyRule)('$name', ({ Class, rule }) => {
    for (const options of variants(rule))
      expectSameBits((arena) => stepped(arena, dtype, (params) => new Class(params, options), rule.sparse === 'only'))
  })

  it('LBFGS', () => expectSameBits((arena) => stepped(arena, dtype, (params) => new downhill.LBFGS(params, { maxIter: 4 }))))
  it('Muon', () => expectSameBits((arena) => stepped(arena, dtype, (params) => new downhill.Muon(params, { nsSteps: 2 }))))
  it('Adafactor', () => expectSameBits((arena) => stepped(arena, dtype, (params) => new downhill.Adafactor(params))))
})

it.each([0, 1, 2, 3, Number.POSITIVE_INFINITY])('clipGradNorm over long arrays: the %d-norm', (normType) => {
  expectSameBits((arena) => {
    const params = [200_000, 32_769, 3].map((size) => arena.parameter([size]))
    for (const parameter of params) parameter.grad = slices(parameter.size, 1)
    const norm = downhill.clipGradNorm(params, 0.5, { normType })
    const saved = checkpoint.save({ norm, grads: params.map(({ dtype, shape, grad }) => ({ dtype, shape, data: grad })) })
    for (const parameter of params) parameter.dispose()
    return saved
  })
})

class Cnn extends nn.Module {
  readonly layers: nn.Sequential

  constructor(arena: Arena, generator: Generator) {
    super()
    this.layers = new nn.Sequential(
      new nn.Conv2d(arena, 2, 12, 3, { padding: 1, generator }),
      new nn.BatchNorm2d(arena, 12),
      new nn.GELU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(arena, 12, 12, 3, { padding: 1, groups: 2, generator }),
      new nn.ReLU(),
      new nn.AvgPool2d(2),
      new nn.Flatten(),
      new nn.Dropout(0.2, { generator }),
      new nn.Linear(arena, 12 * 4 * 4, 20, { generator }),
    )
  }

  input(arena: Arena, step: number): downhill.Tensor {
    return arena.tensor(slices(16 * 2 * 16 * 16, step), [16, 2, 16, 16])
  }

  forward(x: downhill.Tensor): downhill.Tensor {
    return this.layers.forward(x)
  }
}

/** Words, two blocks with causal attention, and a recurrent layer. */
class Sequences extends nn.Module {
  readonly words: nn.Embedding
  readonly first: nn.TransformerEncoderLayer
  readonly second: nn.TransformerEncoderLayer
  readonly recurrent: nn.GRU
  readonly head: nn.Linear

  constructor(arena: Arena, generator: Generator) {
    super()
    const block = (normFirst: boolean) =>
      new nn.TransformerEncoderLayer(arena, 32, 4, { dimFeedforward: 64, dropout: 0.1, batchFirst: true, normFirst, generator })
    this.words = new nn.Embedding(arena, 20, 32, { generator })
    this.first = block(true)
    this.second = block(false)
    this.recurrent = new nn.GRU(arena, 32, 16, { batchFirst: true, generator })
    this.head = new nn.Linear(arena, 16, 20, { generator })
  }

  input(arena: Arena, step: number): downhill.Tensor {
    const words = Array.from({ length: 16 * 12 }, (_, i) => (7 * i + 3 * step) % 20)
    return arena.tensor(words, [16, 12], { dtype: 'int32' })
  }

  forward(words: downhill.Tensor): downhill.Tensor {
    const seen = this.second.forward(this.first.forward(this.words.forward(words), { isCausal: true }), { isCausal: true })
    return F.reshape(this.head.forward(this.recurrent.forward(seen)), [-1, 20])
  }
}

it.each([
  ['Cnn', Cnn],
  ['Sequences', Sequences],
])('a checkpoint after eight steps: %s', (_, Model) => {
  expectSameBits((arena) => {
    const generator = new downhill.Generator(4)
    const model = new Model(arena, generator)
    const optimizer = new downhill.AdamW(model.parameters(), { lr: 0.01 })
    const losses: number[] = []
    for (let step = 0; step < 8; step++) {
      losses.push(
        arena.frame(() => {
          const logits = model.forward(model.input(arena, step))
          const labels = Int32Array.from({ length: logits.shape[0]! }, (_, i) => (3 * i + step) % 20)
          const loss = F.crossEntropy(logits, labels)
          optimizer.zeroGrad()
          loss.backward()
          downhill.clipGradNorm(model.parameters(), 1)
          optimizer.step()
          return loss.item()
        }),
      )
    }
    expect(losses.every(Number.isFinite)).toBe(true)
    const saved = checkpoint.save({ model, optimizer, generator, losses })
    optimizer.dispose()
    for (const tensor of [...model.parameters(), ...model.buffers()]) tensor.dispose()
    return saved
  })
})
