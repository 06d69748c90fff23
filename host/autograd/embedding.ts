/** Rows of a table. */

import type { Numbers } from '../memory/numbers.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import { Parameter, Tensor } from '../memory/tensor.ts'
import { check, checkRange, DownhillError, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { accumulate } from './gradients.ts'
import { prepare } from './prepare.ts'
import { record } from './tape.ts'

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** A row whose gradient is 0; from the end if negative. Default: none. */
  readonly paddingIdx?: number | null
  /** Give the weight a sparse gradient, as SparseAdam takes it. Default false. */
  readonly sparse?: boolean
}

/** The row that is padding, counted from the start, or null. */
export function paddingRow(by: string, rows: number, paddingIdx: number | null): number | null {
  const isRow = paddingIdx === null || (Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)
  checkRange(isRow, by, 'paddingIdx', `one of ${rows} rows, or null`, paddingIdx)
  return paddingIdx === null || paddingIdx >= 0 ? paddingIdx : paddingIdx + rows
}

/**
 * The rows of a table that indices name.
 *
 * @param indices an int32 tensor, or an array of numbers
 * @param weight [rows, width]
 * @returns [...indices, width]
 * @throws `label-range` with the position of an index that is no row
 */
export function embedding(indices: Tensor | Numbers, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkNames('embedding', ['paddingIdx', 'sparse'], options)
  const { paddingIdx = null, sparse = false } = options
  const { arena, kernels } = prepare('embedding', weight)
  check(weight.shape.length === 2, 'shape-mismatch', () => `embedding: weight is [rows, width], not ${showShape(weight.shape)}`)
  const [rows, width] = weight.shape as [number, number]
  const skipped = paddingRow('embedding', rows, paddingIdx) ?? -1
  const isList = indices instanceof Tensor || Array.isArray(indices) || ArrayBuffer.isView(indices)
  check(isList, 'dtype-mismatch', () => `embedding: indices are an int32 tensor or an array of numbers, not ${shown(indices)}`)
  const given: Numbers = indices instanceof Tensor ? indices.data : indices
  for (let i = 0; i < given.length; i++) {
    const fits = Number.isInteger(given[i]) && given[i]! >= 0 && given[i]! < rows
    if (!fits) throw new DownhillError('label-range', `embedding: index ${i} is ${shown(given[i])}, and the rows are 0 to ${rows - 1}`)
  }
  const own = indices instanceof Tensor ? indices : arena.tensor(indices, [indices.length], { dtype: 'int32' })
  check(own.dtype === 'int32', 'dtype-mismatch', () => `embedding: indices are int32, not ${own.dtype}`)
  const shape: Shape = [...own.shape, width]
  const y = arena.temporary(shape, weight.dtype, 'embedding')
  kernels.gatherRows(own.size, width, y.address, own.address, weight.address)
  return record(y, [weight], (dy) => {
    if (sparse && weight instanceof Parameter && !weight.hasGrad) return sparseGrad(weight, own, dy, skipped)
    accumulate(weight, (dw, more) => {
      if (!more) kernels.fill(weight.bytes, dw, 0)
      kernels.scatterAddRows(own.size, width, dw, own.address, dy, skipped)
    })
  })
}

function sparseGrad(weight: Parameter, indices: Tensor, dy: number, skipped: number): void {
  const { arena, dtype } = weight
  const width = weight.shape[1]!
  const rows = arena.view(dtype, dy, indices.size * width)
  const kept = [...indices.data.keys()].filter((i) => indices.data[i] !== skipped)
  const values = dtype === 'float32' ? new Float32Array(kept.length * width) : new Float64Array(kept.length * width)
  for (const [place, i] of kept.entries()) values.set(rows.subarray(i * width, (i + 1) * width), place * width)
  weight.grad = { indices: kept.map((i) => indices.data[i]!), values }
}
