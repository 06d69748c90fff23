/** Strided access: broadcasting, permutation, slices, and sums over axes. */
import type { Arena } from '../memory/arena.ts'
import { bytesPerElement } from '../memory/dtype.ts'
import { type Shape, sameShape, showShape, sizeOf } from '../memory/shape.ts'
import { kernelsOf, type Tensor } from '../memory/tensor.ts'
import { check } from '../validation/errors.ts'
import type { FloatType } from '../wasm/wasm.ts'
import { accumulate, contribute } from './gradients.ts'

/** Returns the strides, in elements, of a contiguous array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]!
  }
  return strides
}

/** Returns the strides that read an array of `shape` as if it had the shape it broadcasts to. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const own = stridesOf(shape)
  const missing = to.length - shape.length
  return to.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : own[axis - missing]!))
}

/** Returns the shape that two shapes broadcast to. */
export function broadcastShape(by: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1]
    check(m === n || m === 1 || n === 1, 'shape-mismatch', () => `${by}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast`)
    return m === 1 ? n : m
  })
}

/** Copies between strided arrays (strides in elements). With `more`, adds instead of overwriting. */
export function stridedCopy(
  arena: Arena,
  dtype: FloatType,
  shape: Shape,
  out: number,
  outStrides: readonly number[],
  x: number,
  strides: readonly number[],
  more: 0 | 1 = 0,
): void {
  const rank = Math.max(shape.length, 1)
  const table = arena.frames.allocate(16 * rank, 'stridedCopy')
  const bytes = bytesPerElement[dtype]
  for (let axis = 0; axis < rank; axis++) {
    arena.u32[table / 4 + axis] = shape[axis] ?? 1
    arena.u32[table / 4 + rank + axis] = (outStrides[axis] ?? 1) * bytes
    arena.u32[table / 4 + 2 * rank + axis] = (strides[axis] ?? 1) * bytes
  }
  arena.kernels[dtype].stridedCopy(rank, table, out, x, more)
}

/** Returns a tensor broadcast to a shape: itself if the shapes are equal, else a tensor of the current frame. */
export function broadcastAddress({ arena, dtype, shape, address }: Tensor, to: Shape, by: string): number {
  if (sameShape(shape, to)) return address
  const out = arena.temporary(to, dtype, by).address
  stridedCopy(arena, dtype as FloatType, to, out, stridesOf(to), address, broadcastStrides(shape, to))
  return out
}

/** Applies a kernel over some axes of an array, a run of adjacent axes at a time, the last first. Returns the address of the result. */
export function overAxes(
  { arena, dtype }: { readonly arena: Arena; readonly dtype: FloatType },
  shape: Shape,
  isReduced: readonly boolean[],
  x: number,
  by: string,
  kernel: (outer: number, n: number, inner: number, out: number, x: number, isLast: boolean) => void,
): number {
  let at = x
  let present = [...shape]
  const runs: [from: number, to: number][] = []
  for (let axis = shape.length; axis > 0; ) {
    if (!isReduced[--axis]) continue
    const to = axis + 1
    while (axis > 0 && isReduced[axis - 1]) axis--
    runs.push([axis, to])
  }
  for (const [i, [from, to]] of runs.entries()) {
    const [outer, n, inner] = [present.slice(0, from), present.slice(from, to), present.slice(to)].map(sizeOf) as [number, number, number]
    present = [...present.slice(0, from), ...present.slice(to)]
    const out = arena.temporary(present, dtype, by).address
    kernel(outer, n, inner, out, at, i === runs.length - 1)
    at = out
  }
  return at
}

/** Adds the gradient of a broadcast tensor to the tensor's own, summed over the repeated axes. */
export function contributeBroadcast(x: Tensor, shape: Shape, by: string, write: (address: number) => void): void {
  if (!x.requiresGrad) return
  if (sameShape(x.shape, shape)) return contribute(x, write)
  const { arena } = x
  const dtype = x.dtype as FloatType
  const whole = arena.temporary(shape, dtype, by).address
  write(whole)
  const missing = shape.length - x.shape.length
  const isReduced = shape.map((size, axis) => axis < missing || (x.shape[axis - missing] === 1 && size !== 1))
  const sum = overAxes({ arena, dtype }, shape, isReduced, whole, by, (outer, n, inner, out, from) =>
    arena.kernels[dtype].sumAxis(outer, n, inner, inner, out, from, 1),
  )
  contributeAt(x, sum)
}

/** Adds numbers with a tensor's own shape to its gradient. */
export function contributeAt(x: Tensor, from: number, factor = 1): void {
  const kernels = kernelsOf(x)
  accumulate(x, (dx, more) => (more ? kernels.combine(x.bytes, dx, dx, from, 1, factor) : kernels.scale(x.bytes, dx, from, factor)))
}
