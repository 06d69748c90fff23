import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Generator, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import {
  arena,
  away,
  between,
  type Case,
  Choices,
  distinct,
  one,
  passed,
  positive,
  quarters,
  smooth,
  some,
  weighted,
  withParameters,
  worstError,
} from './differences.ts'
import * as cases from './gradient-cases.ts'

const F = nn.functional
type Pair = (a: Tensor | number, b: Tensor | number) => Tensor

/** Two tensors that broadcast, one tensor twice, or a tensor and a number. */
function pair(c: Choices, op: Pair, draw = smooth): Case {
  const shape = c.shape()
  const kind = c.of('two', 'two', 'two', 'same', 'first', 'second')
  if (kind === 'two') return some([smooth(c.within(shape)), draw(c.within(shape))], op)
  return one(draw(shape), (x) => (kind === 'same' ? op(x, x) : kind === 'first' ? op(x, -1.5) : op(-1.5, x)))
}

function over(c: Choices, f: (x: Tensor, options: nn.functional.AxisOptions) => Tensor, draw = smooth): Case {
  const [shape, keepdim] = [c.shape(), c.bool()]
  const dims = c.order(shape.length).map((axis) => (c.bool() ? axis : axis - shape.length))
  const dim = c.of<undefined | number | number[]>(undefined, c.axis(shape.length), dims.slice(0, c.int(0, dims.length)))
  return one(draw(shape), (x) => f(x, dim === undefined ? { keepdim } : { dim, keepdim }))
}

function along(c: Choices, f: (x: Tensor, dim: number) => Tensor): Case {
  const shape = c.shape()
  const dim = c.axis(shape.length)
  return one(smooth(shape), (x) => f(x, dim))
}

/** A loss of input and target, whose differences are never multiples of 1/4. */
function loss(c: Choices, f: (x: Tensor, target: Tensor, options: nn.functional.LossOptions) => Tensor): Case {
  const [shape, options] = [c.shape(), cases.reduced(c)]
  return some([between(shape), quarters(shape)], (x, target) => f(x, target, options))
}

function cat(c: Choices): Case {
  const [shape, isTwice] = [c.shape(1, 4, 12), c.bool()]
  const dim = c.axis(shape.length)
  const parts = Array.from({ length: c.int(1, 3) }, () => smooth(shape.with(dim, c.int(1, 4))))
  return some(parts, (...tensors) => F.cat(isTwice ? [...tensors, tensors[0]] : tensors, dim))
}

function narrow(c: Choices): Case {
  const shape = c.shape(1)
  const dim = c.axis(shape.length)
  const size = shape.at(dim)!
  const start = c.int(0, size - 1)
  const [from, length] = [c.of(start, start - size), c.int(1, size - start)]
  return one(smooth(shape), (x) => F.narrow(x, dim, from, length))
}

function transpose(c: Choices): Case {
  const shape = c.shape(1)
  const [first, second] = [c.axis(shape.length), c.axis(shape.length)]
  return one(smooth(shape), (x) => F.transpose(x, first, second))
}

function permute(c: Choices): Case {
  const shape = c.shape()
  const dims = c.order(shape.length).map((axis) => (c.bool() ? axis : axis - shape.length))
  return one(smooth(shape), (x) => F.permute(x, dims))
}

function reshape(c: Choices): Case {
  const shape = c.shape()
  const to = c.of([-1], [...shape].reverse(), [1, ...shape, -1])
  return one(smooth(shape), (x) => F.reshape(x, to))
}

function flatten(c: Choices): Case {
  const shape = c.shape(1)
  const start = c.int(0, shape.length - 1)
  const end = c.of(c.int(start, shape.length - 1), -1)
  return one(smooth(shape), (x) => F.flatten(x, start, end))
}

function powerOf(c: Choices, draw: typeof smooth, ...exponents: number[]): Case {
  const exponent = c.of(...exponents)
  return one(draw(c.shape()), (x) => F.pow(x, exponent))
}

