/**
 * The measured works, as data. A step is
 *   { kind: 'step', name, key, optimizer, options, shapes, groups?, sparse?, sweep?, differs?, checked, contestants, unit }
 * where `groups` are options and the indices of their tensors, every `sparse`-th row has a gradient, `sweep` is the number of arrays that a
 * step writes, and `differs` lists contestants with another definition of the optimizer. A gemm is
 *   { kind: 'gemm', name, key, m, k, n, contestants, unit }
 * models.mjs has the training steps. Adjacent works with the same key share their processes.
 */

/** Steps before each side reports how far its parameters have moved. */
const CHECKED = 3

const sizes = { '1K': 2 ** 10, '16K': 2 ** 14, '256K': 2 ** 18, '4M': 2 ** 22, '16M': 2 ** 24 }
export const sizeOf = (shape) => shape.reduce((size, length) => size * length, 1)

/** Shapes of n parameters in all: one vector; a matrix, square up to rows of 1,024; square matrices up to 512×512; an embedding. */
const flat = (n) => [[n]]
const matrix = (n) => [[n / Math.min(1024, Math.sqrt(n)), Math.min(1024, Math.sqrt(n))]]
const squares = (n) => {
  const side = Math.min(512, Math.sqrt(n))
  return Array.from({ length: n / side ** 2 }, () => [side, side])
}
const embedding = (n) => [[n / 64, 64]]

/**
 * Gradients are constant, so learning rates are small enough for millions of turns without overflow. `plain`: contestants/plain.mjs has a
 * loop for it; `tensorflow`: TensorFlow.js has it.
 */
const optimizers = {
  SGD: { options: { lr: 1e-3 }, sweep: 1, plain: true, tensorflow: true },
  'SGD momentum': { optimizer: 'SGD', options: { lr: 1e-3, momentum: 0.9 }, sweep: 2, plain: true, tensorflow: true },
  Adam: { options: { lr: 1e-3 }, sweep: 3, plain: true, tensorflow: true },
  AdamW: { options: { lr: 1e-3, weightDecay: 0.01 }, sweep: 3, plain: true },
  RMSprop: { options: { lr: 1e-3 }, sweep: 2, plain: true, tensorflow: true },
  Adagrad: { options: { lr: 1e-3, initialAccumulatorValue: 0.1 }, sweep: 2, plain: true, tensorflow: true },
  // TensorFlow.js divides by the mean of squares before this step, so its parameters differ.
  Adadelta: { options: { lr: 1 }, sweep: 3, plain: true, tensorflow: true, differs: ['tensorflow'] },
  Adamax: { options: { lr: 1e-3 }, sweep: 3, tensorflow: true },
  NAdam: { options: { lr: 1e-3 }, sweep: 3 },
  RAdam: { options: { lr: 1e-3 }, sweep: 3 },
  ASGD: { options: { lr: 1e-3 }, sweep: 2 },
  Rprop: { options: { lr: 1e-3 }, sweep: 3, hasDecay: false },
  Adafactor: { options: { lr: 1e-5 }, shapes: matrix },
  Muon: { options: { lr: 1e-3 }, shapes: squares, matricesOnly: true },
  SparseAdam: { options: { lr: 1e-3 }, shapes: embedding, matricesOnly: true, sparse: 100 },
  LBFGS: { options: { lr: 1e-5, maxIter: 4, historySize: 10, toleranceGrad: 0, toleranceChange: 0 }, hasDecay: false },
}

/** A transformer encoder of 16 layers, width 24 and feed-forward 64 over 128 symbols and 64 positions: 200 tensors, 98,400 parameters. */
const layer = [
  ...[[72, 24], [72], [24, 24], [24]], // attention: queries, keys and values; output
  ...[[64, 24], [64], [24, 64], [24]], // feed-forward
  ...[[24], [24], [24], [24]], // normalizations
]
const network = [[128, 24], [64, 24], [24], [24], ...Array.from({ length: 16 }, () => layer).flat(), [24], [24], [128, 24], [128]]
const isMatrix = (shape) => shape.length === 2
const matrices = network.filter(isMatrix)
const indices = (test) => network.flatMap((shape, i) => (test(shape) ? [i] : []))
const groups = [
  { params: indices(isMatrix), weightDecay: 0.01 },
  { params: indices((shape) => !isMatrix(shape)), weightDecay: 0 },
]

/** Returns a step. `at` is the name of its size. */
export function step(label, at, shapes, groups) {
  const { optimizer = label, options, sparse, sweep, plain, tensorflow, differs } = optimizers[label]
  const parameters = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0)
  return {
    ...{
      kind: 'step',
      name: `step ${label} ${at}`,
      key: optimizer,
      optimizer,
      options,
      shapes,
      groups,
      sparse,
      sweep,
      differs,
      checked: CHECKED,
    },
    contestants: Object.entries({
      torch: true,
      tensorflow: tensorflow && !groups,
      plain: plain && !groups,
      limits: sweep && shapes.length === 1,
    }).flatMap(([contestant, takesPart]) => (takesPart ? [contestant] : [])),
    unit: { name: 'ns/parameter', of: (microseconds) => (microseconds * 1e3) / parameters },
  }
}

const steps = Object.entries(optimizers).flatMap(([label, { shapes = flat, matricesOnly = false, hasDecay = true }]) => [
  ...Object.entries(sizes).map(([at, n]) => step(label, at, shapes(n))),
  matricesOnly ? step(label, `${matrices.length} matrices`, matrices) : step(label, '200 tensors', network),
  ...(hasDecay && !matricesOnly ? [step(label, '200 tensors in 2 groups', network, groups)] : []),
])

const squareSizes = [16, 32, 64, 128, 240, 256, 480, 512, 960, 1024].map((n) => `${n}×${n}×${n}`)
const skinny = ['1×512×512', '8×512×512', '32×512×512', '32×784×128', '128×784×512']
const odd = ['37×53×91', '127×129×131', '255×257×259']

/** Returns a product. `size` is 'm×k×n'. */
export function gemm(size) {
  const [m, k, n] = size.split('×').map(Number)
  return {
    ...{ kind: 'gemm', name: `gemm ${size}`, key: 'gemm', m, k, n },
    contestants: ['relaxed', 'tensorflow', 'onnx', 'jax', 'plain', 'torch', 'limits', 'relaxedLimits'],
    unit: { name: 'GFLOP/s', of: (microseconds) => (2e-3 * m * k * n) / microseconds },
  }
}

export const works = [...steps, ...[...squareSizes, ...skinny, ...odd].map(gemm)]
