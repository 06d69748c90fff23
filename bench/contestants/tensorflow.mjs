/** TensorFlow.js with its WASM backend, with one thread or, in a page, the option `threads`. */
import * as tf from '@tensorflow/tfjs'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { noises, SECOND } from '../numbers.mjs'
import { losses, readOptions, serve, shortened } from './serve.mjs'
import { readTraining, SETTLED } from './training.mjs'

const binaries = new URL('../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)
setWasmPaths(globalThis.document ? binaries.href : decodeURI(binaries.pathname))
setThreadsCount(readOptions().threads ?? 1)
await tf.setBackend('wasm')

const optimizers = {
  SGD: ({ lr, momentum }) => (momentum ? tf.train.momentum(lr, momentum) : tf.train.sgd(lr)),
  Adam: ({ lr }) => tf.train.adam(lr, 0.9, 0.999, 1e-8),
  Adamax: ({ lr }) => tf.train.adamax(lr, 0.9, 0.999, 1e-8),
  RMSprop: ({ lr }) => tf.train.rmsprop(lr, 0.99, 0, 1e-8),
  Adagrad: ({ lr, initialAccumulatorValue }) => tf.train.adagrad(lr, initialAccumulatorValue),
  Adadelta: ({ lr }) => tf.train.adadelta(lr, 0.9, 1e-6),
}

function step({ optimizer, options, shapes, checked }) {
  let first = 0
  const variables = []
  const gradients = {}
  for (const shape of shapes) {
    const size = shape.reduce((a, b) => a * b)
    const variable = tf.tidy(() => tf.variable(tf.tensor(noises(size, first), shape)))
    gradients[variable.name] = tf.tensor(noises(size, SECOND + first, 0.1), shape)
    variables.push(variable)
    first += size
  }
  const method = optimizers[optimizer](options)
  const turn = () => method.applyGradients(gradients)
  const beginning = () => tf.tidy(() => variables[0].flatten().slice(0, 64).dataSync().slice())
  const before = beginning()
  for (let i = 0; i < checked; i++) turn()
  const result = Array.from(beginning(), (number, i) => number - before[i])
  const release = () => {
    tf.dispose(gradients)
    tf.disposeVariables()
  }
  return { forms: { '': { turn, result } }, release }
}

function gemm({ m, k, n, samples }) {
  const a = tf.tensor2d(noises(m * k, 0), [m, k])
  const b = tf.tensor2d(noises(k * n, SECOND), [k, n])
  const turn = () => tf.matMul(a, b).dispose()
  const data = tf.tidy(() => tf.matMul(a, b).dataSync())
  return { forms: { '': { turn, result: samples.map(([i, j]) => data[i * n + j]) } }, release: () => tf.dispose([a, b]) }
}

/** Converts torch's weights to the layouts of TensorFlow.js: [inputs, outputs]; [rows, columns, inputs, outputs] for convolutions. */
const transposed = (numbers, shape) => tf.transpose(tf.tensor(numbers, shape))
const convolution = (numbers, shape) => tf.transpose(tf.tensor(numbers, shape), [2, 3, 1, 0])

/** Each model returns its parameters by name, and one or more forms that compute logits from parameters and inputs. */
const models = {
  perceptron: ({ parameters: [[, w1], , [, w2]] }, weights) => ({
    parameters: {
      ...{ w1: transposed(weights['0.weight'], w1), b1: tf.tensor(weights['0.bias']) },
      ...{ w2: transposed(weights['2.weight'], w2), b2: tf.tensor(weights['2.bias']) },
    },
    forms: {
      '': ({ w1, b1, w2, b2 }, x) => x.matMul(w1).add(b1).relu().matMul(w2).add(b2),
      fused: ({ w1, b1, w2, b2 }, x) =>
        tf.fused.matMul({ a: tf.fused.matMul({ a: x, b: w1, bias: b1, activation: 'relu' }), b: w2, bias: b2 }),
    },
  }),
  cnn: (_, weights) => ({
    parameters: {
      ...{ w1: convolution(weights['0.weight'], [16, 1, 3, 3]), b1: tf.tensor(weights['0.bias']) },
      ...{ w2: convolution(weights['3.weight'], [32, 16, 3, 3]), b2: tf.tensor(weights['3.bias']) },
      // Images have channels last, so flattening changes the order of the features.
      w3: tf.transpose(tf.tensor(weights['7.weight'], [10, 32, 2, 2]), [2, 3, 1, 0]).reshape([128, 10]),
      b3: tf.tensor(weights['7.bias']),
    },
    forms: {
      '': ({ w1, b1, w2, b2, w3, b3 }, images) => {
        const x = images.reshape([-1, 8, 8, 1]).conv2d(w1, 1, 'same').add(b1).relu().maxPool(2, 2, 'valid')
        return x.conv2d(w2, 1, 'same').add(b2).relu().maxPool(2, 2, 'valid').reshape([-1, 128]).matMul(w3).add(b3)
      },
    },
  }),
  gpt: transformer,
  encoder: transformer,
}

function transformer({ model, parameters, vocabulary, width, heads, layers, context, batch }, weights) {
  const isMatrix = (name, shape) => shape.length === 2 && !/^(token|position)/.test(name)
  const mask = tf.keep(
    tf.tidy(() =>
      tf.linalg
        .bandPart(tf.ones([context, context]), -1, 0)
        .sub(1)
        .mul(1e9),
    ),
  )

  function norm(p, name, x) {
    const { mean, variance } = tf.moments(x, -1, true)
    return x.sub(mean).div(variance.add(1e-5).sqrt()).mul(p[`${name}.weight`]).add(p[`${name}.bias`])
  }
  const linear = (p, name, x) => x.matMul(p[`${name}.weight`]).add(p[`${name}.bias`])
  const gelu = (x) => x.mul(0.5).mul(x.mul(Math.SQRT1_2).erf().add(1))

  /** [batch·context, width] to [batch·context, width] */
  function attention(p, name, x) {
    const all = x.matMul(p[`${name}.in_proj_weight`]).add(p[`${name}.in_proj_bias`])
    const [q, k, v] = tf.split(all, 3, -1).map((part) => part.reshape([batch, context, heads, width / heads]).transpose([0, 2, 1, 3]))
    const scaled = q.matMul(k, false, true).mul(1 / Math.sqrt(width / heads))
    const scores = (model === 'gpt' ? scaled.add(mask) : scaled).softmax()
    return linear(p, `${name}.out_proj`, scores.matMul(v).transpose([0, 2, 1, 3]).reshape([-1, width]))
  }

  const feedForward = (p, block, x) => linear(p, `${block}.linear2`, gelu(linear(p, `${block}.linear1`, x)))
  const embedded = (p, tokens) => tokens.reshape([batch, context, width]).add(p['position.weight']).reshape([-1, width])

  const logitsOf = {
    gpt(p, tokens) {
      let x = embedded(p, tokens)
      for (let i = 0; i < layers; i++) {
        const block = `blocks.${i}`
        x = x.add(attention(p, `${block}.self_attn`, norm(p, `${block}.norm1`, x)))
        x = x.add(feedForward(p, block, norm(p, `${block}.norm2`, x)))
      }
      return linear(p, 'head', norm(p, 'norm', x))
    },
    encoder(p, tokens) {
      let x = norm(p, 'norm', embedded(p, tokens))
      for (let i = 0; i < layers; i++) {
        const block = `blocks.${i}`
        x = norm(p, `${block}.norm1`, x.add(attention(p, `${block}.self_attn`, x)))
        x = norm(p, `${block}.norm2`, x.add(feedForward(p, block, x)))
      }
      return linear(p, 'head', x.reshape([batch, context, width]).mean(1))
    },
  }
  const logits = logitsOf[model]

  return {
    parameters: Object.fromEntries(
      parameters.map(([name, shape]) => [name, isMatrix(name, shape) ? transposed(weights[name], shape) : tf.tensor(weights[name], shape)]),
    ),
    forms: {
      gather: (p, x) => logits(p, tf.gather(p['token.weight'], x.flatten())),
      'one-hot': (p, x) => logits(p, tf.oneHot(x.flatten(), vocabulary).toFloat().matMul(p['token.weight'])),
    },
  }
}

async function train(work) {
  const { weights, inTurn } = await readTraining(work)
  const classes = work.parameters.at(-1)[1][0]
  const oneHot = (labels) => {
    const rows = new Float32Array(labels.length * classes)
    for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]] = 1
    return tf.tensor2d(rows, [labels.length, classes])
  }
  const { parameters, forms } = models[work.model](work, weights)

  function training(logits, lr) {
    const variables = Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [name, tf.variable(tensor.clone())]))
    const next = inTurn()
    const optimizer = tf.train.adam(lr, 0.9, 0.999, 1e-8)
    return (isRead) =>
      tf.tidy(() => {
        const { x, y } = next()
        // AdamW by hand.
        if (work.decay) for (const variable of Object.values(variables)) variable.assign(variable.mul(1 - lr * work.decay))
        const [inputs, labels] = [tf.tensor(x, work.input, work.inputType), oneHot(y)]
        const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, logits(variables, inputs)), isRead)
        return isRead ? loss.dataSync()[0] : 0
      })
  }

  const done = {}
  let reason
  for (const [name, logits] of Object.entries(forms)) {
    try {
      const result = await losses(work.checked, training(logits, work.lr))
      const step = training(logits, SETTLED)
      done[name] = { turn: () => step(false), result }
    } catch (error) {
      reason = shortened(error)
    }
  }
  return { forms: done, reason, release: () => tf.disposeVariables() }
}

await serve({ step, gemm, train })
