import { Off, On } from '../../assembly/lanes'
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
import { padded } from './arrays'
import { Arrays, N } from './spans'

/** Checks that sweeps in one span and in three give the same bits and write nothing else. */
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

describe('a sweep in parts equals a sweep in one, and writes nothing outside', () => {
  it('Adam', () => { splits<Adam<On, On, On>, f32>([0.1, 0.99, 0.3, 0.7, 0.3, 0.5, 1.5, 0.1]); splits<Adam<Off, Off, Off>, f64>([0.1, 0.99, 0.3, 0.7, 0.3, 0.5, 1.5, 0.1]) })
  it('SGD', () => { splits<SGD<On, Off, On>, f32>([0.1, 0.99, 0.3, 0.7, 0.3]); splits<SGD<Off, Off, Off>, f64>([0.1, 0.99]) })
  it('Adagrad', () => { splits<Adagrad<On>, f32>([0.1, 0.99, 0.3]); splits<Adagrad<Off>, f64>([0.1, 0.99, 0.3]) })
  it('Adadelta', () => { splits<Adadelta<On>, f32>([0.1, 0.99, 0.3, 0.7, 0.3]); splits<Adadelta<Off>, f64>([0.1, 0.99, 0.3, 0.7, 0.3]) })
  it('RMSprop', () => { splits<RMSprop<Off, On, On, Off>, f32>([0.1, 0.99, 0.3, 0.7, 0.3, 0.1, 0.9]); splits<RMSprop<On, Off, Off, On>, f64>([0.1, 0.99, 0.9, 0.1, -0.5, 0.1, 0.9]) })
  it('Adamax', () => { splits<Adamax<On, Off>, f32>([0.1, 0.3, 0.7, 0.1, 0.5]); splits<Adamax<Off, On>, f64>([0.1, -0.3, 0.7, 0.1, 0.5]) })
  it('ASGD', () => { splits<ASGD<Off, On>, f32>([0.1, 0.99, 0.5, 0.3]); splits<ASGD<On, Off>, f64>([0.1, 0.99, 0.5, 0.3]) })
  it('NAdam', () => {
    splits<NAdam<On, Off>, f32>([0.1, 0.99, 0.3, 0.7, 0.3, 1.5, 0.1, 0.5, 0.2])
    splits<NAdam<Off, On>, f64>([0.1, 0.99, -0.3, 0.7, 0.3, 1.5, 0.1, 0.5, 0.2])
  })
  it('RAdam', () => {
    splits<RAdam<On, On, Off>, f32>([0.1, 0.99, 0.3, 0.7, 0.3, 0.1, 0.5])
    splits<RAdam<Off, Off, On>, f64>([0.1, 0.99, -0.3, 0.7, 0.3, 0.1, 0.5])
  })
  it('Rprop', () => { splits<Rprop, f32>([0.5, 1.2, 0.3, 1.4]); splits<Rprop, f64>([0.5, 1.2, 0.3, 1.4]) })
  it('SparseAdam', () => { splits<SparseAdam<Off, Off>, f32>([0.3, 0.3, 0.5, 0.1]); splits<SparseAdam<On, On>, f64>([-0.3, -0.3, 0.5, 0.1]) })
})

/** Checks that neither zero spans nor an empty span write anything. */
function empty<E>(): void {
  const x = new Arrays<E>(), was = new Arrays<E>()
  was.copy(x)
  x.span(0, 0, padded<E>(N))
  sweep<Adam<On, On, On>, E>(x.table, 0, x.u)
  expect(x.same(was)).toBe(true)
  x.span(0, 0, 0)
  sweep<Adam<On, On, On>, E>(x.table, 1, x.u)
  expect(x.same(was) && x.intact()).toBe(true)
}

describe('an empty sweep', () => {
  it('changes nothing', () => { empty<f32>(); empty<f64>() })
})
