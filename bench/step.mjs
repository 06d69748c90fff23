/**
 * A step of Adam and SGD beside the loop a careful user would write over Float32Arrays: nanoseconds per parameter, both measured in turns
 * in one run, the best of each. `npm run bench`
 */
import { Adam, Arena, SGD } from 'downhill'

const SIZES = [1024, 16_384, 262_144, 4_194_304]
const ROUNDS = 9

function plainSgd(p, g, lr) {
  for (let i = 0; i < p.length; i++) p[i] -= lr * g[i]
}

function plainAdam(p, g, m, v, t, lr, beta1, beta2, eps) {
  const stepSize = lr / (1 - beta1 ** t)
  const root = Math.sqrt(1 - beta2 ** t)
  for (let i = 0; i < p.length; i++) {
    const grad = g[i]
    const mean = beta1 * m[i] + (1 - beta1) * grad
    const square = beta2 * v[i] + (1 - beta2) * grad * grad
    m[i] = mean
    v[i] = square
    p[i] -= (stepSize * mean) / (Math.sqrt(square) / root + eps)
  }
}

const numbers = (n, scale) => Float32Array.from({ length: n }, (_, i) => (((i * 37) % 101) / 50 - 1) * scale)

/** Nanoseconds per element of one turn, the best of several rounds in which the two alternate. */
function best(n, first, second) {
  const turns = Math.max(2, Math.floor(3e6 / n))
  const least = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, body] of [first, second].entries()) {
      const started = performance.now()
      for (let turn = 0; turn < turns; turn++) body()
      least[i] = Math.min(least[i], ((performance.now() - started) * 1e6) / turns / n)
    }
  }
  return least
}

console.log('ns per parameter        n   downhill  plain JavaScript   ratio')
for (const n of SIZES) {
  for (const [name, Class] of [
    ['SGD', SGD],
    ['Adam', Adam],
  ]) {
    const arena = await Arena.create()
    const w = arena.parameter([n], { data: numbers(n, 1) })
    w.grad = numbers(n, 0.1)
    const optimizer = new Class([w], { lr: 1e-3 })
    const [p, g, m, v] = [numbers(n, 1), numbers(n, 0.1), new Float32Array(n), new Float32Array(n)]
    let t = 0
    const plain = name === 'SGD' ? () => plainSgd(p, g, 1e-3) : () => plainAdam(p, g, m, v, ++t, 1e-3, 0.9, 0.999, 1e-8)
    const [ours, theirs] = best(n, () => optimizer.step(), plain)
    const cells = [ours.toFixed(3).padStart(10), theirs.toFixed(3).padStart(17), `${(theirs / ours).toFixed(1)}×`.padStart(7)]
    console.log(name.padEnd(16), String(n).padStart(8), ...cells)
    arena.dispose()
  }
}