/** Functions that finite differences do not cover; recording.test.ts tests them. */
const apart = {
  apply: 'the caller supplies the gradient',
  checkpoint: 'recomputes another function',
  detach: 'has no gradient',
}

const table: Readonly<Record<string, (c: Choices) => Case>> = {
  abs: (c) => one(away(c.shape()), F.abs),
  add: (c, alpha = c.of(1, -0.5)) => pair(c, (a, b) => F.add(a, b, { alpha })),
  affine: (c) => one(smooth(c.shape()), (x) => F.affine(x, -1.5, 0.3)),
  amax: (c) => over(c, F.amax, distinct),
  avgPool2d: (c, countIncludePad = c.bool()) => cases.pool(c, F.avgPool2d, { countIncludePad }),
  batchNorm: cases.batchNorm,
  binaryCrossEntropyWithLogits: cases.binaryCrossEntropy,
  cat,
  conv1d: (c) => cases.convolution(c, 1),
  conv2d: (c) => cases.convolution(c, 2),
  crossEntropy: cases.crossEntropy,
  div: (c) => pair(c, F.div, away),
  dropout: cases.dropout,
  embedding: cases.embedding,
  exp: (c) => one(smooth(c.shape()), F.exp),
  flatten,
  gelu: (c, approximate = c.of<'none' | 'tanh'>('none', 'tanh')) => one(smooth(c.shape()), (x) => F.gelu(x, { approximate })),
  gru: (c) => cases.recurrent(c, 3),
  huberLoss: (c, delta = c.of(0.5, 1)) => loss(c, (x, target, options) => F.huberLoss(x, target, { ...options, delta })),
  l1Loss: (c) => loss(c, F.l1Loss),
  layerNorm: cases.layerNorm,
  leakyRelu: (c, slope = c.of(undefined, 0.3)) => one(away(c.shape()), (x) => F.leakyRelu(x, slope)),
  linear: cases.linear,
  log: (c) => one(positive(c.shape()), F.log),
  logSoftmax: (c) => along(c, F.logSoftmax),
  lstm: (c) => cases.recurrent(c, 4),
  matmul: cases.matmul,
  maxPool2d: (c, dilation = c.of([1, 1] as const, [2, 3] as const)) => cases.pool(c, F.maxPool2d, { dilation }, dilation),
  mean: (c) => over(c, F.mean),
  mseLoss: (c) => loss(c, F.mseLoss),
  mul: (c) => pair(c, F.mul),
  narrow,
  neg: (c) => one(smooth(c.shape()), F.neg),
  permute,
  pow: (c) => (c.bool() ? powerOf(c, positive, 0.5, -0.5, 2.7) : powerOf(c, away, 0, 1, 2, 3, -1, -2)),
  relu: (c) => one(away(c.shape()), F.relu),
  reshape,
  rmsNorm: cases.rmsNorm,
  scaledDotProductAttention: cases.attention,
  sigmoid: (c) => one(smooth(c.shape()), F.sigmoid),
  silu: (c) => one(smooth(c.shape()), F.silu),
  smoothL1Loss: (c, beta = c.of(0, 0.5, 1)) => loss(c, (x, target, options) => F.smoothL1Loss(x, target, { ...options, beta })),
  softmax: (c) => along(c, F.softmax),
  softplus: (c) => one(smooth(c.shape()), F.softplus),
  sqrt: (c) => one(positive(c.shape()), F.sqrt),
  sub: (c, alpha = c.of(1, 2.5)) => pair(c, (a, b) => F.sub(a, b, { alpha })),
  sum: (c) => over(c, F.sum),
  tanh: (c) => one(smooth(c.shape()), F.tanh),
  transpose,
}

