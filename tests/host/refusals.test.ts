import { describe, expect, it } from 'vitest'
import { Arena, type DType, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { thrown } from './thrown.ts'

const F = nn.functional

/** Every function over tensors, with valid input shapes and a call. */
const calls: Record<string, [shapes: number[][], (...x: Tensor[]) => unknown]> = {
  ...Object.fromEntries(
    (
      [
        'relu',
        'leakyRelu',
        'gelu',
        'silu',
        'tanh',
        'sigmoid',
        'softplus',
        'neg',
        'exp',
        'log',
        'sqrt',
        'abs',
        'detach',
        'sum',
        'mean',
        'amax',
        'flatten',
      ] as const
    ).map((name) => [name, [[[2, 3]], (x: Tensor) => F[name](x)]]),
  ),
  ...Object.fromEntries(
    (['add', 'sub', 'mul', 'div', 'mseLoss', 'l1Loss', 'huberLoss', 'smoothL1Loss', 'binaryCrossEntropyWithLogits'] as const).map(
      (name) => [
        name,
        [
          [
            [2, 3],
            [2, 3],
          ],
          (x: Tensor, y: Tensor) => F[name](x, y),
        ],
      ],
    ),
  ),
  affine: [[[2]], (x) => F.affine(x!, 2, 1)],
  pow: [[[2]], (x) => F.pow(x!, 3)],
  linear: [[[2, 3], [4, 3], [4]], (x, w, b) => F.linear(x!, w!, b!)],
  matmul: [
    [
      [2, 3],
      [3, 4],
    ],
    (x, y) => F.matmul(x!, y!),
  ],
  reshape: [[[2, 3]], (x) => F.reshape(x!, [6])],
  permute: [[[2, 3]], (x) => F.permute(x!, [1, 0])],
  transpose: [[[2, 3]], (x) => F.transpose(x!, 0, 1)],
  narrow: [[[2, 3]], (x) => F.narrow(x!, 1, 0, 2)],
  cat: [
    [
      [2, 3],
      [1, 3],
    ],
    (x, y) => F.cat([x!, y!]),
  ],
  softmax: [[[2, 3]], (x) => F.softmax(x!, 1)],
  logSoftmax: [[[2, 3]], (x) => F.logSoftmax(x!, 1)],
  crossEntropy: [[[2, 3]], (x) => F.crossEntropy(x!, [0, 2])],
  layerNorm: [[[2, 3], [3]], (x, weight) => F.layerNorm(x!, [3], { weight: weight! })],
  rmsNorm: [[[2, 3], [3]], (x, weight) => F.rmsNorm(x!, [3], { weight: weight! })],
  batchNorm: [[[2, 3], [3], [3]], (x, mean, variance) => F.batchNorm(x!, mean!, variance!)],
  embedding: [[[5, 2]], (weight) => F.embedding([1, 4], weight!)],
  conv1d: [
    [
      [1, 2, 5],
      [3, 2, 3],
    ],
    (x, w) => F.conv1d(x!, w!),
  ],
  conv2d: [
    [
      [1, 2, 5, 5],
      [3, 2, 3, 3],
    ],
    (x, w) => F.conv2d(x!, w!),
  ],
  maxPool2d: [[[1, 2, 4, 4]], (x) => F.maxPool2d(x!, 2)],
  avgPool2d: [[[1, 2, 4, 4]], (x) => F.avgPool2d(x!, 2)],
  scaledDotProductAttention: [
    [
      [2, 3],
      [4, 3],
      [4, 5],
    ],
    (q, k, v) => F.scaledDotProductAttention(q!, k!, v!),
  ],
  gru: [
    [
      [3, 1, 2],
      [6, 2],
      [6, 2],
    ],
    (x, weightIh, weightHh) => F.gru(x!, null, [{ weightIh: weightIh!, weightHh: weightHh! }]),
  ],
  lstm: [
    [
      [3, 1, 2],
      [8, 2],
      [8, 2],
    ],
    (x, weightIh, weightHh) => F.lstm(x!, null, null, [{ weightIh: weightIh!, weightHh: weightHh! }]),
  ],
  dropout: [[[2, 3]], (x) => F.dropout(x!)],
  checkpoint: [[[2, 3]], (x) => F.checkpoint((y) => F.exp(y!), x!)],
  apply: [[[2]], (x) => F.apply({ forward: () => {}, backward: () => {} }, x!)],
}

const made = (arena: Arena, shapes: readonly number[][], dtype: DType = 'float32') =>
  shapes.map((shape) => arena.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape, { dtype }))

it('the table covers every function', () => {
  expect(Object.keys(calls).sort()).toEqual(Object.keys(F).sort())
})

