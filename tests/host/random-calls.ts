/** Random computations that reach every kernel of the binary, in any arena. */
import * as downhill from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { type Call, Draw } from './draw.ts'
import { adafactor, clip, lbfgs, muon, rule, sparse } from './random-steps.ts'

type Arena = downhill.Arena
type Tensor = downhill.Tensor
type Shape = readonly number[]

const F = nn.functional

const sizeOf = (shape: Shape) => shape.reduce((product, n) => product * n, 1)

type Maker = (d: Draw) => Call

const map =
  (f: (x: Tensor) => Tensor, low?: number): Maker =>
  (d) => ({ shapes: [d.shape()], ...(low !== undefined && { low }), run: (_, [x]) => [f(x!)] })

const pair =
  (f: (x: Tensor, y: Tensor) => Tensor, low?: number): Maker =>
  (d) => {
    const shape = d.shape()
    return { shapes: [d.within(shape), d.within(shape)], ...(low !== undefined && { low }), run: (_, [x, y]) => [f(x!, y!)] }
  }

const loss =
  (f: typeof F.mseLoss): Maker =>
  (d) => {
    const [shape, reduction] = [d.shape(), d.of<nn.functional.Reduction>('mean', 'sum', 'none')]
    return { shapes: [shape, shape], run: (_, [x, y]) => [f(x!, y!, { reduction })] }
  }

const reduction =
  (f: typeof F.sum): Maker =>
  (d) => {
    const shape = d.shape(1)
    const options = d.bool() ? {} : { dim: d.order(shape.length).slice(0, d.int(1, shape.length)) }
    return { shapes: [shape], run: (_, [x]) => [f(x!, options)] }
  }

const along =
  (f: (x: Tensor, dim: number) => Tensor): Maker =>
  (d) => {
    const shape = d.shape(1)
    const dim = d.int(0, shape.length - 1)
    return { shapes: [shape], run: (_, [x]) => [f(x!, dim)] }
  }

function pool(d: Draw, f: typeof F.maxPool2d): Call {
  const kernel = [d.int(1, 3), d.int(1, 3)] as const
  const options = { stride: [d.int(1, 2), d.int(1, 2)], padding: kernel.map((k) => d.int(0, Math.floor(k / 2))), ceilMode: d.bool() }
  return { shapes: [[...d.shape(1, 2, 40), d.int(3, 14), d.int(3, 14)]], run: (_, [x]) => [f(x!, kernel, options)] }
}

function convolution(d: Draw): Call {
  const [groups, rows, kernel] = [d.int(1, 3), d.int(1, 5), [d.int(1, 3), d.int(1, 3)]]
  const [inputs, outputs] = [d.int(1, 4), groups * d.int(1, 9)]
  const options = { groups, stride: d.int(1, 2), padding: d.int(0, 2), dilation: d.int(1, 2) }
  const hasBias = d.bool()
  return {
    shapes: [[rows, inputs * groups, d.int(5, 12), d.int(5, 12)], [outputs, inputs, ...kernel], [outputs]],
    run: (_, [x, w, b]) => [F.conv2d(x!, w!, hasBias ? b! : null, options)],
  }
}

function attention(d: Draw): Call {
  const [batch, queries, keys, width, valueWidth] = [
    [d.int(1, 4), d.int(1, 4)].slice(d.int(0, 1)),
    d.int(1, 20),
    d.int(1, 20),
    d.int(1, 9),
    d.int(1, 9),
  ]
  const isCausal = d.bool()
  const heads = () => (d.int(0, 3) ? batch : d.within(batch))
  return {
    shapes: [
      [...heads(), queries, width],
      [...heads(), keys, width],
      [...heads(), keys, valueWidth],
    ],
    run: (_, [q, k, v]) => [F.scaledDotProductAttention(q!, k!, v!, { isCausal })],
  }
}

function layerNorm(d: Draw, isCentered: boolean): Call {
  const shape = d.shape(1)
  const last = shape.slice(d.int(0, shape.length - 1))
  return {
    shapes: [shape, last, last],
    run: (_, [x, weight, bias]) => [
      isCentered ? F.layerNorm(x!, last, { weight: weight!, bias: bias! }) : F.rmsNorm(x!, last, { weight: weight! }),
    ],
  }
}

function batchNorm(d: Draw): Call {
  const shape = [d.int(2, 9), d.int(1, 9), ...d.shape(0, 2, 60)]
  return {
    shapes: [shape, [shape[1]!], [shape[1]!]],
    run: (_, [x, weight, bias]) => [F.batchNorm(x!, null, null, { weight: weight!, bias: bias!, training: true })],
  }
}

function embedding(d: Draw): Call {
  const [rows, width] = [d.int(1, 40), d.int(33, 90)]
  const indices = Int32Array.from(d.indices(d.int(1, 80), rows))
  const options = { paddingIdx: d.of(null, 0) }
  return { shapes: [[rows, width]], run: (_, [table]) => [F.embedding(indices, table!, options)] }
}

