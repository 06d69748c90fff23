/** Gradient cases of functions with options of their own, with random options and shapes. */
import { Generator, type Tensor } from '../../host/index.ts'
import * as nn from '../../host/nn/index.ts'
import { arena, away, type Case, type Choices, distinct, one, positive, smooth, some } from './differences.ts'

const F = nn.functional

export const reduced = (c: Choices) => ({ reduction: c.of<nn.functional.Reduction>('mean', 'sum', 'none') })

export function crossEntropy(c: Choices): Case {
  const [shape, labelSmoothing, hasWeight] = [c.shape(1), c.of(0, 0, 0.2, 1), c.bool()]
  const classes = shape[Math.min(1, shape.length - 1)]!
  const options = { ...reduced(c), labelSmoothing }
  if (c.bool())
    return some([smooth(shape), positive(shape), hasWeight ? positive([classes]) : null], (x, shares, weight) =>
      F.crossEntropy(x, shares, weight ? { ...options, weight } : options),
    )
  const positions = shape.filter((_, axis) => axis !== Math.min(1, shape.length - 1))
  const ignoreIndex = classes > 1 ? c.of(-100, 0) : -100
  const labels = c
    .indices(
      positions.reduce((a, b) => a * b, 1),
      classes,
    )
    .map((label) => (c.int(0, 3) ? label : ignoreIndex))
  // The mean over zero targets is NaN.
  labels[0] = classes - 1
  const weight = hasWeight ? { weight: Float64Array.from({ length: classes }, (_, i) => 0.5 + i / 3) } : {}
  const isTensor = c.bool()
  return one(smooth(shape), (x) =>
    F.crossEntropy(x, isTensor ? arena.tensor(labels, positions, { dtype: 'int32' }) : labels, { ...options, ...weight, ignoreIndex }),
  )
}

export function convolution(c: Choices, axes: 1 | 2): Case {
  const each = (min: number, max: number) => Array.from({ length: axes }, () => c.int(min, max))
  const [kernel, stride, padding, dilation, groups] = [each(1, 3), each(1, 3), each(0, 2), each(1, 2), c.int(1, 2)]
  const sizes = kernel.map((k, axis) => Math.max(1, dilation[axis]! * (k - 1) + 1 - 2 * padding[axis]! + c.int(0, 3)))
  const [inputs, outputs] = [c.int(1, 2), groups * c.int(1, 2)]
  const options = c.bool() ? { stride, padding, dilation, groups } : { stride: stride[0]!, padding, groups, dilation }
  const x = smooth([...(c.bool() ? [c.int(1, 2)] : []), inputs * groups, ...sizes])
  return some([x, smooth([outputs, inputs, ...kernel]), c.maybe(smooth([outputs]))], (...tensors: [Tensor, Tensor, Tensor | null]) =>
    axes === 1 ? F.conv1d(...tensors, options) : F.conv2d(...tensors, options),
  )
}

export function pool(c: Choices, f: typeof F.maxPool2d, own: object, dilation: readonly [number, number] = [1, 1]): Case {
  const kernel = [c.int(1, 3), c.int(1, 3)] as const
  const padding = kernel.map((k) => c.int(0, Math.floor(k / 2)))
  const options = { padding, ceilMode: c.bool(), ...c.of({}, { stride: [c.int(1, 3), c.int(1, 3)] }), ...own }
  const sizes = kernel.map((k, axis) => dilation[axis]! * (k - 1) + 1 + c.int(0, 2))
  return one(distinct([...c.shape(1, 2, 2), ...sizes]), (x) => f(x, kernel, options))
}

export function attention(c: Choices): Case {
  const [batch, queries, keys, width] = [c.shape(0, 2, 4), c.int(1, 3), c.int(1, 3), c.int(1, 3)]
  const scores = [...batch, queries, keys]
  const mask = c.of('none', 'causal', 'integers', 'floats')
  const seen = Array.from({ length: queries * keys }, () => c.int(0, 2))
  const options = { ...c.of({}, { scale: 0.7 }), ...(mask === 'causal' && { isCausal: true }) }
  const weightsMap = (weights: Tensor) => F.dropout(weights, { p: 0.3, generator: new Generator(3) })
  const map = c.of({}, { weightsMap })
  return some(
    [
      smooth([...c.within(batch), queries, width]),
      smooth([...c.within(batch), keys, width]),
      smooth([...c.within(batch), keys, c.int(1, 2)]),
      mask === 'floats' ? smooth(c.within(scores)) : null,
    ],
    (query, key, value, floats) => {
      const attnMask = mask === 'integers' ? arena.tensor(seen, [queries, keys], { dtype: 'int32' }) : floats
      return F.scaledDotProductAttention(query, key, value, { ...options, ...map, ...(attnMask && { attnMask }) })
    },
  )
}

