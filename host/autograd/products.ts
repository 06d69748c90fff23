/** Products of matrices. */
import { check } from '../errors.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../shape.ts'
import { bytesPerElement, type Tensor } from '../tensor.ts'
import { mismatch, prepare } from './prepare.ts'
import { reshape } from './shaping.ts'
import { broadcastShape, broadcastStrides, stridesOf } from './strides.ts'

/**
 * x·weightᵀ + bias, as torch has it.
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
  if (!fits) throw mismatch('linear', x, weight, 'x is [..., in] and weight [out, in]')
  if (bias && !sameShape(bias.shape, [outputs])) throw mismatch('linear', weight, bias, 'bias is [out]')
  const rows = sizeOf(x.shape.slice(0, -1))
  const y = arena.temporary([...x.shape.slice(0, -1), outputs], x.dtype, 'linear')
  const { scratch } = arena
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
  return arena.tape.record(y, bias ? [x, weight, bias] : [x, weight], (dy) => {
    x.accumulate((dx, more) =>
      kernels.gemm(0, 0, rows, inputs, outputs, 1, dy, outputs, weight.address, inputs, 1, more && dx, inputs, dx, inputs, scratch),
    )
    weight.accumulate((dw, more) =>
      kernels.gemm(1, 0, outputs, inputs, rows, 1, dy, outputs, x.address, inputs, 1, more && dw, inputs, dw, inputs, scratch),
    )
    bias?.contribute((db) => kernels.sumAxis(1, rows, outputs, db, dy, 1))
  })
}

/** For each matrix of a broadcast batch, where it lies in an operand, in bytes. */
function offsets(batch: Shape, own: Shape, matrix: number, bytes: number): number[] {
  const strides = broadcastStrides(own, batch)
  const counts = stridesOf(batch)
  return Array.from({ length: sizeOf(batch) }, (_, i) => {
    const index = batch.reduce((sum, size, axis) => sum + (Math.floor(i / counts[axis]!) % size) * strides[axis]!, 0)
    return index * matrix * bytes
  })
}

/**
 * The product of vectors, matrices, or batches of matrices that broadcast.
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
    () => `matmul: ${showShape(a.shape)} and ${showShape(b.shape)} are no matrices`,
  )
  if (a.shape.length === 1) {
    const c = matmul(reshape(a, [1, a.size]), b)
    return reshape(c, b.shape.length === 1 ? [] : [...c.shape.slice(0, -2), c.shape.at(-1)!])
  }
  if (b.shape.length === 1) return reshape(matmul(a, reshape(b, [b.size, 1])), a.shape.slice(0, -1))
  return batched(a, b)
}

/** 1 where a number was there before: a matrix that is broadcast gets a gradient from each of its places. */
function repeats(at: readonly number[]): (0 | 1)[] {
  const met = new Set<number>()
  return at.map((one) => {
    const wasThere = met.has(one)
    met.add(one)
    return wasThere ? 1 : 0
  })
}

function batched(a: Tensor, b: Tensor): Tensor {
  const { arena, kernels, dtype } = prepare('matmul', a, b)
  const [m, k] = a.shape.slice(-2) as [number, number]
  const [inner, n] = b.shape.slice(-2) as [number, number]
  if (k !== inner) throw mismatch('matmul', a, b, 'they are [..., m, k] and [..., k, n]')
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = broadcastShape('matmul', batchA, batchB)
  const c = arena.temporary([...batch, m, n], dtype, 'matmul')
  const { scratch } = arena
  const bytes = bytesPerElement[dtype]
  // One matrix on the right: the rows of all on the left are those of one.
  const isOne = sizeOf(batchB) === 1 && sameShape(batch, batchA)
  const rows = isOne ? sizeOf(batch) * m : m
  const [atA, atB] = isOne ? [[0], [0]] : [offsets(batch, batchA, m * k, bytes), offsets(batch, batchB, k * n, bytes)]
  const each = (body: (i: number, a: number, b: number, c: number) => void) => {
    for (let i = 0; i < atA.length; i++) body(i, atA[i]!, atB[i]!, i * rows * n * bytes)
  }
  each((_, x, y, z) => kernels.gemm(0, 0, rows, n, k, 1, a.address + x, k, b.address + y, n, 1, 0, 0, c.address + z, n, scratch))
  return arena.tape.record(c, [a, b], (dc) => {
    const [metA, metB] = [repeats(atA), repeats(atB)]
    a.accumulate((da, more) =>
      each((i, x, y, z) =>
        kernels.gemm(0, 1, rows, k, n, 1, dc + z, n, b.address + y, n, 1, more | metA[i]! && da + x, k, da + x, k, scratch),
      ),
    )
    b.accumulate((db, more) =>
      each((i, x, y, z) =>
        kernels.gemm(1, 0, k, n, rows, 1, a.address + x, k, dc + z, n, 1, more | metB[i]! && db + y, n, db + y, n, scratch),
      ),
    )
  })
}
