import { isOn, Off, On } from '../../assembly/lanes'
import { Adadelta } from '../../assembly/rules/adadelta'
import { Adagrad } from '../../assembly/rules/adagrad'
import { Adam } from '../../assembly/rules/adam'
import { Adamax } from '../../assembly/rules/adamax'
import { ASGD } from '../../assembly/rules/asgd'
import { NAdam } from '../../assembly/rules/nadam'
import { RAdam } from '../../assembly/rules/radam'
import { RMSprop } from '../../assembly/rules/rmsprop'
import { Rprop } from '../../assembly/rules/rprop'
import { SGD } from '../../assembly/rules/sgd'
import { SparseAdam } from '../../assembly/rules/sparseadam'
import { Rule, sweep } from '../../assembly/sweep'
import { fillRandom, get, padded, set } from './arrays'
import { Arrays, N } from './spans'

/** One element of the parameter, the gradient and the states. */
class Element {
  p: f64 = 0
  g: f64 = 0
  a: f64 = 0
  b: f64 = 0
  c: f64 = 0
}

function compare<R extends Rule, E>(uniforms: f64[], plain: (x: Element) => void, signed: bool, limit: f64): void {
  const x = new Arrays<E>(), was = new Arrays<E>(), want = new Element()
  x.uniforms(uniforms)
  if (signed) fillRandom<E>(x.a, N)
  if (signed) set<E>(x.a, 1, 0)
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<R, E>(x.table, 1, x.u)
  let worst = 0.0
  for (let i = 0; i < N; i++) {
    want.p = <f64>get<E>(was.p, i)
    want.g = <f64>get<E>(was.g, i)
    want.a = <f64>get<E>(was.a, i)
    want.b = <f64>get<E>(was.b, i)
    want.c = <f64>get<E>(was.c, i)
    plain(want)
    worst = max(worst, Math.abs(<f64>get<E>(x.p, i) - want.p))
    worst = max(worst, Math.abs(<f64>get<E>(x.a, i) - want.a))
    worst = max(worst, Math.abs(<f64>get<E>(x.b, i) - want.b))
    worst = max(worst, Math.abs(<f64>get<E>(x.c, i) - want.c))
  }
  expect(worst).toBeLessThan(limit, nameof<R>())
  expect(memory.compare(x.g, was.g, padded<E>(N)) == 0 && x.intact()).toBe(true)
}

/** Compares a rule with `plain`, which updates one element. With `signed`, state a has both signs and a 0. */
function check<R extends Rule>(uniforms: f64[], plain: (x: Element) => void, signed: bool = false): void {
  compare<R, f32>(uniforms, plain, signed, 2e-6)
  compare<R, f64>(uniforms, plain, signed, 4e-15)
}

/** Returns the gradient with weightDecay 0.125. */
function gradient<Decay>(x: Element): f64 {
  return isOn<Decay>() ? 0.125 * x.p + x.g : x.g
}

/** Returns the weight of the new value in a mean. */
function weight<FromEnd>(): f64 {
  return isOn<FromEnd>() ? 0.8125 : 0.3125
}

/** Returns the uniform for this weight; see `lerp`. */
function gain<FromEnd>(): f64 {
  return isOn<FromEnd>() ? weight<FromEnd>() - 1 : weight<FromEnd>()
}

function adam<Amsgrad, Decay, FromEnd>(): void {
  check<Adam<Amsgrad, Decay, FromEnd>>([0.125, 0.875, gain<FromEnd>(), 0.75, 0.25, 0.5, 1.5, 0.0625], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a += weight<FromEnd>() * (g - x.a)
    x.b = 0.75 * x.b + 0.25 * g * g
    if (isOn<Amsgrad>()) x.c = max(x.c, x.b)
    x.p = 0.875 * x.p - (0.5 * x.a) / (Math.sqrt(isOn<Amsgrad>() ? x.c : x.b) * 1.5 + 0.0625)
  })
}

