/**
 * How a call of each kernel can be divided: into calls of the same kernel that compute some of its rows, columns, planes or heads. A part has
 * every sum to itself, so the results do not depend on the division.
 */
import { arrays, type parameters } from '../wasm/generated/parameters.ts'

/** Kernels that are maps over a number of bytes. */
type Map = keyof typeof arrays

/** The arguments of a call, by name. */
export type Arguments = Readonly<Record<string, number>>

/** The memory as 32-bit words, for kernels whose sizes are in a table. */
export type Words = Readonly<Uint32Array>

/** One way to divide a call. */
export interface Way {
  /** The argument that counts what is divided. */
  readonly over: string
  /** What each argument advances by for one of them: bytes of an address, or a count. */
  readonly advance: (a: Arguments, size: number, words: Words) => Readonly<Record<string, number>>
  /** Every part but the last has a multiple of it. Default 1. */
  readonly grain?: (size: number) => number
  /** About how many nanoseconds of work each part repeats. Default 0. */
  readonly repeats?: (a: Arguments) => number
  /** Default: always. */
  readonly when?: (a: Arguments, words: Words) => boolean
}

/** How a kernel's calls are divided, and when it pays. */
export interface Division {
  /** Arguments whose product is the number of elements of a call, or how to compute it. */
  readonly elements: readonly string[] | ((a: Arguments, words: Words) => number)
  /** About how many nanoseconds an element takes. */
  readonly ns: number
  /** Of the ways with at least two units for each part, that which repeats least is taken; without one, that with most units. */
  readonly ways: readonly Way[]
  /** Maximum number of parts for each thread: more of them balance, but some kernels repeat work in each. Default 2. */
  readonly partsPerThread?: number
}

const VECTOR = 16

/** Bytes of a cache line, to which arrays are padded. */
export const LINE = 64

/** Rows of n elements each. */
const row = (a: Arguments, size: number) => a.n! * size

const overRows = (ns: number, advance: Way['advance'], elements = ['rows', 'n']): Division => ({
  elements,
  ns,
  ways: [{ over: 'rows', advance }],
})

const pooling = (ns: number, advance: Way['advance']): Division => ({
  elements: ['planes', 'outHeight', 'outWidth', 'kernelHeight', 'kernelWidth'],
  ns,
  ways: [{ over: 'planes', advance }],
})

const input = (a: Arguments, size: number) => a.height! * a.width! * size
const output = (a: Arguments, size: number) => a.outHeight! * a.outWidth! * size

/** A reduction of the middle axis of [outer, n, inner]: by outer rows, or by columns. */
const reduction: Division = {
  elements: ['outer', 'n', 'inner'],
  ns: 0.1,
  ways: [
    { over: 'outer', advance: (a, size) => ({ out: a.stride! * size, x: a.n! * a.stride! * size }) },
    {
      over: 'inner',
      advance: (_, size) => ({ out: size, x: size }),
      grain: () => 8,
      when: ({ outer, stride }) => outer === 1 && stride! > 1,
    },
  ],
}

/** Statistics of channels, and maps with a scale per channel. */
const channels = (advance: Way['advance']): Division => ({
  elements: ['n', 'channels', 'length'],
  ns: 1,
  ways: [{ over: 'channels', advance }],
})
const images = (advance: Way['advance']): Division => ({ elements: ['n', 'channels', 'length'], ns: 0.3, ways: [{ over: 'n', advance }] })
const image = (a: Arguments, size: number) => a.channels! * a.length! * size

/** Random numbers: a block of the stream fills 16 bytes. */
const draws = (ns: number): Division => ({
  elements: ['bytes'],
  ns,
  ways: [{ over: 'bytes', advance: () => ({ out: 1, block: 1 / VECTOR }), grain: () => LINE }],
})

/** A fold of a table of arrays (memory/folds.ts). */
const fold = (ns: number): Division => ({
  elements: ({ table, count }, words) => {
    let sum = 0
    for (let i = 0; i < count!; i++) sum += words[table! / 4 + 3 * i]!
    return sum
  },
  ns,
  ways: [{ over: 'count', advance: () => ({ table: 12, out: 8 }) }],
})

