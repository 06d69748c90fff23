import { Off, On } from '../../assembly/lanes'
import { Adadelta } from '../../assembly/rules/adadelta'
import { Adagrad } from '../../assembly/rules/adagrad'
import { Adam } from '../../assembly/rules/adam'
import { RMSprop } from '../../assembly/rules/rmsprop'
import { SGD } from '../../assembly/rules/sgd'
import { Rule, SPAN, sweep } from '../../assembly/sweep'
import { fillRandom, get, guarded, make, next, padded, set } from './arrays'

const N = 67

/** Parameter, gradient and three states, filled at random (states positive). */
class Arrays<E> {
  p: usize = make<E>(N)
  g: usize = make<E>(N)
  a: usize = make<E>(N)
  b: usize = make<E>(N)
  c: usize = make<E>(N)
  u: usize = make<E>(12)
  table: usize = make<u32>(60)

  constructor() {
    fillRandom<E>(this.p, N)
    fillRandom<E>(this.g, N)
    for (let i = 0; i < N; i++) {
      set<E>(this.a, i, Math.abs(next()) + 0.5)
      set<E>(this.b, i, Math.abs(next()) + 0.5)
      set<E>(this.c, i, Math.abs(next()) * 0.1)
    }
  }

  span(entry: usize, from: u32, bytes: u32): void {
    const at = this.table + entry * SPAN
    store<u32>(at, bytes)
    store<u32>(at + 4, <u32>this.p + from)
    store<u32>(at + 8, <u32>this.g + from)
    store<u32>(at + 12, <u32>this.a + from)
    store<u32>(at + 16, <u32>this.b + from)
    store<u32>(at + 20, <u32>this.c + from)
  }

  uniforms(values: f64[]): void {
    for (let i = 0; i < values.length; i++) set<E>(this.u, i, values[i])
  }

  copy(from: Arrays<E>): void {
    const bytes = padded<E>(N)
    memory.copy(this.p, from.p, bytes)
    memory.copy(this.g, from.g, bytes)
    memory.copy(this.a, from.a, bytes)
    memory.copy(this.b, from.b, bytes)
    memory.copy(this.c, from.c, bytes)
    memory.copy(this.u, from.u, padded<E>(12))
  }

  same(other: Arrays<E>): bool {
    const bytes = padded<E>(N)
    return (
      memory.compare(this.p, other.p, bytes) == 0 &&
      memory.compare(this.a, other.a, bytes) == 0 &&
      memory.compare(this.b, other.b, bytes) == 0 &&
      memory.compare(this.c, other.c, bytes) == 0
    )
  }

  intact(): bool {
    return guarded<E>(this.p, N) && guarded<E>(this.g, N) && guarded<E>(this.a, N) && guarded<E>(this.b, N) && guarded<E>(this.c, N)
  }
}

/** A sweep in one span, and the same in three, end with the same bits and touch nothing else. */
function splits<R extends Rule, E>(uniforms: f64[]): void {
  const whole = new Arrays<E>()
  whole.uniforms(uniforms)
  const parts = new Arrays<E>()
  parts.copy(whole)
  const bytes = padded<E>(N)
  whole.span(0, 0, bytes)
  sweep<R, E>(whole.table, 1, whole.u)
  parts.span(0, 0, 64)
  parts.span(1, 64, 128)
  parts.span(2, 192, bytes - 192)
  sweep<R, E>(parts.table, 3, parts.u)
  expect(whole.same(parts)).toBe(true)
  expect(whole.intact() && parts.intact()).toBe(true)
}

function near(a: f64, b: f64, limit: f64): void {
  expect(Math.abs(a - b)).toBeLessThan(limit)
}

function checkAdam<E>(limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  x.uniforms([-1, 0.1, 0.99, 0.25, 0.75, 0.25, 0.5, 1.5, 0.125])
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<Adam<On, On, Off>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    const p = <f64>get<E>(was.p, i)
    const g = -(<f64>get<E>(was.g, i)) + 0.1 * p
    const m = <f64>get<E>(was.a, i) + 0.25 * (g - <f64>get<E>(was.a, i))
    const v = 0.75 * <f64>get<E>(was.b, i) + 0.25 * g * g
    const most = max(v, <f64>get<E>(was.c, i))
    near(<f64>get<E>(x.a, i), m, limit)
    near(<f64>get<E>(x.b, i), v, limit)
    near(<f64>get<E>(x.c, i), most, limit)
    near(<f64>get<E>(x.p, i), 0.99 * p - (0.5 * m) / (Math.sqrt(most) * 1.5 + 0.125), limit)
  }
}

