/** Matrix products. */

import { bytesPerElement } from '../memory/dtype.ts'
import { scratchOf } from '../memory/scratch.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import type { Tensor } from '../memory/tensor.ts'
import { check } from '../validation/errors.ts'
import { accumulate, contribute, startGrad } from './gradients.ts'
import { mismatch, prepare } from './prepare.ts'
import { reshape } from './shaping.ts'
import { broadcastShape, broadcastStrides, stridesOf } from './strides.ts'
import { record } from './tape.ts'

/**
 * x·weightᵀ + bias.
 *
 * @param x [..., in]
 * @param weight [out, in]
 * @param bias [out], or null
 * @returns [..., out]
 * @throws `shape-mismatch`
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const { arena, kernels } = prepare('linear', x, weight, bias)
  const [outputs, inputs] = weight.shape as [number, number]
  const fits = weight.shape.length === 2 && x.shape.length > 0 && x.shape.at(-1) === inputs
  if (!fits) throw mismatch('linear', x, weight, 'x must be [..., in] and weight [out, in]')
  if (bias && !sameShape(bias.shape, [outputs])) throw mismatch('linear', weight, bias, 'bias must be [out]')
  const rows = sizeOf(x.shape.slice(0, -1))
  const y = arena.temporary([...x.shape.slice(0, -1), outputs], x.dtype, 'linear')
  const scratch = scratchOf(arena)
  kernels.gemm(
    0,
    1,
    rows,
    outputs,
    inputs,
    1,
    x.address,
    inputs,
    weight.address,
    inputs,
    1,
    bias?.address ?? 0,
    0,
    y.address,
    outputs,
    scratch,
  )
  return record(y, bias ? [x, weight, bias] : [x, weight], (dy) => {
    accumulate(x, (dx, more) =>
      kernels.gemm(0, 0, rows, inputs, outputs, 1, dy, outputs, weight.address, inputs, 1, more && dx, inputs, dx, inputs, scratch),
    )
    accumulate(weight, (dw, more) =>
      kernels.gemm(1, 0, outputs, inputs, rows, 1, dy, outputs, x.address, inputs, 1, more && dw, inputs, dw, inputs, scratch),
    )
    contribute(bias, (db) => kernels.sumAxis(1, rows, outputs, outputs, db, dy, 1))
  })
}

/** Returns the byte offset in an operand for each matrix of a broadcast batch. */
function offsets(batch: Shape, own: Shape, matrix: number, bytes: number): number[] {
  const strides = broadcastStrides(own, batch)
  const counts = stridesOf(batch)
  return Array.from({ length: sizeOf(batch) }, (_, i) => {
    const index = batch.reduce((sum, size, axis) => sum + (Math.floor(i / counts[axis]!) % size) * strides[axis]!, 0)
    return index * matrix * bytes
  })
}

/**
 * Product of vectors, matrices, or broadcasting batches of matrices.
 *
 * @param a [k] or [..., m, k]
 * @param b [k] or [..., k, n]
 * @returns [..., m, n] without m or n where a or b is a vector
 * @throws `shape-mismatch`
 * @example
 * const [a, b] = [arena.parameter([2, 2], { data: [1, 2, 3, 4] }), arena.parameter([2], { data: [1, 10] })]
 * arena.frame(() => Array.from(nn.functional.matmul(a, b).data)) // [21,43]
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  prepare('matmul', a, b)
  check(
    a.shape.length > 0 && b.shape.length > 0,
    'shape-mismatch',
    () => `matmul: operands must have at least one axis, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
  )
  if (a.shape.length === 1) {
    const c = matmul(reshape(a, [1, a.size]), b)
    return reshape(c, b.shape.length === 1 ? [] : [...c.shape.slice(0, -2), c.shape.at(-1)!])
  }
  if (b.shape.length === 1) return reshape(matmul(a, reshape(b, [b.size, 1])), a.shape.slice(0, -1))
  return batched(a, b)
}

/** The operands of a batch of products: start addresses, and byte offsets of each. */
interface Operand {
  readonly address: number
  readonly at: readonly number[]
}

function batched(a: Tensor, b: Tensor): Tensor {
  const { arena, kernels, dtype } = prepare('matmul', a, b)
  const [m, k] = a.shape.slice(-2) as [number, number]
  const [inner, n] = b.shape.slice(-2) as [number, number]
  if (k !== inner) throw mismatch('matmul', a, b, 'they must be [..., m, k] and [..., k, n]')
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = broadcastShape('matmul', batchA, batchB)
  const c = arena.temporary([...batch, m, n], dtype, 'matmul')
  const scratch = scratchOf(arena)
  const bytes = bytesPerElement[dtype]
  // With one matrix on the right, all rows on the left form one matrix.
  const isOne = sizeOf(batchB) === 1 && sameShape(batch, batchA)
  const rows = isOne ? sizeOf(batch) * m : m
  const [atA, atB] = isOne ? [[0], [0]] : [offsets(batch, batchA, m * k, bytes), offsets(batch, batchB, k * n, bytes)]
  const atC = atA.map((_, i) => i * rows * n * bytes)
  /** Writes the kernel's table (assembly/matrix/gemm.ts). Results are added to or overwritten. */
  const table = (x: Operand, y: Operand, z: Operand, isAdded: boolean) => {
    const address = arena.frames.allocate(16 * atC.length, 'matmul')
    for (let i = 0, word = address / 4; i < atC.length; i++, word += 4) {
      const out = z.address + z.at[i]!
      arena.u32[word] = x.address + x.at[i]!
      arena.u32[word + 1] = y.address + y.at[i]!
      arena.u32[word + 2] = isAdded ? out : 0
      arena.u32[word + 3] = out
    }
    return address
  }
  const [left, right] = [
    { address: a.address, at: atA },
    { address: b.address, at: atB },
  ]
  const count = atC.length
  kernels.gemmEach(table(left, right, { address: c.address, at: atC }, false), count, 0, 0, rows, n, k, 1, k, n, 1, n, n, scratch)
  return record(c, [a, b], (dc) => {
    const up = { address: dc, at: atC }
    if (a.requiresGrad) {
      const da = { address: startGrad(a), at: atA }
      kernels.gemmEach(table(up, right, da, true), count, 0, 1, rows, k, n, 1, n, n, 1, k, k, scratch)
    }
    if (b.requiresGrad) {
      const db = { address: startGrad(b), at: atB }
      kernels.gemmEach(table(left, up, db, true), count, 1, 0, k, n, rows, 1, k, n, 1, n, n, scratch)
    }
  })
}
