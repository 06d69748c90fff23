/** The differentiable functions. Each computes its result into the current frame and notes how the gradient goes back. */
import type { Arena } from '../arena.ts'
import { check, DownhillError, shown } from '../errors.ts'
import type { ElementKernels } from '../generated/kernels.ts'
import { sameShape, showShape } from '../shape.ts'
import { type Numbers, Tensor } from '../tensor.ts'
import type { FloatType } from '../wasm.ts'

/** Checks the inputs of a function, and gives their arena and the kernels of their element type. */
function prepare(by: string, inputs: readonly Tensor[]): { arena: Arena; kernels: ElementKernels } {
  for (const input of inputs) {
    check(input instanceof Tensor, 'params-invalid', () => `${by} takes tensors, and got ${shown(input)}`)
  }
  const { arena, dtype } = inputs[0]!
  for (const input of inputs) {
    input.assertAlive(by)
    check(input.arena === arena, 'dtype-mismatch', `${by}: tensors of two arenas`)
    check(input.dtype === dtype && dtype !== 'int32', 'dtype-mismatch', () => `${by}: ${inputs.map((x) => x.dtype).join(' and ')}`)
  }
  return { arena, kernels: arena.kernels[dtype as FloatType] }
}

function mismatch(by: string, a: Tensor, b: Tensor, why: string): DownhillError {
  return new DownhillError('shape-mismatch', `${by}: ${showShape(a.shape)} and ${showShape(b.shape)} do not fit, ${why}`)
}

/** The one number at a gradient's address. */
function scalarAt(tensor: Tensor, address: number): number {
  return tensor.dtype === 'float32' ? tensor.arena.f32[address / 4]! : tensor.arena.f64[address / 8]!
}

/**
 * x·weightᵀ + bias, as torch has it.
 *
 * @param x [rows, in]
 * @param weight [out, in]
 * @param bias [out], or null
 * @returns [rows, out]
 * @throws `shape-mismatch`
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const { arena, kernels } = prepare('linear', bias ? [x, weight, bias] : [x, weight])
  const [rows, inputs] = x.shape as [number, number]
  const [outputs] = weight.shape as [number]
  if (x.shape.length !== 2 || weight.shape.length !== 2 || inputs !== weight.shape[1]) {
    throw mismatch('linear', x, weight, 'x is [rows, in] and weight [out, in]')
  }
  if (bias && !sameShape(bias.shape, [outputs])) throw mismatch('linear', weight, bias, 'bias is [out]')
  const y = arena.temporary([rows, outputs], x.dtype, 'linear')
  const { scratch } = arena
  kernels.gemm(0, 1, rows, outputs, inputs, x.address, inputs, weight.address, inputs, y.address, outputs, bias?.address ?? 0, 0, scratch)
  return arena.tape.record(y, bias ? [x, weight, bias] : [x, weight], (dy) => {
    x.accumulate((dx, more) => kernels.gemm(0, 0, rows, inputs, outputs, dy, outputs, weight.address, inputs, dx, inputs, 0, more, scratch))
    weight.accumulate((dw, more) => kernels.gemm(1, 0, outputs, inputs, rows, dy, outputs, x.address, inputs, dw, inputs, 0, more, scratch))
    bias?.contribute((db) => kernels.sumRows(rows, outputs, db, dy))
  })
}

/**
 * The product of two matrices.
 *
 * @param a [m, k]
 * @param b [k, n]
 * @returns [m, n]
 * @throws `shape-mismatch`
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const { arena, kernels } = prepare('matmul', [a, b])
  const [m, k] = a.shape as [number, number]
  const n = b.shape[1] as number
  if (a.shape.length !== 2 || b.shape.length !== 2 || k !== b.shape[0]) throw mismatch('matmul', a, b, 'they are [m, k] and [k, n]')
  const c = arena.temporary([m, n], a.dtype, 'matmul')
  const { scratch } = arena
  kernels.gemm(0, 0, m, n, k, a.address, k, b.address, n, c.address, n, 0, 0, scratch)
  return arena.tape.record(c, [a, b], (dc) => {
    a.accumulate((da, more) => kernels.gemm(0, 1, m, k, n, dc, n, b.address, n, da, k, 0, more, scratch))
    b.accumulate((db, more) => kernels.gemm(1, 0, k, n, m, a.address, k, dc, n, db, n, 0, more, scratch))
  })
}

/** max(x, 0), elementwise; its gradient at 0 is 0. */
export function relu(x: Tensor): Tensor {
  const { arena, kernels } = prepare('relu', [x])
  const y = arena.temporary(x.shape, x.dtype, 'relu')
  kernels.relu(x.bytes, y.address, x.address)
  return arena.tape.record(y, [x], (dy) => x.contribute((dx) => kernels.reluBackward(x.bytes, dx, y.address, dy)))
}

