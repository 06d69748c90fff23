/** Table lookup. */

import type { Numbers } from '../memory/numbers.ts'
import { type Shape, showShape } from '../memory/shape.ts'
import { Parameter, Tensor } from '../memory/tensor.ts'
import { check, checkRange } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { accumulate } from './gradients.ts'
import { prepare } from './prepare.ts'
import { record } from './tape.ts'

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Index of a row that gets no gradient; negative indices count from the end. Default: none. */
  readonly paddingIdx?: number | null
  /** Whether the weight gets a sparse gradient, as SparseAdam requires. Default false. */
  readonly sparse?: boolean
}

/** Returns the index of the padding row, from the start, or null. */
export function paddingRow(by: string, rows: number, paddingIdx: number | null): number | null {
  const isRow = paddingIdx === null || (Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)
  checkRange(isRow, by, 'paddingIdx', `a row in [${-rows}, ${rows}), or null`, paddingIdx)
  return paddingIdx === null || paddingIdx >= 0 ? paddingIdx : paddingIdx + rows
}

/**
 * Looks up rows of a table by index.
 *
 * @param indices an int32 tensor, or an array of numbers
 * @param weight [rows, width]
 * @returns [...indices, width]
 * @throws `label-range` with the position of an index that is out of range
 */
export function embedding(indices: Tensor | Numbers, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkNames('embedding', ['paddingIdx', 'sparse'], options)
  const { paddingIdx = null, sparse = false } = options
  const { arena, kernels } = prepare('embedding', weight)
  check(weight.shape.length === 2, 'shape-mismatch', () => `embedding: weight must be [rows, width], got ${showShape(weight.shape)}`)
  const [rows, width] = weight.shape as [number, number]
  const skipped = paddingRow('embedding', rows, paddingIdx) ?? -1
  const isList = indices instanceof Tensor || Array.isArray(indices) || ArrayBuffer.isView(indices)
  checkRange(isList, 'embedding', 'indices', 'an int32 tensor or an array of numbers', indices, 'dtype-mismatch')
  const given: Numbers = indices instanceof Tensor ? indices.data : indices
  for (let i = 0; i < given.length; i++) {
    const fits = Number.isInteger(given[i]) && given[i]! >= 0 && given[i]! < rows
    if (!fits) checkRange(false, 'embedding', `indices[${i}]`, `a row in [0, ${rows})`, given[i], 'label-range')
  }
  const own = indices instanceof Tensor ? indices : arena.tensor(indices, [indices.length], { dtype: 'int32' })
  checkRange(own.dtype === 'int32', 'embedding', 'the dtype of indices', "'int32'", own.dtype, 'dtype-mismatch')
  const shape: Shape = [...own.shape, width]
  const y = arena.temporary(shape, weight.dtype, 'embedding')
  kernels.gatherRows(own.size, width, y.address, own.address, weight.address)
  return record(y, [weight], (dy) => {
    if (sparse && weight instanceof Parameter && !weight.hasGrad) return sparseGrad(weight, own, dy, skipped)
    accumulate(weight, (dw, more) => {
      if (!more) kernels.fill(weight.bytes, dw, 0)
      kernels.scatterAddRows(own.size, width, width, dw, own.address, dy, skipped)
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
