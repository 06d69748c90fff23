import { map } from '../../assembly/map'
import { Gelu, GeluBackward, GeluTanh, GeluTanhBackward, Relu, ReluBackward, Sigmoid, SigmoidBackward, Silu, SiluBackward, Softplus, SoftplusBackward, Tanh, TanhBackward } from '../../assembly/nn/activation'
import { Erf, Exp, Log } from '../../assembly/nn/arithmetic'
import { get, guarded, make, padded, poisoned, set } from './arrays'
import { erfOf } from './reference'

const SIZES: i32[] = [1, 3, 5, 7, 17]

function sigma(x: f64): f64 {
  return 1 / (1 + Math.exp(-x))
}

function geluTanhOf(x: f64): f64 {
  return x * sigma(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))
}

const FUNCTIONS: i32 = 10

/** Applies function `kind`. */
function forward<E>(kind: i32, bytes: u32, out: usize, x: usize): void {
  if (kind == 0) map<Relu, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 1) map<Tanh, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 2) map<Sigmoid, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 3) map<Silu, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 4) map<Softplus, E>(bytes, out, x, 0, 0, 1.5, 3)
  else if (kind == 5) map<Gelu, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 6) map<GeluTanh, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 7) map<Erf, E>(bytes, out, x, 0, 0, 0, 0)
  else if (kind == 8) map<Exp, E>(bytes, out, x, 0, 0, 0, 0)
  else map<Log, E>(bytes, out, x, 0, 0, 0, 0)
}

function value(kind: i32, x: f64): f64 {
  if (kind == 0) return max(x, 0)
  if (kind == 1) return Math.tanh(x)
  if (kind == 2) return sigma(x)
  if (kind == 3) return x * sigma(x)
  if (kind == 4) return x * 1.5 > 3 ? x : Math.log1p(Math.exp(1.5 * x)) / 1.5
  if (kind == 5) return (x * (1 + erfOf(x / Math.sqrt(2)))) / 2
  if (kind == 6) return geluTanhOf(x)
  if (kind == 7) return erfOf(x)
  return kind == 8 ? Math.exp(x) : Math.log(x)
}

/** Computes the gradient of function `kind`. Those of relu, tanh and sigmoid take the output instead of x. */
function backward<E>(kind: i32, bytes: u32, out: usize, x: usize, y: usize, dy: usize): void {
  if (kind == 0) map<ReluBackward, E>(bytes, out, y, dy, 0, 0, 0)
  else if (kind == 1) map<TanhBackward, E>(bytes, out, y, dy, 0, 0, 0)
  else if (kind == 2) map<SigmoidBackward, E>(bytes, out, y, dy, 0, 0, 0)
  else if (kind == 3) map<SiluBackward, E>(bytes, out, x, dy, 0, 0, 0)
  else if (kind == 4) map<SoftplusBackward, E>(bytes, out, x, dy, 0, 1.5, 3)
  else if (kind == 5) map<GeluBackward, E>(bytes, out, x, dy, 0, 0, 0)
  else map<GeluTanhBackward, E>(bytes, out, x, dy, 0, 0, 0)
}

/** Central differences, accurate to about 1e-10. The points avoid the kinks of relu at 0 and of softplus at 2. */
function slope(kind: i32, x: f64): f64 {
  return (value(kind, x + 1e-5) - value(kind, x - 1e-5)) / 2e-5
}

function check<E>(kind: i32, n: i32, limit: f64, limitOfSlope: f64): bool {
  const bytes = padded<E>(n), x = poisoned<E>(n), dy = poisoned<E>(n), y = make<E>(n), dx = make<E>(n)
  for (let i = 0; i < n; i++) set<E>(x, i, kind == 9 ? Math.abs(<f64>get<E>(x, i)) + 0.1 : <f64>get<E>(x, i) * 5)
  forward<E>(kind, bytes, y, x)
  if (kind < 7) backward<E>(kind, bytes, dx, x, y, dy)
  for (let i = 0; i < n; i++) {
    const at = <f64>get<E>(x, i), want = value(kind, at)
    if (!(Math.abs(<f64>get<E>(y, i) - want) <= limit * (Math.abs(want) + 1))) return false
    if (kind < 7 && !(Math.abs(<f64>get<E>(dx, i) - <f64>get<E>(dy, i) * slope(kind, at)) <= limitOfSlope)) return false
  }
  return guarded<E>(y, n) && guarded<E>(dx, n)
}

function checkAll<E>(limit: f64, limitOfSlope: f64): void {
  for (let kind = 0; kind < FUNCTIONS; kind++) {
    for (let s = 0; s < SIZES.length; s++) expect(check<E>(kind, SIZES[s], limit, limitOfSlope)).toBe(true)
  }
}

/** Returns the value of function `kind` for one number; `slopeOf` returns its gradient. */
function valueOf<E>(kind: i32, at: f64): f64 {
  const x = make<E>(1), out = make<E>(1)
  set<E>(x, 0, at)
  forward<E>(kind, 64, out, x)
  return <f64>get<E>(out, 0)
}

function slopeOf<E>(kind: i32, at: f64): f64 {
  const x = make<E>(1), dy = make<E>(1), out = make<E>(1)
  set<E>(x, 0, at)
  set<E>(dy, 0, 1)
  backward<E>(kind, 64, out, x, x, dy)
  return <f64>get<E>(out, 0)
}

/**
 * Compares with x·Φ(x) to 20 digits, by relative error. 1 + erf(x/√2) cancels completely below x = −6 (f32) or −9 (f64), and rounding
 * x² in e^(−x²/2) costs a digit.
 */
function checkTail<E>(limit: f64, points: f64[], values: f64[]): void {
  for (let i = 0; i < points.length; i++) expect(Math.abs(valueOf<E>(5, points[i]) / values[i] - 1)).toBeLessThan(limit)
}

function checkLimits<E>(): void {
  const far = sizeof<E>() == 4 ? 1e30 : 1e300
  for (let kind = 3; kind < 7; kind++) {
    expect(valueOf<E>(kind, far)).toBe(<f64>(<E>far))
    expect(valueOf<E>(kind, -far)).toBe(0)
    expect(isNaN(valueOf<E>(kind, NaN))).toBe(true)
    expect(slopeOf<E>(kind, far)).toBe(1)
    expect(slopeOf<E>(kind, -far)).toBe(0)
    expect(isNaN(slopeOf<E>(kind, NaN))).toBe(true)
  }
}

describe('activations', () => {
  it('f32', () => { checkAll<f32>(1e-6, 1e-5) })
  it('f64', () => { checkAll<f64>(4e-15, 1e-9) })
  it('gelu of negative numbers', () => {
    checkTail<f32>(4e-7, [-2, -5.333333492279053, -9.699999809265137, -12.100000381469727],
      [-0.045500263896358414401, -2.5713596195859434106e-7, -1.4622710785512509198e-21, -6.3894466188847282911e-33])
    checkTail<f64>(8e-16, [-2, -5.333333333333333, -9.7, -12.1],
      [-0.045500263896358414401, -2.5713617947275352093e-7, -1.4622683737458986197e-21, -6.3894761085946078171e-33])
  })
  it('large arguments', () => { checkLimits<f32>(); checkLimits<f64>() })
})