describe.each(Object.entries(calls))('%s', (name, [shapes, call]) => {
  it('throws for tensors of an ended frame, a disposed arena, another arena or another dtype, and for values that are not tensors', async () => {
    const [arena, other] = [await Arena.create(), await Arena.create()]
    const ended = arena.frame(() => made(arena, shapes))
    arena.frame(() => {
      expect(() => call(...made(arena, shapes))).not.toThrow()
      const gone = thrown(() => call(...ended))
      expect(gone.code).toBe('frame-ended')
      expect(gone.message).toContain('was freed at the end of its frame')
      expect(thrown(() => call(...made(arena, shapes, 'int32'))).code).toBe('dtype-mismatch')
      expect(thrown(() => call(...shapes.map(() => 'x' as never))).code).toMatch(/params-invalid|dtype-mismatch/)
      if (shapes.length === 1) return
      const [first, ...rest] = made(arena, shapes)
      other.frame(() =>
        expect(thrown(() => call(first!, ...made(other, shapes.slice(1)))).message).toContain('all tensors must be in one arena'),
      )
      expect(thrown(() => call(first!, ...made(arena, shapes.slice(1), 'float64'))).code).toBe('dtype-mismatch')
      expect(rest.length).toBe(shapes.length - 1)
    })
    const kept = made(arena, shapes)
    arena.dispose()
    expect(thrown(() => call(...kept)).code, name).toBe('disposed')
  })

  it('throws with its name and the mismatched shapes', async () => {
    const arena = await Arena.create()
    const wrong = shapes.map((_, i) => (i ? [7, 7, 7, 7, 7, 7] : shapes[0]!))
    arena.frame(() => {
      if (shapes.length === 1) return
      const { code, message } = thrown(() => call(...made(arena, wrong)))
      expect(code).toBe('shape-mismatch')
      expect(message).toMatch(/^[a-zA-Z0-9]+: .*\[7, 7, 7, 7, 7, 7\]/)
    })
  })
})

describe('backward', () => {
  it('throws for integers, a second backward pass, and a disposed arena', async () => {
    const arena = await Arena.create()
    const w = arena.parameter([2], { data: [1, 2] })
    arena.frame(() => {
      expect(thrown(() => arena.tensor([1], [1], { dtype: 'int32' }).backward()).code).toBe('backward-invalid')
      const loss = F.sum(w)
      loss.backward()
      expect(thrown(() => loss.backward()).message).toContain('backward: must not run twice through the same computation')
    })
    const kept = arena.tensor([1], [])
    arena.dispose()
    expect(thrown(() => kept.backward()).code).toBe('disposed')
  })

  it('frames throw for asynchronous functions', async () => {
    const arena = await Arena.create()
    expect(thrown(() => arena.frame((async () => 1) as never)).code).toBe('frame-async')
    expect(thrown(() => arena.frame((() => Promise.resolve(1)) as never)).code).toBe('frame-async')
    expect(thrown(() => arena.frame(3 as never)).code).toBe('option-range')
  })
})

describe('arguments of the wrong type', () => {
  it.each([
    ['reshape', (x: Tensor) => F.reshape(x, 'x' as never)],
    ['permute', (x: Tensor) => F.permute(x, undefined as never)],
    ['cat', (x: Tensor) => F.cat(x as never)],
    ['sum', (x: Tensor) => F.sum(x, { dim: 'x' as never })],
    ['layerNorm', (x: Tensor) => F.layerNorm(x, 3 as never)],
    ['softmax', (x: Tensor) => F.softmax(x, undefined as never)],
    ['maxPool2d', (x: Tensor) => F.maxPool2d(F.reshape(x, [1, 1, 1, 3]), undefined as never)],
    ['gelu', (x: Tensor) => F.gelu(x, { approximate: 'x' as never })],
    ['pow', (x: Tensor) => F.pow(x, x as never)],
    ['apply', (x: Tensor) => F.apply(null as never, x)],
    ['checkpoint', (x: Tensor) => F.checkpoint(() => 3 as never, x)],
  ] as [string, (x: Tensor) => unknown][])('throw with the name of %s', async (name, call) => {
    const arena = await Arena.create()
    const { message } = arena.frame(() => thrown(() => call(arena.tensor([1, 2, 3]))))
    expect(message.startsWith(name)).toBe(true)
  })

  it('throw with the name of the layer', async () => {
    const arena = await Arena.create()
    expect(thrown(() => new nn.Linear(null as never, 1, 1)).message).toBe('Linear: the first argument must be an Arena, got null')
    expect(thrown(() => new nn.Conv2d(arena, 2, 3, undefined as never)).message).toContain('kernelSize')
    expect(thrown(() => new nn.MultiheadAttention(arena, 6, 4)).message).toContain(
      'MultiheadAttention: numHeads must be a divisor of embedDim (6), got 4',
    )
    expect(thrown(() => new nn.GRU(arena, 2, 3, { numLayers: 0 })).message).toContain('numLayers')
  })
})
