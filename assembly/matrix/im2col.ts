/**
 * Convolution as gemm: every window of an image [channels, height, width] is a column of [channels·kernelHeight·kernelWidth,
 * outHeight·outWidth], with zeros where the window is outside the image. Row (c, ky, kx), column (oy, ox) is
 * image[c][oy·strideY − padY + ky·dilationY][ox·strideX − padX + kx·dilationX].
 *
 * These functions create only the columns of the window rows oy = from … to − 1. With strideX = 1 the inside of a row of windows is a part of
 * an image row. Reads overrun an array by less than 64 bytes on either side, writes to columns by less than 16.
 */
import { addRow, clearRow, copyRow } from '../rows'

/** Parameters of a convolution, as a table of i32. */
@unmanaged
export class Window {
  channels: i32
  height: i32
  width: i32
  kernelHeight: i32
  kernelWidth: i32
  strideY: i32
  strideX: i32
  padY: i32
  padX: i32
  dilationY: i32
  dilationX: i32
  outHeight: i32
  outWidth: i32
}

/** Elements that may be read beyond either end of an image row, because their memory exists. The columns are corrected afterwards. */
const BESIDE: i32 = 4

/** A row of windows in the columns, and its image row. */
abstract class Move {
  /** Windows first … last − 1 of `count` are inside the image, at `image` and every `stride` elements. */
  inside<E>(columns: usize, image: usize, first: i32, last: i32, count: i32, stride: i32): void {
    unreachable()
  }
  outside<E>(columns: usize, count: i32): void {
    unreachable()
  }
}

class Gather extends Move {
  @inline inside<E>(columns: usize, image: usize, first: i32, last: i32, count: i32, stride: i32): void {
    const size = <i32>sizeof<E>()
    if (stride == 1 && first <= BESIDE && count - last <= BESIDE) {
      const shift = image - first * size - columns, end = columns + count * size
      for (let at = columns; at < end; at += 16) v128.store(at, v128.load(at + shift))
      for (let i = 0; i < first; i++) store<E>(columns + i * size, 0)
      for (let i = last; i < count; i++) store<E>(columns + i * size, 0)
      return
    }
    clearRow(columns, first * size)
    if (stride == 1) copyRow(columns + first * size, image, (last - first) * size)
    else for (let i = first; i < last; i++) store<E>(columns + i * size, load<E>(image + (i - first) * stride * size))
    clearRow(columns + last * size, (count - last) * size)
  }
  @inline outside<E>(columns: usize, count: i32): void {
    clearRow(columns, count * sizeof<E>())
  }
}

class Scatter extends Move {
  @inline inside<E>(columns: usize, image: usize, first: i32, last: i32, _count: i32, stride: i32): void {
    const size = <i32>sizeof<E>()
    if (stride == 1) return addRow<E>(image, columns + first * size, (last - first) * size)
    for (let i = first; i < last; i++, image += stride * size) store<E>(image, <E>(load<E>(image) + load<E>(columns + i * size)))
  }
  @inline outside<E>(_columns: usize, _count: i32): void {}
}

/** Number of 0 ≤ o < count with offset + o·stride < limit. */
@inline function countBelow(limit: i32, offset: i32, stride: i32, count: i32): i32 {
  return limit <= offset ? 0 : min((limit - offset - 1) / stride + 1, count)
}

@inline function windows<M extends Move, E>(w: Window, channels: i32, from: i32, to: i32, image: usize, columns: usize): void {
  const move = changetype<M>(0), size = <i32>sizeof<E>()
  const width = w.width, height = w.height, count = w.outWidth, stride = w.strideX, strideY = w.strideY, padY = w.padY
  for (let c = 0; c < channels; c++, image += height * width * size) {
    for (let ky = 0; ky < w.kernelHeight; ky++) {
      for (let kx = 0; kx < w.kernelWidth; kx++) {
        const x = kx * w.dilationX - w.padX
        const first = countBelow(0, x, stride, count), last = countBelow(width, x, stride, count)
        for (let oy = from; oy < to; oy++, columns += count * size) {
          const y = oy * strideY - padY + ky * w.dilationY
          if (y < 0 || y >= height || first == last) move.outside<E>(columns, count)
          else move.inside<E>(columns, image + (y * width + x + first * stride) * size, first, last, count, stride)
        }
      }
    }
  }
}

/** Writes the columns of the first channels of x to out. */
export function im2col<E>(window: Window, channels: i32, from: i32, to: i32, out: usize, x: usize): void {
  windows<Gather, E>(window, channels, from, to, x, out)
}

/** Adds the columns to out, each element where `im2col` reads it; an element of out adds them in the order of (ky, kx). */
export function col2im<E>(window: Window, from: i32, to: i32, out: usize, columns: usize): void {
  windows<Scatter, E>(window, window.channels, from, to, out, columns)
}