function adamax<Decay, FromEnd>(): void {
  check<Adamax<Decay, FromEnd>>([0.125, gain<FromEnd>(), 0.75, 0.0625, 0.5], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a += weight<FromEnd>() * (g - x.a)
    x.b = max(0.75 * x.b, Math.abs(g) + 0.0625)
    x.p -= (0.5 * x.a) / x.b
  })
}

function nadam<Decay, FromEnd>(): void {
  check<NAdam<Decay, FromEnd>>([0.125, 0.875, gain<FromEnd>(), 0.75, 0.25, 1.5, 0.0625, 0.5, 0.375], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a += weight<FromEnd>() * (g - x.a)
    x.b = 0.75 * x.b + 0.25 * g * g
    x.p = 0.875 * x.p - (0.5 * g + 0.375 * x.a) / (Math.sqrt(x.b) * 1.5 + 0.0625)
  })
}

function radam<Rectified, Decay, FromEnd>(): void {
  check<RAdam<Rectified, Decay, FromEnd>>([0.125, 0.875, gain<FromEnd>(), 0.75, 0.25, 0.0625, 0.5], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a += weight<FromEnd>() * (g - x.a)
    x.b = 0.75 * x.b + 0.25 * g * g
    x.p = 0.875 * x.p - (0.5 * x.a) / (isOn<Rectified>() ? Math.sqrt(x.b) + 0.0625 : 1)
  })
}

function sparseAdam<FromEnd1, FromEnd2>(): void {
  check<SparseAdam<FromEnd1, FromEnd2>>([gain<FromEnd1>(), gain<FromEnd2>(), 0.5, 0.0625], (x: Element) => {
    x.a += weight<FromEnd1>() * (x.g - x.a)
    x.b += weight<FromEnd2>() * (x.g * x.g - x.b)
    x.p -= (0.5 * x.a) / (Math.sqrt(x.b) + 0.0625)
  })
}

function sgd<Momentum, Nesterov, Decay>(): void {
  check<SGD<Momentum, Nesterov, Decay>>([0.125, 0.5, 0.875, 0.75, 0.25], (x: Element) => {
    const g = gradient<Decay>(x)
    if (isOn<Momentum>()) x.a = 0.75 * x.a + 0.25 * g
    x.p -= 0.5 * (!isOn<Momentum>() ? g : isOn<Nesterov>() ? g + 0.875 * x.a : x.a)
  })
}

function asgd<Copy, Decay>(): void {
  check<ASGD<Copy, Decay>>([0.125, 0.875, 0.5, 0.25], (x: Element) => {
    x.p = 0.875 * x.p - 0.5 * gradient<Decay>(x)
    x.a = isOn<Copy>() ? x.p : x.a + 0.25 * (x.p - x.a)
  })
}

function adagrad<Decay>(): void {
  check<Adagrad<Decay>>([0.125, 0.5, 0.0625], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a += g * g
    x.p -= (0.5 * g) / (Math.sqrt(x.a) + 0.0625)
  })
}

function adadelta<Decay>(): void {
  check<Adadelta<Decay>>([0.125, 0.5, 0.75, 0.25, 0.0625], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a = 0.75 * x.a + 0.25 * g * g
    const d = Math.sqrt((x.b + 0.0625) / (x.a + 0.0625)) * g
    x.b = 0.75 * x.b + 0.25 * d * d
    x.p -= 0.5 * d
  })
}

function rmsprop<Centered, Momentum, Decay, FromEnd>(): void {
  check<RMSprop<Centered, Momentum, Decay, FromEnd>>([0.125, 0.5, 0.75, 0.375, gain<FromEnd>(), 0.0625, 0.875], (x: Element) => {
    const g = gradient<Decay>(x)
    x.a = 0.75 * x.a + 0.375 * g * g
    if (isOn<Centered>()) x.c += weight<FromEnd>() * (g - x.c)
    const d = g / (Math.sqrt(isOn<Centered>() ? x.a - x.c * x.c : x.a) + 0.0625)
    if (isOn<Momentum>()) x.b = 0.875 * x.b + d
    x.p -= 0.5 * (isOn<Momentum>() ? x.b : d)
  })
}