describe('gradients match finite differences', () => {
  it('for every function', () => {
    const functions = Object.keys(F).filter((name) => !(name in apart))
    expect(Object.keys(table).sort()).toEqual(functions.sort())
  })

  it.each(Object.entries(table))('%s', (_, make) => {
    fc.assert(
      fc.property(fc.gen(), fc.boolean(), (choose, isInner) => {
        expect(worstError(make(new Choices(choose)), isInner)).toBeLessThan(1e-6)
      }),
      { numRuns: 20 },
    )
  })
})

describe('gradients', () => {
  it('accumulate for a tensor used twice, as a parameter or as a result', () => {
    const scaled = passed((x) => F.affine(x, 2, 0))
    expect(passed((x) => F.add(x, x)).x).toEqual(scaled.x)
    const h = (x: Tensor) => F.tanh(x)
    const [once, other] = [passed((x) => F.exp(h(x))), passed((x) => F.sigmoid(h(x)))]
    const both = passed((x) => [h(x)].map((y) => F.add(F.exp(y), F.sigmoid(y)))[0]!)
    for (const [i, g] of both.x!.entries()) expect(g).toBeCloseTo(once.x![i]! + other.x![i]!, 14)
  })

  it('of the padding row are 0, and sparse gradients equal dense ones', () => {
    const weight = { shape: [4, 2], draw: () => [1, 2, 3, 4, 5, 6, 7, 8] }
    withParameters([weight, weight], (dense, sparse) => {
      arena.frame(() => weighted(F.embedding([1, 3, 1, 0, 3], dense!, { paddingIdx: -1 })).backward())
      arena.frame(() => weighted(F.embedding([1, 3, 1, 0, 3], sparse!, { paddingIdx: 3, sparse: true })).backward())
      expect([...dense!.grad!.slice(4)]).toEqual([0, 0, 0, 0])
      expect([...sparse!.sparseGrad!.indices]).toEqual([0, 1])
      expect([...sparse!.sparseGrad!.values]).toEqual([...dense!.grad!.slice(0, 4)])
    })
  })
})

describe('dropout', () => {
  it('gives the same result for the same generator state, and its gradient is the mask', () => {
    const generator = new Generator(5)
    for (const p of [0, 0.25, 0.5, 1]) {
      const { state } = generator
      const first = passed((x) => F.dropout(x, { p, generator }))
      const after = generator.state
      generator.state = state
      expect(passed((x) => F.dropout(x, { p, generator }))).toEqual(first)
      expect(generator.state).toEqual(after)
      const whole = passed((x) => F.affine(x, 1, 0))
      for (const [i, y] of first.y.entries()) {
        const mask = y === 0 ? 0 : 1 / (1 - p)
        expect([y, first.x![i]]).toEqual([whole.y[i]! * mask + 0, whole.x![i]! * mask + 0].map((v) => expect.closeTo(v, 14)))
      }
    }
  })

  it('drops the expected share of elements, and none when not training', () => {
    arena.frame(() => {
      const x = arena.tensor(new Float32Array(10_000).fill(3), [10_000])
      const dropped = F.dropout(x, { p: 0.2, generator: new Generator(1) }).data.filter((y) => y === 0).length
      expect(Math.abs(dropped - 2000)).toBeLessThan(200)
      expect(F.dropout(x, { training: false })).toBe(x)
    })
  })
})

it('binaryCrossEntropyWithLogits is accurate for large logits, where softplus is not', () => {
  withParameters([{ shape: [5], draw: () => [-21, -25, 21, -710, 710] }], (x) => {
    const losses = arena.frame(() => {
      const target = arena.tensor([1, 1, 0, 1, 0], [5], { dtype: 'float64' })
      const result = F.binaryCrossEntropyWithLogits(x!, target, { reduction: 'none' })
      F.sum(result).backward()
      return [...result.data]
    })
    // Values computed by torch.
    expect(losses).toEqual([21.000000000758256, 25.000000000013888, 21.000000000758256, 710, 710])
    expect([...x!.grad!]).toEqual([-0.999999999241744, -0.9999999999861121, 0.999999999241744, -1, 1].map((g) => expect.closeTo(g, 15)))
  })
})
