/** downhill, through its public API. Its options are those of Arena.create. */
import * as nn from '../../dist/nn.js'
import { noises, SECOND } from '../numbers.mjs'
import { losses, readOptions, serve } from './serve.mjs'
import { readTraining, SETTLED } from './training.mjs'

const downhill = await import('../../dist/index.js')
const { functional: F } = nn
const arenaOptions = readOptions()

/** Returns a sparse gradient with every `every`-th row. */
function sparseGradient([rows, columns], first, every) {
  const indices = Array.from({ length: Math.ceil(rows / every) }, (_, i) => i * every)
  return { indices, values: noises(indices.length * columns, first, 0.1) }
}

async function step({ optimizer, options, shapes, groups, sparse, checked }) {
  const arena = await downhill.Arena.create(arenaOptions)
  let first = 0
  const params = shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b)
    const parameter = arena.parameter(shape, { data: noises(size, first) })
    parameter.grad = sparse ? sparseGradient(shape, SECOND + first, sparse) : noises(size, SECOND + first, 0.1)
    first += size
    return parameter
  })
  const grouped = groups?.map((group) => ({ ...group, params: group.params.map((i) => params[i]) })) ?? params
  const method = new downhill[optimizer](grouped, options)
  // LBFGS evaluates half the squared norm, whose gradients are the parameters themselves.
  const closure = () => {
    for (const parameter of params) parameter.grad.set(parameter.data)
    return 0
  }
  const turn = optimizer === 'LBFGS' ? () => method.step(closure) : () => method.step()
  const before = params[0].data.slice(0, 64)
  for (let i = 0; i < checked; i++) turn()
  const result = Array.from(before, (number, i) => params[0].data[i] - number)
  return { forms: { '': { turn, result } }, release: () => arena.dispose() }
}

async function gemm({ m, k, n, samples }) {
  const arena = await downhill.Arena.create(arenaOptions)
  const a = arena.parameter([m, k], { data: noises(m * k, 0) })
  const b = arena.parameter([k, n], { data: noises(k * n, SECOND) })
  const product = () => F.matmul(a, b)
  const turn = () => arena.frame(() => nn.noGrad(arena, product))
  const { data } = arena.frame(() => ({ data: product().data.slice() }))
  return { forms: { '': { turn, result: samples.map(([i, j]) => data[i * n + j]) } }, release: () => arena.dispose() }
}

class GPT extends nn.Module {
  constructor(arena, { vocabulary, context, width, heads, layers }) {
    super()
    this.token = new nn.Embedding(arena, vocabulary, width)
    this.position = new nn.Embedding(arena, context, width)
    const options = { dimFeedforward: 4 * width, dropout: 0, activation: 'gelu', batchFirst: true, normFirst: true }
    this.blocks = Array.from({ length: layers }, () => new nn.TransformerEncoderLayer(arena, width, heads, options))
    this.norm = new nn.LayerNorm(arena, width)
    this.head = new nn.Linear(arena, width, vocabulary)
    this.vocabulary = vocabulary
    this.positions = Int32Array.from({ length: context }, (_, i) => i)
  }

  /** [batch, context] codes to [batch·context, vocabulary] logits */
  forward(x) {
    let hidden = F.add(this.token.forward(x), this.position.forward(this.positions))
    for (const block of this.blocks) hidden = block.forward(hidden, { isCausal: true })
    return F.reshape(this.head.forward(this.norm.forward(hidden)), [-1, this.vocabulary])
  }
}

/** Classifies [batch, context] codes. */
class Encoder extends nn.Module {
  constructor(arena, { vocabulary, context, width, heads, layers, feedForward, classes }) {
    super()
    this.token = new nn.Embedding(arena, vocabulary, width)
    this.position = new nn.Embedding(arena, context, width)
    this.norm = new nn.LayerNorm(arena, width)
    const options = { dimFeedforward: feedForward, dropout: 0, activation: 'gelu', batchFirst: true }
    this.blocks = Array.from({ length: layers }, () => new nn.TransformerEncoderLayer(arena, width, heads, options))
    this.head = new nn.Linear(arena, width, classes)
    this.positions = Int32Array.from({ length: context }, (_, i) => i)
  }

  forward(x) {
    let hidden = this.norm.forward(F.add(this.token.forward(x), this.position.forward(this.positions)))
    for (const block of this.blocks) hidden = block.forward(hidden)
    return this.head.forward(F.mean(hidden, { dim: 1 }))
  }
}

const models = {
  perceptron: (arena, { sizes: [inputs, hidden, classes] }) =>
    new nn.Sequential(new nn.Linear(arena, inputs, hidden), new nn.ReLU(), new nn.Linear(arena, hidden, classes)),
  cnn: (arena) =>
    new nn.Sequential(
      ...[new nn.Conv2d(arena, 1, 16, 3, { padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2)],
      ...[new nn.Conv2d(arena, 16, 32, 3, { padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2)],
      ...[new nn.Flatten(), new nn.Linear(arena, 128, 10)],
    ),
  gpt: (arena, work) => new GPT(arena, work),
  encoder: (arena, work) => new Encoder(arena, work),
}

function training(arena, work, { weights, inTurn }, lr) {
  const model = models[work.model](arena, work)
  for (const [name, parameter] of model.namedParameters()) parameter.data.set(weights[name])
  const next = inTurn()
  const optimizer = new downhill[work.optimizer](model.parameters(), { lr })
  return (isRead) =>
    arena.frame(() => {
      const { x, y } = next()
      const loss = F.crossEntropy(model.forward(arena.tensor(x, work.input, { dtype: work.inputType })), y)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      return isRead ? loss.item() : 0
    })
}

async function train(work) {
  const arena = await downhill.Arena.create(arenaOptions)
  const data = await readTraining(work)
  const result = await losses(work.checked, training(arena, work, data, work.lr))
  const step = training(arena, work, data, SETTLED)
  return { forms: { '': { turn: () => step(false), result } }, release: () => arena.dispose() }
}

await serve({ step, gemm, train })