function rprop(): void {
  check<Rprop>([0.5, 1.25, 0.375, 1.5], (x: Element) => {
    const agreement = x.g * x.a
    x.a = agreement < 0 ? 0 : x.g
    x.b = min(max(x.b * (agreement < 0 ? 0.5 : agreement > 0 ? 1.25 : 1), 0.375), 1.5)
    x.p -= x.a > 0 ? x.b : x.a < 0 ? -x.b : 0
  }, true)
}

/** With β = 0 the means equal the gradient and its square, bit for bit. */
function forgets<E>(): void {
  const x = new Arrays<E>()
  x.uniforms([0, 0, 0.5, 0.0625])
  x.span(0, 0, padded<E>(N))
  sweep<SparseAdam<On, On>, E>(x.table, 1, x.u)
  for (let i = 0; i < N; i++) {
    expect(get<E>(x.a, i)).toBe(get<E>(x.g, i))
    expect(get<E>(x.b, i)).toBe(get<E>(x.g, i) * get<E>(x.g, i))
  }
}

describe('rules against plain loops, with every combination of their flags', () => {
  it('Adam', () => {
    adam<Off, Off, Off>(); adam<On, Off, Off>(); adam<Off, On, Off>(); adam<On, On, Off>()
    adam<Off, Off, On>(); adam<On, Off, On>(); adam<Off, On, On>(); adam<On, On, On>()
  })
  it('Adamax', () => { adamax<Off, Off>(); adamax<On, Off>(); adamax<Off, On>(); adamax<On, On>() })
  it('NAdam', () => { nadam<Off, Off>(); nadam<On, Off>(); nadam<Off, On>(); nadam<On, On>() })
  it('RAdam', () => {
    radam<Off, Off, Off>(); radam<On, Off, Off>(); radam<Off, On, Off>(); radam<On, On, Off>()
    radam<Off, Off, On>(); radam<On, Off, On>(); radam<Off, On, On>(); radam<On, On, On>()
  })
  it('SparseAdam', () => { sparseAdam<Off, Off>(); sparseAdam<On, Off>(); sparseAdam<Off, On>(); sparseAdam<On, On>() })
  it('SGD', () => {
    sgd<Off, Off, Off>(); sgd<On, Off, Off>(); sgd<Off, On, Off>(); sgd<On, On, Off>()
    sgd<Off, Off, On>(); sgd<On, Off, On>(); sgd<Off, On, On>(); sgd<On, On, On>()
  })
  it('ASGD', () => { asgd<Off, Off>(); asgd<On, Off>(); asgd<Off, On>(); asgd<On, On>() })
  it('Adagrad', () => { adagrad<Off>(); adagrad<On>() })
  it('Adadelta', () => { adadelta<Off>(); adadelta<On>() })
  it('RMSprop', () => {
    rmsprop<Off, Off, Off, Off>(); rmsprop<On, Off, Off, Off>(); rmsprop<Off, On, Off, Off>(); rmsprop<On, On, Off, Off>()
    rmsprop<Off, Off, On, Off>(); rmsprop<On, Off, On, Off>(); rmsprop<Off, On, On, Off>(); rmsprop<On, On, On, Off>()
    rmsprop<Off, Off, Off, On>(); rmsprop<On, Off, Off, On>(); rmsprop<Off, On, Off, On>(); rmsprop<On, On, Off, On>()
    rmsprop<Off, Off, On, On>(); rmsprop<On, Off, On, On>(); rmsprop<Off, On, On, On>(); rmsprop<On, On, On, On>()
  })
  it('Rprop', () => { rprop() })
  it('weight 1, from the end, discards the old mean', () => { forgets<f32>(); forgets<f64>() })
})
