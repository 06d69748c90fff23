/**
 * jax-js with its WASM backend. It starts as many workers as a page has processors, or the option `threads`; in Node, which has no Worker,
 * it has one thread. Functions consume the arrays they take, except `.ref`.
 */
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { noises, SECOND } from '../numbers.mjs'
import { losses, readOptions, serve } from './serve.mjs'
import { readTraining, SETTLED } from './training.mjs'

const { threads } = readOptions()
if (threads) Object.defineProperty(navigator, 'hardwareConcurrency', { value: threads })
await init('wasm')
defaultDevice('wasm')

async function gemm({ m, k, n, samples }) {
  const a = np.array(noises(m * k, 0), { shape: [m, k] })
  const b = np.array(noises(k * n, SECOND), { shape: [k, n] })
  async function form(matmul) {
    const turn = async () => {
      const product = matmul(a.ref, b.ref)
      await product.blockUntilReady()
      product.dispose()
    }
    const data = await matmul(a.ref, b.ref).data()
    return { turn, result: samples.map(([i, j]) => data[i * n + j]) }
  }
  const forms = { eager: await form(np.matmul), jit: await form(jit((x, y) => np.matmul(x, y))) }
  return { forms, release: () => tree.dispose([a, b]) }
}

const linear = (p, name, x) => np.matmul(x, np.transpose(p[`${name}.weight`])).add(p[`${name}.bias`])
const norm = (p, name, x) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(p[`${name}.weight`]).add(p[`${name}.bias`])

/** Two forms of an embedding. Its gradient by one-hot vectors of a large vocabulary exceeds the memory. */
const embeddings = {
  take: (codes, weight) => np.take(weight, codes, 0),
  oneHot: (codes, weight, vocabulary) => np.matmul(nn.oneHot(codes, vocabulary), weight),
}

function attention(p, name, x, { width, heads, context, batch }, isCausal) {
  const all = np.matmul(x, np.transpose(p[`${name}.in_proj_weight`])).add(p[`${name}.in_proj_bias`])
  const [q, k, v] = np.split(all, 3, -1).map((part) => part.reshape([batch, context, heads, width / heads]))
  return linear(p, `${name}.out_proj`, nn.dotProductAttention(q, k, v, { isCausal }).reshape([batch, context, width]))
}

const feedForward = (p, block, x) => linear(p, `${block}.linear2`, nn.gelu(linear(p, `${block}.linear1`, x), { approximate: false }))

/** [images, inputs, height, width] and [outputs, inputs, 3, 3] to [images, outputs, height, width]: a matrix times unfolded patches. */
function unfoldedConvolution(images, weight) {
  const [n, inputs, height, width] = images.shape
  const [outputs] = weight.shape
  const padded = np.pad(images, [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ])
  const offsets = Array.from({ length: 9 }, (_, i) => [Math.floor(i / 3), i % 3])
  const shifted = offsets.map(([y, x]) => padded.ref.slice([], [], [y, y + height], [x, x + width]))
  padded.dispose()
  const patches = np.stack(shifted, 2).reshape([n, inputs * 9, height * width])
  // matmul of a matrix and a batch returns wrong numbers (0.1.25).
  return np.einsum('ok,nkp->nop', weight.reshape([outputs, inputs * 9]), patches).reshape([n, outputs, height, width])
}

function cnn(convolution) {
  const pool = (x) => {
    const [n, channels, height, width] = x.shape
    return np.max(x.reshape([n, channels, height / 2, 2, width / 2, 2]), [3, 5])
  }
  const block = (p, name, x) => {
    const y = convolution(x, p[`${name}.weight`])
    return pool(nn.relu(y.add(p[`${name}.bias`].reshape([-1, 1, 1]))))
  }
  return (p, images) => linear(p, '7', block(p, '3', block(p, '0', images)).reshape([-1, 128]))
}

