/** Plain JavaScript loops over Float32Arrays, as a careful user would write them. */
import { noises, SECOND } from '../numbers.mjs'
import { serve } from './serve.mjs'

function sgd(p, g, _a, _b, { lr }) {
  for (let i = 0; i < p.length; i++) p[i] -= lr * g[i]
}

function momentum(p, g, buffer, _, { lr, momentum }) {
  for (let i = 0; i < p.length; i++) {
    buffer[i] = momentum * buffer[i] + g[i]
    p[i] -= lr * buffer[i]
  }
}

function adam(p, g, m, v, { lr, weightDecay = 0 }, t) {
  const [beta1, beta2, eps] = [0.9, 0.999, 1e-8]
  const stepSize = lr / (1 - beta1 ** t)
  const root = Math.sqrt(1 - beta2 ** t)
  const keep = 1 - lr * weightDecay
  for (let i = 0; i < p.length; i++) {
    const grad = g[i]
    const mean = beta1 * m[i] + (1 - beta1) * grad
    const square = beta2 * v[i] + (1 - beta2) * grad * grad
    m[i] = mean
    v[i] = square
    p[i] = keep * p[i] - (stepSize * mean) / (Math.sqrt(square) / root + eps)
  }
}

function rmsprop(p, g, v, _, { lr }) {
  const [alpha, eps] = [0.99, 1e-8]
  for (let i = 0; i < p.length; i++) {
    const grad = g[i]
    const square = alpha * v[i] + (1 - alpha) * grad * grad
    v[i] = square
    p[i] -= (lr * grad) / (Math.sqrt(square) + eps)
  }
}

function adagrad(p, g, sum, _, { lr }) {
  const eps = 1e-10
  for (let i = 0; i < p.length; i++) {
    const grad = g[i]
    const square = sum[i] + grad * grad
    sum[i] = square
    p[i] -= (lr * grad) / (Math.sqrt(square) + eps)
  }
}

function adadelta(p, g, v, updates, { lr }) {
  const [rho, eps] = [0.9, 1e-6]
  for (let i = 0; i < p.length; i++) {
    const grad = g[i]
    const square = rho * v[i] + (1 - rho) * grad * grad
    const delta = (Math.sqrt(updates[i] + eps) / Math.sqrt(square + eps)) * grad
    v[i] = square
    updates[i] = rho * updates[i] + (1 - rho) * delta * delta
    p[i] -= lr * delta
  }
}

const loops = { SGD: sgd, Adam: adam, AdamW: adam, RMSprop: rmsprop, Adagrad: adagrad, Adadelta: adadelta }

function step({ optimizer, options, shapes, checked }) {
  const loop = options.momentum ? momentum : loops[optimizer]
  let first = 0
  const tensors = shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b)
    const a = new Float32Array(size).fill(options.initialAccumulatorValue ?? 0)
    const tensor = { p: noises(size, first), g: noises(size, SECOND + first, 0.1), a, b: new Float32Array(size) }
    first += size
    return tensor
  })
  const before = tensors[0].p.slice(0, 64)
  let t = 0
  const turn = () => {
    t++
    for (const { p, g, a, b } of tensors) loop(p, g, a, b, options, t)
  }
  for (let i = 0; i < checked; i++) turn()
  return { forms: { '': { turn, result: Array.from(before, (number, i) => tensors[0].p[i] - number) } }, release: () => {} }
}

/** Matrix product; the innermost loop runs along rows of b and c. */
function product(a, b, c, m, k, n) {
  c.fill(0)
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l]
      for (let j = 0; j < n; j++) c[i * n + j] += x * b[l * n + j]
    }
  }
}

function gemm({ m, k, n, samples }) {
  const [a, b, c] = [noises(m * k, 0), noises(k * n, SECOND), new Float32Array(m * n)]
  const turn = () => product(a, b, c, m, k, n)
  turn()
  return { forms: { '': { turn, result: samples.map(([i, j]) => c[i * n + j]) } }, release: () => {} }
}

await serve({ step, gemm })