function crossEntropy(d: Draw, options: object): Call {
  const [rows, classes] = [d.int(2, 60), d.int(2, 30)]
  const labels = Int32Array.from(d.indices(rows, classes))
  return { shapes: [[rows, classes]], run: (_, [x]) => [F.crossEntropy(x!, labels, options)] }
}

/** The greatest along the middle axis. */
function greatest(d: Draw): Call {
  return { shapes: [[d.int(2, 9), d.int(2, 9), d.int(1, 20)]], run: (_, [x]) => [F.amax(x!, { dim: 1 })] }
}

function linear(d: Draw): Call {
  const [rows, inputs, outputs, hasBias] = [d.size(60), d.size(60), d.size(60), d.bool()]
  return { shapes: [[rows, inputs], [outputs, inputs], [outputs]], run: (_, [x, w, b]) => [F.linear(x!, w!, hasBias ? b : null)] }
}

function matmul(d: Draw): Call {
  const [batch, m, k, n] = [d.shape(0, 2, 20), d.size(40), d.size(40), d.size(40)]
  const shapes = [
    [...d.within(batch), m, k],
    [...(d.bool() ? batch : d.within(batch)), k, n],
  ]
  return { shapes, run: (_, [a, b]) => [F.matmul(a!, b!)] }
}

function permutation(d: Draw): Call {
  const shape = d.shape(2)
  const order = d.order(shape.length)
  return { shapes: [shape], run: (_, [x]) => [F.permute(x!, order)] }
}

function random(d: Draw): Call {
  const [seed, shape, skipped] = [d.int(0, 999), d.shape(), d.int(0, 3)]
  return {
    shapes: [shape, shape],
    run: (_, [x, y]) => {
      const generator = new downhill.Generator(seed)
      for (let i = 0; i < skipped; i++) generator.uniform()
      generator.fillUniform(x!, -1, 3)
      generator.fillNormal(y!, 1, 2)
      return [F.dropout(x!, { p: 0.3, generator }), x!.data, y!.data]
    },
  }
}

const maps: readonly Maker[] = [
  ...[F.relu, F.sigmoid, F.silu, F.softplus, F.tanh, F.leakyRelu, F.gelu, F.abs, F.exp, F.neg].map((f) => map(f as (x: Tensor) => Tensor)),
  ...[F.log, F.sqrt, (x: Tensor) => F.pow(x, 1.5)].map((f) => map(f, 0.1)),
  ...[map((x) => F.gelu(x, { approximate: 'tanh' })), map((x) => F.affine(x, 2, 1))],
  ...[pair(F.add), pair(F.sub), pair(F.mul), pair(F.div, 0.5)],
  ...[F.mseLoss, F.l1Loss, F.huberLoss, F.binaryCrossEntropyWithLogits].map((f) => loss(f as typeof F.mseLoss)),
]

const sums: readonly Maker[] = [
  ...[reduction(F.sum), reduction(F.mean), reduction(F.amax), greatest, along(F.softmax), along(F.logSoftmax)],
  ...[along((x, dim) => F.cat([x, x], dim)), permutation, linear, matmul, matmul, convolution, convolution, attention, attention],
  ...[embedding, batchNorm, (d: Draw) => layerNorm(d, true), (d: Draw) => layerNorm(d, false)],
  ...[(d: Draw) => pool(d, F.maxPool2d), (d: Draw) => pool(d, F.avgPool2d), (d: Draw) => crossEntropy(d, {})],
  (d) => crossEntropy(d, { labelSmoothing: d.of(0, 0.1), reduction: d.of('mean', 'sum') }),
]

/** Every kind of computation. Those with more choices come several times. */
export const makers: readonly Maker[] = [...maps, ...sums, random, clip, rule, rule, rule, muon, adafactor, lbfgs, sparse]

/** Returns the bytes that a random computation results in: its outputs, and the gradients of its parameters. */
export function resultsOf(seed: number, arena: Arena): Uint8Array[] {
  const d = new Draw(seed)
  const { shapes, low = -2, run } = makers[seed % makers.length]!(d)
  const dtype = Math.floor(seed / makers.length) % 2 ? 'float64' : 'float32'
  const params = shapes.map((shape) => arena.parameter(shape, { dtype, data: d.numbers(sizeOf(shape), low) }))
  const results = arena.frame(() => {
    const found = run(arena, params, dtype)
    const outputs = found.filter((one): one is Tensor => one instanceof downhill.Tensor)
    const arrays = found.map((one) => (one instanceof downhill.Tensor ? one.data : one).slice())
    if (outputs.length) {
      // Every element of an output has another weight.
      const losses = outputs.map((y) => F.sum(F.mul(y, arena.tensor(d.numbers(y.size), y.shape, { dtype }))))
      losses.reduce((a, b) => F.add(a, b)).backward()
    }
    return [...arrays, ...params.flatMap(({ grad }) => (grad ? [grad.slice()] : []))]
  })
  for (const parameter of params) parameter.dispose()
  return results.map((array) => new Uint8Array(array.buffer))
}