/** Each model's logits, in one or more forms. Parameters have torch's names and layouts. */
const models = {
  perceptron: () => ({ jit: (p, x) => linear(p, '2', nn.relu(linear(p, '0', x))) }),
  // Its own convolution is ten times slower than one written as a product.
  cnn: () => ({ jit: cnn((x, weight) => lax.conv(x, weight, [1, 1], 'SAME')), 'jit, unfolded by hand': cnn(unfoldedConvolution) }),
  gpt: (work) => {
    const logits = (embed) => (p, codes) => {
      let x = embed(codes, p['token.weight'], work.vocabulary).add(p['position.weight'])
      for (let i = 0; i < work.layers; i++) {
        const block = `blocks.${i}`
        x = x.ref.add(attention(p, `${block}.self_attn`, norm(p, `${block}.norm1`, x), work, true))
        x = x.ref.add(feedForward(p, block, norm(p, `${block}.norm2`, x)))
      }
      return linear(p, 'head', norm(p, 'norm', x)).reshape([-1, work.vocabulary])
    }
    return { jit: logits(embeddings.oneHot), 'jit, take': logits(embeddings.take) }
  },
  encoder: (work) => {
    const logits = (p, codes) => {
      let x = norm(p, 'norm', embeddings.take(codes, p['token.weight']).add(p['position.weight']))
      for (let i = 0; i < work.layers; i++) {
        const block = `blocks.${i}`
        x = norm(p, `${block}.norm1`, x.ref.add(attention(p, `${block}.self_attn`, x, work, false)))
        x = norm(p, `${block}.norm2`, x.ref.add(feedForward(p, block, x)))
      }
      return linear(p, 'head', np.mean(x, 1))
    }
    return { 'jit, take': logits }
  },
}

/** Adam or AdamW by hand: the whole step in one jit. */
function adamStep(logits, classes, decay) {
  const lossOf = (p, x, y) => {
    const terms = nn.logSoftmax(logits(p, x), -1).mul(nn.oneHot(y, classes))
    const [rows] = terms.shape
    return terms.sum().mul(-1 / rows)
  }
  return jit(({ p, m, v }, x, y, stepSize, root, keep) => {
    const [loss, g] = valueAndGrad(lossOf)(tree.ref(p), x, y)
    const next = { p: {}, m: {}, v: {} }
    for (const name of Object.keys(p)) {
      const mean = m[name].mul(0.9).add(g[name].ref.mul(0.1))
      const square = v[name].mul(0.999).add(np.square(g[name]).mul(0.001))
      const direction = mean.ref.div(np.sqrt(square.ref).div(root.ref).add(1e-8))
      const before = decay ? p[name].mul(keep.ref) : p[name]
      next.p[name] = before.sub(direction.mul(stepSize.ref))
      next.m[name] = mean
      next.v[name] = square
    }
    return [next, loss]
  })
}

async function train(work) {
  const { weights, inTurn } = await readTraining(work)
  const { input, inputType, parameters, decay } = work
  const record = (make) => Object.fromEntries(parameters.map(([name, shape]) => [name, make(name, shape)]))
  const zeros = () => record((_, shape) => np.zeros(shape))

  /** Returns a training from the initial weights: its step, and a function that frees its state. */
  function training(advance, lr) {
    let state = { p: record((name, shape) => np.array(weights[name], { shape })), m: zeros(), v: zeros() }
    const next = inTurn()
    let t = 0
    // Waits for the loss alone, which is a third faster. The next step waits for the parameters.
    const turn = async () => {
      t++
      const { x, y } = next()
      const inputs = np.array(x, { shape: input, dtype: inputType })
      const [after, loss] = advance(state, inputs, np.array(y), lr / (1 - 0.9 ** t), Math.sqrt(1 - 0.999 ** t), 1 - lr * decay)
      state = after
      return (await loss.data())[0]
    }
    return { turn, dispose: () => tree.dispose(state) }
  }
  async function form(logits) {
    const advance = adamStep(logits, parameters.at(-1)[1][0], decay)
    const checked = training(advance, work.lr)
    const result = await losses(work.checked, checked.turn)
    checked.dispose()
    return { result, ...training(advance, SETTLED) }
  }

  const forms = {}
  for (const [name, logits] of Object.entries(models[work.model](work))) forms[name] = await form(logits)
  const release = () => {
    for (const { dispose } of Object.values(forms)) dispose()
  }
  return { forms, release }
}

await serve({ gemm, train })
