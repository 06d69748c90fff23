/** The functions that LBFGS cases minimize. */
import type { Parameter } from '../memory/tensor.ts'
import { flat, type Written } from './format.ts'

export type Objective =
  | { readonly kind: 'quadratic'; readonly A: readonly (readonly Written[])[]; readonly b: readonly Written[] }
  | { readonly kind: 'rosenbrock' }

/** Returns the value at the concatenated parameters, and sets their gradients. */
export function evaluate(objective: Objective, params: readonly Parameter[]): number {
  const x = params.flatMap(({ data }) => [...data])
  const gradient = new Float64Array(x.length)
  const round = params[0]!.dtype === 'float32' ? Math.fround : (value: number) => value
  const value = objective.kind === 'quadratic' ? quadratic(objective, x, gradient) : rosenbrock(x, gradient, round)
  let at = 0
  for (const parameter of params) {
    parameter.grad = gradient.subarray(at, at + parameter.size)
    at += parameter.size
  }
  return value
}

/**
 * x·Ax/2 − b·x, in f64 also for float32 parameters: LBFGS stops when two values are equal, which in float32 depends on the order of a sum
 * (7 to 10 of 81 random cases stopped an iteration too early or too late).
 */
function quadratic({ A, b }: { readonly A: unknown; readonly b: unknown }, x: readonly number[], gradient: Float64Array): number {
  const matrix = flat(A)
  const linear = flat(b)
  let value = 0
  for (let i = 0; i < x.length; i++) {
    let product = 0
    for (let j = 0; j < x.length; j++) product += matrix[i * x.length + j]! * x[j]!
    gradient[i] = product - linear[i]!
    value += x[i]! * (product / 2 - linear[i]!)
  }
  return value
}

/** Σ 100(x[i+1] − x[i]²)² + (1 − x[i])², in the precision of the run, where the line search takes the same turns on the last digits. */
function rosenbrock(x: readonly number[], gradient: Float64Array, r: (value: number) => number): number {
  let value = 0
  for (let i = 0; i + 1 < x.length; i++) {
    const rest = r(1 - x[i]!)
    const bend = r(x[i + 1]! - r(x[i]! * x[i]!))
    value = r(value + r(r(100 * r(bend * bend)) + r(rest * rest)))
    gradient[i] = r(gradient[i]! + r(r(r(-400 * x[i]!) * bend) - r(2 * rest)))
    gradient[i + 1] = r(gradient[i + 1]! + r(200 * bend))
  }
  return value
}