/** The words of a convolution's table (assembly/nn/convolution.ts) that matter here. */
function convolutionOf(table: number, words: Words) {
  const at = table / 4
  const [inputs, height, width, kernelHeight, kernelWidth] = words.subarray(at, at + 5) as unknown as number[]
  const [outHeight, outWidth, groups, outputs] = words.subarray(at + 11, at + 15) as unknown as number[]
  const taps = inputs! * kernelHeight! * kernelWidth!
  const points = outHeight! * outWidth!
  return {
    ...{ points, taps, window: kernelHeight! * kernelWidth!, channel: height! * width! },
    ...{ input: groups! * inputs! * height! * width!, output: groups! * outputs! * points },
  }
}

const convolution = (ways: readonly Way[]): Division => ({
  elements: ({ table, rows }, words) => {
    const { taps, output } = convolutionOf(table!, words)
    return rows! * output * taps
  },
  ns: 0.06,
  ways,
  partsPerThread: 1,
})

/** The words of an attention's table (assembly/nn/attention.ts): queries, keys and the two widths; the strides of the keys. */
const attention = (ns: number, when?: Way['when']): Division => ({
  elements: ({ table, count }, words) => {
    const [queries, keys, width, valueWidth] = words.subarray(table! / 4 + 1, table! / 4 + 5) as unknown as number[]
    return count! * queries! * keys! * (width! + valueWidth! + 20)
  },
  ns,
  ways: [{ over: 'count', advance: () => ({ first: 1 }), ...(when && { when }) }],
})

const product = { ns: 0.05, partsPerThread: 1 }

/** Functions that compute the bytes of working memory, of which each thread has its own. */
export const SIZES = ['gemmScratch', 'attentionWork', 'convolutionWork'] as const

/** These, and a copy whose sizes are in a table (tables.ts). */
type Special = (typeof SIZES)[number] | 'stridedCopy'