/** The hyperbolic tangent, elementwise. */
export function tanh(x: Tensor): Tensor {
  const { arena, kernels } = prepare('tanh', [x])
  const y = arena.temporary(x.shape, x.dtype, 'tanh')
  kernels.tanh(x.bytes, y.address, x.address)
  return arena.tape.record(y, [x], (dy) => x.contribute((dx) => kernels.tanhBackward(x.bytes, dx, y.address, dy)))
}

/**
 * The mean over the rows of −ln softmax(logits)[target].
 *
 * @param logits [rows, classes]
 * @param target [rows] class indices
 * @returns a scalar
 * @throws `label-range` with the position of a label outside 0 … classes − 1, `shape-mismatch`
 */
export function crossEntropy(logits: Tensor, target: Tensor | Numbers): Tensor {
  const { arena, kernels } = prepare('crossEntropy', [logits])
  const [rows, classes] = logits.shape as [number, number]
  check(logits.shape.length === 2, 'shape-mismatch', () => `crossEntropy takes logits [rows, classes], not ${showShape(logits.shape)}`)
  const isList = target instanceof Tensor || Array.isArray(target) || ArrayBuffer.isView(target)
  check(isList, 'dtype-mismatch', () => `crossEntropy: targets are an array of class indices, not ${shown(target)}`)
  const labels = target instanceof Tensor ? target : arena.tensor(target, [target.length], { dtype: 'int32' })
  if (!sameShape(labels.shape, [rows])) throw mismatch('crossEntropy', logits, labels, 'there is one target a row')
  check(labels.dtype === 'int32', 'dtype-mismatch', () => `crossEntropy: targets are int32, not ${labels.dtype}`)
  const { data } = target instanceof Tensor ? target : { data: target }
  for (let i = 0; i < rows; i++) {
    const label = data[i]!
    const fits = Number.isInteger(label) && label >= 0 && label < classes
    if (!fits) throw new DownhillError('label-range', `crossEntropy: target ${i} is ${label}, and the classes are 0 to ${classes - 1}`)
  }
  const loss = arena.temporary([], logits.dtype, 'crossEntropy')
  const logSums = arena.temporary([rows], logits.dtype, 'crossEntropy')
  kernels.crossEntropy(rows, classes, loss.address, logits.address, labels.address, logSums.address)
  return arena.tape.record(loss, [logits], (dLoss) => {
    const scale = scalarAt(loss, dLoss) / rows
    logits.contribute((dx) => kernels.crossEntropyBackward(rows, classes, dx, logits.address, labels.address, logSums.address, scale))
  })
}

/**
 * The mean of (x − target)² over all elements.
 *
 * @param target a tensor of x's shape
 * @returns a scalar
 * @throws `shape-mismatch`
 */
export function mseLoss(x: Tensor, target: Tensor): Tensor {
  const { arena, kernels } = prepare('mseLoss', [x, target])
  if (!sameShape(x.shape, target.shape)) throw mismatch('mseLoss', x, target, 'they are of one shape')
  const loss = arena.temporary([], x.dtype, 'mseLoss')
  kernels.mse(x.size, loss.address, x.address, target.address)
  return arena.tape.record(loss, [x, target], (dLoss) => {
    const scale = (2 * scalarAt(loss, dLoss)) / x.size
    x.contribute((dx) => kernels.scaledDifference(x.bytes, dx, x.address, target.address, scale))
    target.contribute((dt) => kernels.scaledDifference(x.bytes, dt, x.address, target.address, -scale))
  })
}

/** Runs `body` without remembering how its results came about: nothing in it can be passed back through. */
export function noGrad<T>(arena: Arena, body: () => T): T {
  const { enabled } = arena.tape
  arena.tape.enabled = false
  try {
    return body()
  } finally {
    arena.tape.enabled = enabled
  }
}
