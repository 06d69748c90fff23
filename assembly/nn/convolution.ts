/**
 * Convolution of rows of images, group by group, as gemm over their columns. Columns are created for as many window rows at a time as fit in the
 * second-level cache, and not at all if each window is one element.
 */
import { gemm } from '../matrix/gemm'
import { col2im, im2col, Window } from '../matrix/im2col'
import { storeFirst } from '../lanes'

/** The table, in i32: the convolution, the number of groups, and the output channels of a group; channels are those of a group. */
@unmanaged
export class Convolution extends Window {
  groups: i32
  outputs: i32
}

/** Bytes of columns at a time. */
const BLOCK: i32 = 256 * 1024

@inline function tapsOf(c: Convolution, channels: i32): i32 {
  return channels * c.kernelHeight * c.kernelWidth
}

@inline function taps(c: Convolution): i32 {
  return tapsOf(c, c.channels)
}

/** Window rows whose columns are created together. */
function rowsOfBlock<E>(c: Convolution): i32 {
  return min(c.outHeight, max(1, BLOCK / (taps(c) * c.outWidth * <i32>sizeof<E>())))
}

/** Whether the columns of an image are the image. */
@inline function isPointwise(c: Convolution): bool {
  return c.kernelHeight * c.kernelWidth == 1 && c.strideY * c.strideX == 1 && (c.padY | c.padX) == 0
}

/** Bytes of working memory that a convolution needs. */
export function convolutionWork<E>(table: usize): usize {
  const c = changetype<Convolution>(table)
  return isPointwise(c) ? 0 : <usize>(rowsOfBlock<E>(c) * taps(c) * c.outWidth) * sizeof<E>() + 64
}

/**
 * Handles the window rows from … to − 1 of a group, n points. Columns are `stride` elements from tap to tap, the rows of y `points` apart. y is the
 * result or its gradient, and starts from its contents if there is a bias. Like a rule (sweep.ts), never subclassed.
 */
abstract class Pass {
  take<E>(
    c: Convolution, outputs: i32, channels: i32, from: i32, to: i32, n: i32, x: usize, columns: usize, stride: i32, weight: usize, y: usize,
    points: i32, bias: usize, scratch: usize,
  ): void {
    unreachable()
  }
}

class Forward extends Pass {
  @inline take<E>(
    c: Convolution, outputs: i32, channels: i32, from: i32, to: i32, n: i32, x: usize, columns: usize, stride: i32, weight: usize, y: usize,
    points: i32, bias: usize, scratch: usize,
  ): void {
    if (!isPointwise(c)) im2col<E>(c, channels, from, to, columns, x)
    gemm<E>(0, 0, outputs, n, taps(c), 1, weight, taps(c), columns, stride, 1, bias ? y : 0, points, y, points, scratch)
  }
}

class ToWeight extends Pass {
  @inline take<E>(
    c: Convolution, outputs: i32, channels: i32, from: i32, to: i32, n: i32, x: usize, columns: usize, stride: i32, weight: usize, y: usize,
    points: i32, _bias: usize, scratch: usize,
  ): void {
    if (!isPointwise(c)) im2col<E>(c, channels, from, to, columns, x)
    gemm<E>(0, 1, outputs, tapsOf(c, channels), n, 1, y, points, columns, stride, 1, weight, taps(c), weight, taps(c), scratch)
  }
}

class ToInput extends Pass {
  @inline take<E>(
    c: Convolution, outputs: i32, channels: i32, from: i32, to: i32, n: i32, x: usize, columns: usize, stride: i32, weight: usize, y: usize,
    points: i32, _bias: usize, scratch: usize,
  ): void {
    const start = isPointwise(c) ? columns : 0
    gemm<E>(1, 0, taps(c), n, outputs, 1, weight, taps(c), y, points, 1, start, stride, columns, stride, scratch)
    if (!isPointwise(c)) col2im<E>(c, from, to, x, columns)
  }
}

/** Sets every point of a channel of y to its bias. */
function fillRows<E>(c: Convolution, y: usize, bias: usize): void {
  const bytes = <usize>(c.outHeight * c.outWidth) * sizeof<E>()
  for (let o = 0; o < c.outputs; o++, bias += sizeof<E>()) {
    const value = v128.load_splat<E>(bias)
    let left = bytes
    for (; left >= 16; left -= 16, y += 16) v128.store(y, value)
    storeFirst(y, value, left)
    y += left
  }
}

/** Some of the output channels of each group, from those at weight and y on, and some of its channels, from those at x and weight on. */
function eachBlock<P extends Pass, E>(
  table: usize, rows: i32, outputs: i32, channels: i32, x: usize, weight: usize, bias: usize, y: usize, work: usize,
  scratch: usize,
): void {
  const pass = changetype<P>(0), c = changetype<Convolution>(table), block = rowsOfBlock<E>(c)
  const points = c.outHeight * c.outWidth, image = <usize>(c.channels * c.height * c.width) * sizeof<E>()
  for (let row = 0; row < rows; row++) {
    for (let g = 0; g < c.groups; g++, x += image, y += <usize>(c.outputs * points) * sizeof<E>()) {
      const own = weight + <usize>(g * c.outputs * taps(c)) * sizeof<E>()
      if (bias) fillRows<E>(c, y, bias + <usize>(g * c.outputs) * sizeof<E>())
      for (let from = 0; from < c.outHeight; from += block) {
        const to = min(from + block, c.outHeight), n = (to - from) * c.outWidth, at = <usize>(from * c.outWidth) * sizeof<E>()
        const columns = isPointwise(c) ? x + at : work, stride = isPointwise(c) ? points : n
        pass.take<E>(c, outputs, channels, from, to, n, x, columns, stride, own, y + at, points, bias, scratch)
      }
    }
  }
}

/** y = x ∗ weight + bias (address 0: none). */
export function convolution<E>(
  table: usize, rows: i32, y: usize, x: usize, weight: usize, bias: usize, work: usize, scratch: usize,
): void {
  const c = changetype<Convolution>(table)
  eachBlock<Forward, E>(table, rows, c.outputs, c.channels, x, weight, bias, y, work, scratch)
}

/** Adds to the gradient of the weights of some output channels and channels of each group, in the order of rows and points. */
export function convolutionWeight<E>(
  table: usize, rows: i32, outputs: i32, channels: i32, dw: usize, x: usize, dy: usize, work: usize, scratch: usize,
): void {
  eachBlock<ToWeight, E>(table, rows, outputs, channels, x, dw, 0, dy, work, scratch)
}

/** Adds to the gradient of x. */
export function convolutionInput<E>(table: usize, rows: i32, dx: usize, weight: usize, dy: usize, work: usize, scratch: usize): void {
  const c = changetype<Convolution>(table)
  eachBlock<ToInput, E>(table, rows, c.outputs, c.channels, dx, weight, 0, dy, work, scratch)
}