/** Divisions of the kernels that are no maps over bytes. */
const divisions: Readonly<Record<Exclude<keyof typeof parameters, Map | Special>, Division>> = {
  absMax: fold(0.15),
  absSum: fold(0.15),
  dot: fold(0.2),
  nonFinite: fold(0.15),
  nonZero: fold(0.15),
  powerSum: fold(3),
  squaredDistance: fold(0.2),
  squaredNorm: fold(0.15),
  gemm: {
    ...product,
    elements: ['m', 'n', 'k'],
    ways: [
      // A part packs all of the other matrix (assembly/matrix/gemm.ts): B into panels, which is slow if it is transposed, A into splatted entries.
      {
        over: 'm',
        advance: (a, size) =>
          ({ a: a.transposeA ? size : a.lda! * size, s: a.s && a.lds! * size, c: a.ldc! * size }) as Record<string, number>,
        grain: () => 5,
        repeats: (a) => a.n! * a.k! * (a.transposeB ? 1 : 0.15),
      },
      {
        over: 'n',
        advance: (a, size) => ({ b: a.transposeB ? a.ldb! * size : size, s: a.s && size, c: size }) as Record<string, number>,
        grain: (size) => 32 / size,
        repeats: (a) => a.m! * a.k! * 0.5,
      },
    ],
  },
  gemmEach: { ...product, elements: ['count', 'm', 'n', 'k'], ways: [{ over: 'count', advance: () => ({ table: 16 }) }] },
  attention: attention(0.06),
  attentionBackward: attention(0.15, ({ table }, words) => {
    // Heads that share keys or values, with stride 0, add to the same gradients.
    const [key, value] = [table! / 4 + 12, table! / 4 + 16]
    return [key, value].every((at) => words[at + 1] !== 0 && words[at + 2] !== 0)
  }),
  convolution: convolution([
    {
      over: 'rows',
      advance: ({ table }, size, words) => {
        const c = convolutionOf(table!, words)
        return { x: c.input * size, y: c.output * size }
      },
    },
  ]),
  convolutionInput: convolution([
    {
      over: 'rows',
      advance: ({ table }, size, words) => {
        const c = convolutionOf(table!, words)
        return { dx: c.input * size, dy: c.output * size }
      },
    },
  ]),
  convolutionWeight: convolution([
    {
      over: 'channels',
      advance: ({ table }, size, words) => {
        const c = convolutionOf(table!, words)
        return { x: c.channel * size, dw: c.window * size }
      },
    },
    // Each part makes all the columns.
    {
      over: 'outputs',
      advance: ({ table }, size, words) => {
        const c = convolutionOf(table!, words)
        return { dw: c.taps * size, dy: c.points * size }
      },
    },
  ]),
  gatherRows: {
    elements: ['count', 'width'],
    ns: 0.2,
    ways: [{ over: 'count', advance: (a, size) => ({ out: a.width! * size, indices: 4 }) }],
  },
  scatterAddRows: {
    elements: ['count', 'width'],
    ns: 0.3,
    ways: [{ over: 'width', advance: (_, size) => ({ out: size, rows: size }), grain: () => 16 }],
  },
  channelAffine: images((a, size) => ({ out: image(a, size), x: image(a, size) })),
  channelCombine: images((a, size) => ({ out: image(a, size), x: image(a, size), y: image(a, size) })),
  channelMoments: channels((a, size) => ({ moments: 16, x: a.length! * size })),
  channelSums: channels((a, size) => ({ sums: 16, stats: 16, x: a.length! * size, dy: a.length! * size })),
  layerNorm: overRows(1, (a, size) => ({ out: row(a, size), stats: 16, x: row(a, size) })),
  layerNormBackward: overRows(1.5, (a, size) => ({ out: row(a, size), stats: 16, x: row(a, size), dy: row(a, size) })),
  normalizedProduct: overRows(0.5, (a, size) => ({ out: row(a, size), stats: 16, x: row(a, size), dy: row(a, size) })),
  avgPool: pooling(0.6, (a, size) => ({ out: output(a, size), x: input(a, size) })),
  avgPoolBackward: pooling(0.6, (a, size) => ({ out: input(a, size), dy: output(a, size) })),
  maxPool: pooling(0.6, (a, size) => ({ out: output(a, size), indices: output(a, 4), x: input(a, size) })),
  maxPoolBackward: {
    elements: ['planes', 'outSize'],
    ns: 1,
    ways: [{ over: 'planes', advance: (a, size) => ({ out: a.size! * size, indices: 4 * a.outSize!, dy: a.outSize! * size }) }],
  },
  maxAxis: reduction,
  sumAxis: reduction,
  crossEntropy: overRows(1.2, (a, size) => ({ losses: 8, logits: a.classes! * size, targets: 4, stats: 16 }), ['rows', 'classes']),
  crossEntropyBackward: overRows(0.8, (a, size) => ({ out: a.classes! * size, logits: a.classes! * size, targets: 4, stats: 16 }), [
    'rows',
    'classes',
  ]),
  logSoftmax: overRows(1.2, (a, size) => ({ out: row(a, size), x: row(a, size) })),
  logSoftmaxBackward: overRows(1, (a, size) => ({ out: row(a, size), y: row(a, size), dy: row(a, size) })),
  softmax: overRows(1.2, (a, size) => ({ out: row(a, size), x: row(a, size) })),
  softmaxBackward: overRows(0.4, (a, size) => ({ out: row(a, size), y: row(a, size), dy: row(a, size) })),
  columnSquares: {
    elements: ['rows', 'columns'],
    ns: 0.5,
    ways: [{ over: 'columns', advance: (_, size) => ({ out: size, x: size }), grain: () => 2 }],
  },
  factoredDirection: overRows(0.5, (a, size) => ({ out: a.columns! * size, grad: a.columns! * size, rowVar: size }), ['rows', 'columns']),
  rowSquares: overRows(0.2, (a, size) => ({ out: size, x: a.columns! * size }), ['rows', 'columns']),
  normal: draws(1.5),
  uniform: draws(0.7),
}

/** Nanoseconds for a byte in maps that take more than a few cycles for a vector. */
const SLOW: Readonly<Partial<Record<Map, number>>> = {
  ...{ gelu: 0.5, geluBackward: 0.8, geluTanh: 0.4, geluTanhBackward: 0.6, sigmoid: 0.4, silu: 0.4, siluBackward: 0.5, tanh: 0.4 },
  ...{ softplus: 0.6, softplusBackward: 0.5, erf: 0.5, exp: 0.3, log: 0.3, pow: 0.7, div: 0.1, sqrt: 0.1, direction: 0.15 },
}

/** A map over arrays that are padded to whole cache lines. */
function overBytes(kernel: Map): Division {
  const advance = Object.fromEntries(arrays[kernel].map((name) => [name, 1]))
  return { elements: ['bytes'], ns: SLOW[kernel] ?? 0.06, ways: [{ over: 'bytes', advance: () => advance, grain: () => LINE }] }
}

/** Returns how to divide calls of a kernel. */
export function divisionOf(kernel: string): Division {
  return kernel in arrays ? overBytes(kernel as Map) : divisions[kernel as keyof typeof divisions]
}