export function recurrent(c: Choices, gates: 3 | 4): Case {
  const [steps, rows, width, hidden, layers] = [c.int(1, 3), c.int(1, 2), c.int(1, 2), c.int(1, 2), c.int(1, 2)] as const
  const [batchFirst, hasState, hasIh, hasHh] = [c.bool(), c.bool(), c.bool(), c.bool()]
  const state = () => (hasState ? smooth([layers, rows, hidden]) : null)
  const weights = Array.from({ length: layers }, (_, l) => [
    smooth([gates * hidden, l ? hidden : width]),
    smooth([gates * hidden, hidden]),
    hasIh ? smooth([gates * hidden]) : null,
    hasHh ? smooth([gates * hidden]) : null,
  ])
  const x = smooth(batchFirst ? [rows, steps, width] : [steps, rows, width])
  return some([x, state(), gates === 4 ? state() : null, ...weights.flat()], (input, h, cell, ...rest) => {
    const own = weights.map((_, l) => ({
      weightIh: rest[4 * l],
      weightHh: rest[4 * l + 1],
      biasIh: rest[4 * l + 2],
      biasHh: rest[4 * l + 3],
    }))
    return Object.values(gates === 3 ? F.gru(input, h, own, { batchFirst }) : F.lstm(input, h, cell, own, { batchFirst }))
  })
}

/** Layer normalization over the last axes, with or without weight and bias. */
export function layerNorm(c: Choices): Case {
  const [shape, eps] = [c.shape(1), c.of(1e-5, 0.1)]
  const last = shape.slice(c.int(0, shape.length - 1))
  return some([distinct(shape), c.maybe(smooth(last)), c.maybe(smooth(last))], (x, weight, bias) =>
    F.layerNorm(x, last, { weight, bias, eps }),
  )
}

export function rmsNorm(c: Choices): Case {
  const [shape, eps] = [c.shape(1), c.of(null, 0.1)]
  const last = shape.slice(c.int(0, shape.length - 1))
  return some([away(shape), c.maybe(smooth(last))], (x, weight) => F.rmsNorm(x, last, { weight, eps }))
}

export function batchNorm(c: Choices): Case {
  const shape = c.shape(2)
  const training = c.bool() && shape.reduce((a, b) => a * b, 1) > shape[1]!
  const [channels, tracks, eps] = [[shape[1]!], !training || c.bool(), c.of(1e-5, 0.1)]
  return some([distinct(shape), c.maybe(smooth(channels)), c.maybe(smooth(channels))], (x, weight, bias) => {
    const running = (from: number) =>
      tracks
        ? arena.tensor(
            Float64Array.from({ length: channels[0]! }, (_, i) => from + i / 3),
            channels,
            { dtype: 'float64' },
          )
        : null
    return F.batchNorm(x, running(-0.5), running(0.4), { weight, bias, eps, training })
  })
}

export function embedding(c: Choices): Case {
  const [rows, width, paddingIdx, shape] = [c.int(2, 5), c.int(1, 4), c.of(null, -1), c.shape(0, 3, 12)]
  // Finite differences ignore paddingIdx, so the indices avoid the padding row.
  const indices = c.indices(
    shape.reduce((a, b) => a * b, 1),
    paddingIdx === null ? rows : rows - 1,
  )
  return one(smooth([rows, width]), (x) => F.embedding(arena.tensor(indices, shape, { dtype: 'int32' }), x, { paddingIdx }))
}

export function binaryCrossEntropy(c: Choices): Case {
  const [shape, options] = [c.shape(), reduced(c)]
  return some(
    [smooth(shape), positive(shape), c.maybe(positive(c.within(shape))), c.maybe(positive(c.within(shape)))],
    (x, target, weight, posWeight) =>
      F.binaryCrossEntropyWithLogits(x, target, { ...options, ...(weight && { weight }), ...(posWeight && { posWeight }) }),
  )
}

export function linear(c: Choices): Case {
  const [shape, outputs] = [c.shape(1), c.int(1, 4)]
  return some([smooth(shape), smooth([outputs, shape.at(-1)!]), c.maybe(smooth([outputs]))], F.linear)
}

export function matmul(c: Choices): Case {
  const [batch, m, k, n] = [c.shape(0, 2, 6), c.int(1, 4), c.int(1, 4), c.int(1, 4)]
  const [a, b] = [c.of([k], [...c.within(batch), m, k]), c.of([k], [...c.within(batch), k, n])]
  return some([smooth(a), smooth(b)], F.matmul)
}

export function dropout(c: Choices): Case {
  const [shape, p, training, seed] = [c.shape(), c.of(0, 0.3, 0.5, 1), c.int(0, 3) > 0, c.int(0, 99)]
  return one(smooth(shape), (x) => F.dropout(x, { p, training, generator: new Generator(seed) }))
}
