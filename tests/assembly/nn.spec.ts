import { map } from '../../assembly/map'
import { Relu, ReluBackward, Tanh, TanhBackward } from '../../assembly/nn/activation'
import { ScaledDifference } from '../../assembly/nn/loss'
import { crossEntropy, crossEntropyBackward } from '../../assembly/nn/softmax'
import { fillRandom, get, guarded, make, padded, set } from './arrays'

const N = 19

function checkElementwise<E>(limit: f64): void {
  const x = make<E>(N), y = make<E>(N), out = make<E>(N), bytes = padded<E>(N)
  fillRandom<E>(x, N, 3)
  fillRandom<E>(y, N)
  set<E>(x, 0, 0)
  map<Relu, E>(bytes, out, x, 0, 0, 0, 0)
  for (let i = 0; i < N; i++) expect(get<E>(out, i)).toBe(max<E>(get<E>(x, i), 0))
  map<ReluBackward, E>(bytes, out, x, y, 0, 0, 0)
  for (let i = 0; i < N; i++) expect(get<E>(out, i)).toBe(get<E>(x, i) > 0 ? get<E>(y, i) : 0)
  map<Tanh, E>(bytes, out, x, 0, 0, 0, 0)
  for (let i = 0; i < N; i++) expect(Math.abs(<f64>get<E>(out, i) - Math.tanh(<f64>get<E>(x, i)))).toBeLessThan(limit)
  map<TanhBackward, E>(bytes, out, x, y, 0, 0, 0)
  for (let i = 0; i < N; i++) expect(Math.abs(<f64>get<E>(out, i) - <f64>get<E>(y, i) * (1 - <f64>get<E>(x, i) ** 2))).toBeLessThan(20 * limit)
  map<ScaledDifference, E>(bytes, out, x, y, 0, 2, 0)
  for (let i = 0; i < N; i++) expect(get<E>(out, i)).toBe((get<E>(x, i) - get<E>(y, i)) * 2)
  expect(guarded<E>(out, N)).toBe(true)
}

function checkCrossEntropy<E>(classes: i32, scale: f64, limit: f64): void {
  const rows = 8
  const x = make<E>(rows * classes), out = make<E>(rows * classes), losses = make<f64>(rows), sums = make<f64>(2 * rows), targets = make<i32>(rows)
  fillRandom<E>(x, rows * classes, scale)
  const want = make<f64>(rows)
  for (let r = 0; r < rows; r++) {
    store<i32>(targets + 4 * r, (r * 3) % classes)
    let most = -Infinity, sum = 0.0
    for (let c = 0; c < classes; c++) most = max(most, <f64>get<E>(x, r * classes + c))
    for (let c = 0; c < classes; c++) sum += Math.exp(<f64>get<E>(x, r * classes + c) - most)
    set<f64>(want, r, Math.log(sum) + most - <f64>get<E>(x, r * classes + ((r * 3) % classes)))
  }
  crossEntropy<E>(rows, classes, losses, x, targets, sums)
  for (let r = 0; r < rows; r++) expect(Math.abs(get<f64>(losses, r) - get<f64>(want, r))).toBeLessThan(limit * max(scale, 1))
  expect(guarded<f64>(losses, rows)).toBe(true)
  crossEntropyBackward<E>(rows, classes, out, x, targets, sums, 0.5)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < classes; c++) {
      const p = Math.exp(<f64>get<E>(x, r * classes + c) - get<f64>(sums, 2 * r) - get<f64>(sums, 2 * r + 1))
      const want = 0.5 * (p - (c == (r * 3) % classes ? 1 : 0))
      expect(Math.abs(<f64>get<E>(out, r * classes + c) - want)).toBeLessThan(limit)
    }
  }
  expect(guarded<E>(out, rows * classes)).toBe(true)
}

describe('kernels of nn', () => {
  it('elementwise, f32', () => { checkElementwise<f32>(1e-6) })
  it('elementwise, f64', () => { checkElementwise<f64>(1e-14) })
  it('cross-entropy, f32', () => { checkCrossEntropy<f32>(2, 1, 1e-6); checkCrossEntropy<f32>(10, 5, 1e-6); checkCrossEntropy<f32>(16, 1e4, 1e-6) })
  it('cross-entropy, f64', () => { checkCrossEntropy<f64>(1, 1, 1e-14); checkCrossEntropy<f64>(7, 5, 1e-14); checkCrossEntropy<f64>(16, 1e4, 1e-14) })
})
