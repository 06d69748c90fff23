/**
 * Models and their data: handwritten digits and three books of the King James Bible. A training is
 *   { kind: 'train', name, key, model, …its sizes, lr, batches, input, inputType, parameters, files, checked, contestants, unit }
 * where `input` is the shape of a batch and `parameters` are torch's names and shapes in torch's order. Every side starts from the same
 * weights and sees the same batches, which are in `files`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { mixed, noise } from './numbers.mjs'
import { sizeOf } from './works.mjs'

/** By default, number of batches, which each side cycles through, and of steps between the first and the last compared loss. */
const BATCHES = 16
const CHECKED = 30

const read = (file) => readFileSync(new URL(`../datasets/${file}`, import.meta.url), 'utf8')

const linear = (name, inputs, outputs) => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
]
const norm = (name, width) => [
  [`${name}.weight`, [width]],
  [`${name}.bias`, [width]],
]

const convolution = (name, inputs, outputs) => [
  [`${name}.weight`, [outputs, inputs, 3, 3]],
  [`${name}.bias`, [outputs]],
]

/** Returns a model: sizes, batch, parameters, and a function that returns data for a number of rows. */
const perceptron = (sizes, batch) => ({
  ...{ model: 'perceptron', sizes, batch, input: [batch, sizes[0]], inputType: 'float32' },
  parameters: [...linear('0', sizes[0], sizes[1]), ...linear('2', sizes[1], sizes[2])],
  data: (rows) => digits(Math.sqrt(sizes[0]), rows),
})

const cnn = (batch) => ({
  ...{ model: 'cnn', batch, input: [batch, 1, 8, 8], inputType: 'float32' },
  parameters: [...convolution('0', 1, 16), ...convolution('3', 16, 32), ...linear('7', 128, 10)],
  data: (rows) => digits(8, rows),
})

/** Parameters of the layers of a transformer. */
const layersOf = ({ width, layers, feedForward }) =>
  Array.from({ length: layers }, (_, i) => [
    [`blocks.${i}.self_attn.in_proj_weight`, [3 * width, width]],
    [`blocks.${i}.self_attn.in_proj_bias`, [3 * width]],
    ...linear(`blocks.${i}.self_attn.out_proj`, width, width),
    ...linear(`blocks.${i}.linear1`, width, feedForward),
    ...linear(`blocks.${i}.linear2`, feedForward, width),
    ...norm(`blocks.${i}.norm1`, width),
    ...norm(`blocks.${i}.norm2`, width),
  ]).flat()

const gpt = ({ vocabulary, width, heads, layers, context }, batch) => ({
  ...{ model: 'gpt', vocabulary, width, heads, layers, context, batch, input: [batch, context], inputType: 'int32' },
  parameters: [
    ['token.weight', [vocabulary, width]],
    ['position.weight', [context, width]],
    ...layersOf({ width, layers, feedForward: 4 * width }),
    ...norm('norm', width),
    ...linear('head', width, vocabulary),
  ],
  data: (rows) => characters(context, rows),
})

const encoder = ({ vocabulary, width, heads, layers, feedForward, context, classes }, batch) => ({
  ...{
    model: 'encoder',
    vocabulary,
    width,
    heads,
    layers,
    feedForward,
    context,
    classes,
    batch,
    input: [batch, context],
    inputType: 'int32',
  },
  parameters: [
    ['token.weight', [vocabulary, width]],
    ['position.weight', [context, width]],
    ...norm('norm', width),
    ...layersOf({ width, layers, feedForward }),
    ...linear('head', width, classes),
  ],
  data: (rows) => passages(context, vocabulary, rows),
})

/** Returns initial weights: uniform within ±1/√(inputs of a unit), like torch; normalizations 1, biases 0. */
function weightsOf(parameters) {
  const weights = new Float32Array(parameters.reduce((sum, [, shape]) => sum + sizeOf(shape), 0))
  let [drawn, at] = [0, 0]
  for (const [name, shape] of parameters) {
    const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)))
    const end = at + sizeOf(shape)
    if (shape.length > 1) while (at < end) weights[at++] = noise(drawn++) * bound
    else weights.fill(name.endsWith('weight') ? 1 : 0, at, end)
    at = end
  }
  return weights
}

