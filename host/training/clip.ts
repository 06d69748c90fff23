/** Gradient clipping: by total norm, or element by element. */

import type { View } from '../memory/dtype.ts'
import { type Fold, foldsOf } from '../memory/folds.ts'
import { showShape } from '../memory/shape.ts'
import { kernelsOf, Parameter } from '../memory/tensor.ts'
import { pow } from '../numerics/portable.ts'
import { check, checkRange, DownhillError, isObject } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import type { ElementKernels } from '../wasm/generated/kernels.ts'

/** Options of {@link getTotalNorm} and {@link clipGradNorm}. */
export interface NormOptions {
  /** p of the norm; Infinity for the largest magnitude, 0 for the number of nonzero elements. Default 2. */
  readonly normType?: number
  /** Whether to throw if the norm is NaN or infinite, before anything changes. Default false. */
  readonly errorIfNonfinite?: boolean
}

/** Parameters whose gradients are measured or clipped. Those without a gradient are skipped. */
export type Parameters = Parameter | Iterable<Parameter>

/** torch adds this to the norm before dividing by it. */
const EPSILON = 1e-6

/** Returns the parameters as a list, all alive and in one arena. */
export function parametersOf(params: Parameters, by: string): Parameter[] {
  const isList = params instanceof Parameter || (isObject(params) && Symbol.iterator in params)
  checkRange(isList, by, 'params', 'a list of parameters', params, 'params-invalid')
  const list = params instanceof Parameter ? [params] : [...params]
  for (const parameter of list) {
    checkRange(parameter instanceof Parameter, by, 'params', 'parameters', parameter, 'params-invalid')
    check(parameter.arena === list[0]!.arena, 'params-invalid', `${by}: all parameters must be in one arena`)
    parameter.assertAlive(by)
  }
  return list
}

const withGrad = (params: Parameters, by: string) => parametersOf(params, by).filter(({ hasGrad }) => hasGrad)

/** Returns the fold that sums |x|^p, or undefined for p < 0, because masked elements would be infinite. */
function foldFor(p: number): Fold | undefined {
  if (p === Number.POSITIVE_INFINITY) return 'absMax'
  if (p === 0) return 'nonZero'
  if (p === 1) return 'absSum'
  if (p === 2) return 'squaredNorm'
  return p > 0 ? 'powerSum' : undefined
}

/** Returns the norm for a sum of powers. */
function rooted(sum: number, p: number): number {
  if (p === 2) return Math.sqrt(sum)
  return p === 0 || p === 1 || Math.abs(p) === Number.POSITIVE_INFINITY ? sum : pow(sum, 1 / p)
}

/** Returns the p-norm of numbers ≥ 0, in their order. */
function normOf(values: ArrayLike<number>, p: number): number {
  let sum = p === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : 0
  for (let i = 0; i < values.length; i++) {
    const x = Math.abs(values[i]!)
    if (p === Number.POSITIVE_INFINITY) sum = Number.isNaN(sum) || x <= sum ? sum : x
    else if (p === Number.NEGATIVE_INFINITY) sum = Number.isNaN(sum) || x >= sum ? sum : x
    else if (p === 0) sum += x === 0 ? 0 : 1
    else sum += p === 1 ? x : p === 2 ? x * x : pow(x, p)
  }
  return rooted(sum, p)
}

/** Returns the norm of each gradient, with one call into WebAssembly per element type. */
function norms(params: readonly Parameter[], p: number): number[] {
  const result = new Array<number>(params.length).fill(0)
  const fold = foldFor(p)
  const dense: number[] = []
  for (const [i, { sparseGrad, grad }] of params.entries()) {
    if (sparseGrad) result[i] = normOf(sparseGrad.values, p)
    else if (fold) dense.push(i)
    else result[i] = normOf(grad!, p)
  }
  for (const dtype of ['float32', 'float64'] as const) {
    const own = dense.filter((i) => params[i]!.dtype === dtype)
    if (!own.length) continue
    const arrays = own.map((i) => [params[i]!.size, params[i]!.gradAddress] as const)
    const sums = foldsOf(params[0]!.arena).each(fold!, dtype, arrays, p)
    for (const [at, i] of own.entries()) result[i] = rooted(sums[at]!, p)
  }
  return result
}

/**
 * Returns the norm of all gradients together: the norm of their norms.
 *
 * @throws `gradient-nonfinite` if errorIfNonfinite and the norm is NaN or infinite
 */
