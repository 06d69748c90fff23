/** Elementwise arithmetic. Operands broadcast as in NumPy and torch, and may be numbers. */

import { Tensor } from '../memory/tensor.ts'
import { checkRange } from '../validation/errors.ts'
import type { ElementKernels } from '../wasm/generated/kernels.ts'
import { contribute } from './gradients.ts'
import { checkTensor, prepare } from './prepare.ts'
import { broadcastAddress, broadcastShape, contributeAt, contributeBroadcast } from './strides.ts'
import { record } from './tape.ts'

/** An elementwise function. `forward` writes y from x, `backward` writes dx from x, y and dy. */
export function elementwise(
  by: string,
  x: Tensor,
  forward: (kernels: ElementKernels, bytes: number, y: number, x: number) => void,
  backward: (kernels: ElementKernels, bytes: number, dx: number, x: number, y: number, dy: number) => void,
): Tensor {
  const { arena, kernels } = prepare(by, x)
  const y = arena.temporary(x.shape, x.dtype, by)
  forward(kernels, x.bytes, y.address, x.address)
  return record(y, [x], (dy) => contribute(x, (dx) => backward(kernels, x.bytes, dx, x.address, y.address, dy)))
}

type Binary = (kernels: ElementKernels, bytes: number, out: number, a: number, b: number) => void
type BinaryBackward = (kernels: ElementKernels, bytes: number, out: number, dy: number, a: number, b: number, y: number) => void

function binary(
  by: string,
  first: Tensor | number,
  second: Tensor | number,
  forward: Binary,
  da: BinaryBackward,
  db: BinaryBackward,
): Tensor {
  const like = first instanceof Tensor ? first : second
  checkTensor(by, like)
  const [a, b] = [tensorOf(by, first, like), tensorOf(by, second, like)]
  const { arena, kernels, dtype } = prepare(by, a, b)
  const shape = broadcastShape(by, a.shape, b.shape)
  const y = arena.temporary(shape, dtype, by)
  const [x1, x2] = [broadcastAddress(a, shape, by), broadcastAddress(b, shape, by)]
  forward(kernels, y.bytes, y.address, x1, x2)
  return record(y, [a, b], (dy) => {
    contributeBroadcast(a, shape, by, (out) => da(kernels, y.bytes, out, dy, x1, x2, y.address))
    contributeBroadcast(b, shape, by, (out) => db(kernels, y.bytes, out, dy, x1, x2, y.address))
  })
}

/** Returns a number as a tensor with the dtype of another. */
function tensorOf(by: string, value: Tensor | number, like: Tensor): Tensor {
  if (typeof value !== 'number') {
    checkTensor(by, value)
    return value
  }
  const scalar = like.arena.temporary([], like.dtype, by)
  scalar.data[0] = value
  return scalar
}

/**
 * a + alpha·b.
 *
 * @throws `shape-mismatch` if the shapes do not broadcast
 * @example
 * const [a, b] = [arena.parameter([2, 1], { data: [1, 2] }), arena.parameter([3], { data: [10, 20, 30] })]
 * arena.frame(() => Array.from(nn.functional.add(a, b).data)) // [11,21,31,12,22,32]
 */
export function add(a: Tensor | number, b: Tensor | number, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  const copy: BinaryBackward = (k, bytes, out, dy) => k.scale(bytes, out, dy, 1)
  return binary(
    'add',
    a,
    b,
    (k, bytes, out, x, y) => k.combine(bytes, out, x, y, 1, alpha),
    copy,
    (k, bytes, out, dy) => k.scale(bytes, out, dy, alpha),
  )
}

/** a − alpha·b. Throws like {@link add}. */
export function sub(a: Tensor | number, b: Tensor | number, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return add(a, b, { alpha: -alpha })
}

/** a·b, elementwise. Throws like {@link add}. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  return binary(
    'mul',
    a,
    b,
    (k, bytes, out, x, y) => k.mul(bytes, out, x, y),
    (k, bytes, out, dy, _, y) => k.mul(bytes, out, dy, y),
    (k, bytes, out, dy, x) => k.mul(bytes, out, dy, x),
  )
}

/** a/b, elementwise. Throws like {@link add}. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return binary(
    'div',
    a,
    b,
    (k, bytes, out, x, y) => k.div(bytes, out, x, y),
    (k, bytes, out, dy, _, y) => k.div(bytes, out, dy, y),
    (k, bytes, out, dy, _, y, q) => k.divisorBackward(bytes, out, dy, q, y),
  )
}

/** scale·x + shift, where scale and shift are numbers. */
export function affine(x: Tensor, scale: number, shift: number): Tensor {
  return elementwise(
    'affine',
    x,
    (k, bytes, y, from) => k.affine(bytes, y, from, scale, shift),
    (k, bytes, dx, _x, _y, dy) => k.scale(bytes, dx, dy, scale),
  )
}

/** −x */
export function neg(x: Tensor): Tensor {
  return elementwise(
    'neg',
    x,
    (k, bytes, y, from) => k.scale(bytes, y, from, -1),
    (k, bytes, dx, _x, _y, dy) => k.scale(bytes, dx, dy, -1),
  )
}

/** e^x */
export function exp(x: Tensor): Tensor {
  return elementwise(
    'exp',
    x,
    (k, bytes, y, from) => k.exp(bytes, y, from),
    (k, bytes, dx, _x, y, dy) => k.mul(bytes, dx, dy, y),
  )
}

/** ln x */
export function log(x: Tensor): Tensor {
  return elementwise(
    'log',
    x,
    (k, bytes, y, from) => k.log(bytes, y, from),
    (k, bytes, dx, from, _y, dy) => k.div(bytes, dx, dy, from),
  )
}

/** √x */
export function sqrt(x: Tensor): Tensor {
  return elementwise(
    'sqrt',
    x,
    (k, bytes, y, from) => k.sqrt(bytes, y, from),
    (k, bytes, dx, _x, y, dy) => k.sqrtBackward(bytes, dx, y, dy),
  )
}

/** |x|. Its gradient at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return elementwise(
    'abs',
    x,
    (k, bytes, y, from) => k.abs(bytes, y, from),
    (k, bytes, dx, from, _y, dy) => k.absBackward(bytes, dx, from, dy),
  )
}

/** Writes x^p. The factor for powers of negative numbers depends on p. */
function power(k: ElementKernels, bytes: number, out: number, x: number, p: number): void {
  if (p === 1) k.scale(bytes, out, x, 1)
  else if (p === 2) k.mul(bytes, out, x, x)
  else if (p === 0.5) k.sqrt(bytes, out, x)
  else k.pow(bytes, out, x, p, !Number.isInteger(p) ? Number.NaN : p % 2 === 0 ? 1 : -1)
}

/** x^exponent for a number as exponent; NaN for negative x unless the exponent is an integer. */
export function pow(x: Tensor, exponent: number): Tensor {
  checkRange(typeof exponent === 'number', 'pow', 'exponent', 'a number', exponent)
  const { arena, kernels } = prepare('pow', x)
  const y = arena.temporary(x.shape, x.dtype, 'pow')
  power(kernels, x.bytes, y.address, x.address, exponent)
  return record(y, [x], (dy) => {
    const slope = arena.temporary(x.shape, x.dtype, 'pow').address
    if (exponent === 0) kernels.fill(x.bytes, slope, 0)
    else {
      power(kernels, x.bytes, slope, x.address, exponent - 1)
      kernels.mul(x.bytes, slope, slope, dy)
    }
    contributeAt(x, slope, exponent === 0 ? 1 : exponent)
  })
}