/** Returns images of 8×8 pixels, scaled up to side×side, and their labels. */
function digits(side, count) {
  const rows = read('digits.csv').trimEnd().split('\n').slice(1)
  const picked = Array.from({ length: count }, (_, i) => rows[mixed(i) % rows.length].split(',').map(Number))
  const source = Array.from(
    { length: side * side },
    (_, at) => 8 * Math.floor((Math.floor(at / side) * 8) / side) + Math.floor(((at % side) * 8) / side),
  )
  return {
    inputs: Float32Array.from(picked.flatMap((row) => source.map((pixel) => row[pixel] / 16))),
    labels: Int32Array.from(picked, (row) => row[64]),
  }
}

/** Returns pieces of the text, with the next character at each position. */
function characters(context, count) {
  const text = read('kjv.tsv')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((verse) => verse.split('\t')[3])
    .join('\n')
  const alphabet = [...new Set(text)].sort()
  const starts = Array.from({ length: count }, (_, i) => mixed(i) % (text.length - context))
  const codes = (offset) =>
    Int32Array.from(starts.flatMap((start) => Array.from(text.slice(start + offset, start + offset + context), (c) => alphabet.indexOf(c))))
  return { inputs: codes(0), labels: codes(1) }
}

/** Returns pieces of the text as codes of words, and the book of each. Codes are spread over the whole vocabulary. */
function passages(context, vocabulary, count) {
  const verses = read('kjv.tsv')
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((verse) => verse.split('\t'))
  const books = [...new Set(verses.map(([book]) => book))]
  const words = verses.flatMap(([book, , , text]) => text.split(' ').map((word) => ({ word, book: books.indexOf(book) })))
  const known = [...new Set(words.map(({ word }) => word))]
  const codes = new Map(known.map((word, i) => [word, mixed(i) % vocabulary]))
  const starts = Array.from({ length: count }, (_, i) => mixed(i) % (words.length - context))
  return {
    inputs: Int32Array.from(starts.flatMap((start) => words.slice(start, start + context).map(({ word }) => codes.get(word)))),
    labels: Int32Array.from(starts, (start) => words[start].book),
  }
}

function training(name, model, { optimizer = 'Adam', decay = 0, lr = 1e-3, batches = BATCHES, checked = CHECKED } = {}) {
  const key = name.replaceAll(/\W+/g, '-')
  const folder = fileURLToPath(new URL('../build/bench/', import.meta.url))
  const files = Object.fromEntries(['weights', 'inputs', 'labels'].map((what) => [what, `${folder}${key}.${what}`]))
  return {
    ...{ kind: 'train', name: `train ${name}`, key, ...model, optimizer, decay, lr, batches, files, checked },
    contestants: ['relaxed', 'torch', 'tensorflow', 'jax'],
    unit: { name: 'µs', of: (microseconds) => microseconds },
  }
}

/** Writes a training's files. */
export function writeFiles({ parameters, data, batch, batches, files }) {
  const { inputs, labels } = data(batch * batches)
  writeFileSync(files.weights, weightsOf(parameters))
  writeFileSync(files.inputs, inputs)
  writeFileSync(files.labels, labels)
}

export const trainings = [
  training('perceptron 64-32-10, batch 32', perceptron([64, 32, 10], 32)),
  training('perceptron 784-128-10, batch 32', perceptron([784, 128, 10], 32)),
  training('perceptron 784-512-10, batch 128', perceptron([784, 512, 10], 128)),
  training('CNN on 8×8 images, batch 32', cnn(32)),
  training('character GPT, batch 8', gpt({ vocabulary: 64, width: 64, heads: 4, layers: 2, context: 64 }, 8)),
]

/** A model of MiniLM's size, 22 M parameters, for `threads`. */
export const miniLM = training(
  'MiniLM, batch 8 × 32',
  encoder({ vocabulary: 30_522, width: 384, heads: 12, layers: 6, feedForward: 1536, context: 32, classes: 3 }, 8),
  { optimizer: 'AdamW', decay: 0.01, lr: 1e-4, batches: 1, checked: 2 },
)