function checkSgd<E>(limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  x.uniforms([1, 0.1, 0.5, 0.75, 0.75, 0.25])
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<SGD<On, On, On>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    const p = <f64>get<E>(was.p, i)
    const g = <f64>get<E>(was.g, i) + 0.1 * p
    const b = 0.75 * <f64>get<E>(was.a, i) + 0.25 * g
    near(<f64>get<E>(x.a, i), b, limit)
    near(<f64>get<E>(x.p, i), p - 0.5 * (g + 0.75 * b), limit)
  }
}

function checkAdagrad<E>(limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  x.uniforms([1, 0.1, 0.5, 0.125])
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<Adagrad<On>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    const p = <f64>get<E>(was.p, i)
    const g = <f64>get<E>(was.g, i) + 0.1 * p
    const s = <f64>get<E>(was.a, i) + g * g
    near(<f64>get<E>(x.a, i), s, limit)
    near(<f64>get<E>(x.p, i), p - (0.5 * g) / (Math.sqrt(s) + 0.125), limit)
  }
}

function checkAdadelta<E>(limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  x.uniforms([1, 0, 0.5, 0.75, 0.25, 0.125])
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<Adadelta<Off>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    const g = <f64>get<E>(was.g, i)
    const v = 0.75 * <f64>get<E>(was.a, i) + 0.25 * g * g
    const d = (Math.sqrt(<f64>get<E>(was.b, i) + 0.125) / Math.sqrt(v + 0.125)) * g
    near(<f64>get<E>(x.a, i), v, limit)
    near(<f64>get<E>(x.b, i), 0.75 * <f64>get<E>(was.b, i) + 0.25 * d * d, limit)
    near(<f64>get<E>(x.p, i), <f64>get<E>(was.p, i) - 0.5 * d, limit)
  }
}

function checkRmsprop<E>(limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  x.uniforms([1, 0, 0.5, 0.75, 0.25, 0.25, 0.125, 0.875])
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<RMSprop<On, On, Off, Off>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    const g = <f64>get<E>(was.g, i)
    const v = 0.75 * <f64>get<E>(was.a, i) + 0.25 * g * g
    const h = <f64>get<E>(was.c, i) + 0.25 * (g - <f64>get<E>(was.c, i))
    const b = 0.875 * <f64>get<E>(was.b, i) + g / (Math.sqrt(v - h * h) + 0.125)
    near(<f64>get<E>(x.c, i), h, limit)
    near(<f64>get<E>(x.b, i), b, limit)
    near(<f64>get<E>(x.p, i), <f64>get<E>(was.p, i) - 0.5 * b, limit)
  }
}

describe('rules against plain loops', () => {
  it('Adam', () => { checkAdam<f32>(1e-5); checkAdam<f64>(1e-14) })
  it('SGD', () => { checkSgd<f32>(1e-6); checkSgd<f64>(1e-15) })
  it('Adagrad', () => { checkAdagrad<f32>(1e-6); checkAdagrad<f64>(1e-15) })
  it('Adadelta', () => { checkAdadelta<f32>(1e-6); checkAdadelta<f64>(1e-15) })
  it('RMSprop', () => { checkRmsprop<f32>(1e-5); checkRmsprop<f64>(1e-14) })
})

describe('a sweep in parts gives the bits of a sweep in one, and writes nothing outside', () => {
  it('Adam', () => { splits<Adam<On, On, On>, f32>([1, 0.1, 0.99, 0.3, 0.7, 0.3, 0.5, 1.5, 0.1]); splits<Adam<Off, Off, Off>, f64>([1, 0.1, 0.99, 0.3, 0.7, 0.3, 0.5, 1.5, 0.1]) })
  it('SGD', () => { splits<SGD<On, Off, On>, f32>([1, 0.1, 0.99, 0.3, 0.7, 0.3]); splits<SGD<Off, Off, Off>, f64>([1, 0.1, 0.99]) })
  it('Adagrad', () => { splits<Adagrad<On>, f32>([1, 0.1, 0.99, 0.3]); splits<Adagrad<Off>, f64>([1, 0.1, 0.99, 0.3]) })
  it('Adadelta', () => { splits<Adadelta<On>, f32>([1, 0.1, 0.99, 0.3, 0.7, 0.3]); splits<Adadelta<Off>, f64>([1, 0.1, 0.99, 0.3, 0.7, 0.3]) })
  it('RMSprop', () => { splits<RMSprop<Off, On, On, Off>, f32>([1, 0.1, 0.99, 0.3, 0.7, 0.3, 0.1, 0.9]); splits<RMSprop<On, Off, Off, On>, f64>([1, 0.1, 0.99, 0.9, 0.1, -0.5, 0.1, 0.9]) })
})