export function getTotalNorm(params: Parameters, options: NormOptions = {}): number {
  return totalNorm('getTotalNorm', withGrad(params, 'getTotalNorm'), options)
}

function totalNorm(by: string, list: readonly Parameter[], options: NormOptions): number {
  checkNames(by, ['normType', 'errorIfNonfinite'], options)
  const { normType = 2, errorIfNonfinite = false } = options
  checkRange(typeof normType === 'number' && !Number.isNaN(normType), by, 'normType', 'a number', normType)
  checkRange(typeof errorIfNonfinite === 'boolean', by, 'errorIfNonfinite', 'true or false', errorIfNonfinite)
  if (!list.length) return 0
  const isSum = normType >= 0 && normType < Number.POSITIVE_INFINITY
  const empty = isSum ? undefined : list.find(({ size }) => size === 0)
  check(!empty, 'shape-mismatch', () => `${by}: the ${normType}-norm of a gradient ${showShape(empty!.shape)} is undefined`)
  const total = normOf(norms(list, normType), normType)
  if (errorIfNonfinite && !Number.isFinite(total)) {
    throw new DownhillError('gradient-nonfinite', `${by}: the ${normType}-norm of the gradients is ${total}`)
  }
  return total
}

/** Multiplies all gradients by min(1, maxNorm / (totalNorm + 1e-6)). */
export function clipGradsWithNorm(params: Parameters, maxNorm: number, totalNorm: number): void {
  checkRange(typeof maxNorm === 'number', 'clipGradsWithNorm', 'maxNorm', 'a number', maxNorm)
  checkRange(typeof totalNorm === 'number', 'clipGradsWithNorm', 'totalNorm', 'a number', totalNorm)
  const ratio = maxNorm / (totalNorm + EPSILON)
  const factor = ratio > 1 ? 1 : ratio
  each(
    withGrad(params, 'clipGradsWithNorm'),
    (values) => {
      for (let i = 0; i < values.length; i++) values[i]! *= factor
    },
    (kernels, bytes, at) => kernels.scale(bytes, at, at, factor),
  )
}

/**
 * Scales all gradients by one factor so that their total norm is at most `maxNorm`.
 *
 * @returns the norm before clipping
 * @throws `gradient-nonfinite` if errorIfNonfinite and the norm is NaN or infinite; the gradients do not change
 * @example
 * const w = arena.parameter([2])
 * w.grad = [3, 4]
 * downhill.clipGradNorm([w], 1) // 5
 * Math.abs(w.grad[0] - 0.6) < 1e-6 // true
 */
export function clipGradNorm(params: Parameters, maxNorm: number, options: NormOptions = {}): number {
  const list = withGrad(params, 'clipGradNorm')
  const total = totalNorm('clipGradNorm', list, options)
  clipGradsWithNorm(list, maxNorm, total)
  return total
}

/**
 * Clamps every element of the gradients to ±clipValue. NaN stays NaN.
 *
 * @throws `params-empty` without any gradient, as torch does
 * @example
 * const w = arena.parameter([2])
 * w.grad = [3, -0.5]
 * downhill.clipGradValue([w], 1)
 * Array.from(w.grad) // [1,-0.5]
 */
export function clipGradValue(params: Parameters, clipValue: number): void {
  checkRange(typeof clipValue === 'number', 'clipGradValue', 'clipValue', 'a number', clipValue)
  const list = withGrad(params, 'clipGradValue')
  check(list.length > 0, 'params-empty', 'clipGradValue: no parameter has a gradient')
  each(
    list,
    (values) => {
      for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(values[i]!, -clipValue), clipValue)
    },
    (kernels, bytes, at) => kernels.clamp(bytes, at, at, -clipValue, clipValue),
  )
}

/** Changes all gradients: sparse ones one by one, adjacent dense ones together. */
function each(
  params: readonly Parameter[],
  sparse: (values: View) => void,
  dense: (kernels: ElementKernels, bytes: number, address: number) => void,
): void {
  for (let i = 0; i < params.length; ) {
    const first = params[i++]!
    if (first.sparseGrad) {
      sparse(first.sparseGrad.values)
      continue
    }
    const kernels = kernelsOf(first)
    let { bytes } = first
    const follows = (next: Parameter | undefined) =>
      next !== undefined && !next.sparseGrad && kernelsOf(next) === kernels && next.gradAddress === first.gradAddress + bytes
    while (follows(params[i])) bytes += params[i++]!.bytes
    dense(kernels, bytes, first.gradAddress)
  }
}
