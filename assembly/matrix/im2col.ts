/**
 * Convolution as gemm: every window of an image [channels, height, width] is a column of [channels·kernelHeight·kernelWidth,
 * outHeight·outWidth], with zeros where the window is outside of the image. Row (c, ky, kx), column (oy, ox) is
 * image[c][oy·strideY − padY + ky·dilationY][ox·strideX − padX + kx·dilationX].
 *
 * With strideX = 1 the inside of a row of windows is a part of a row of the image. Reads overrun an array by less than 16 bytes.
 */
import { addRow, clearRow, copyRow } from '../rows'

/** What becomes of `count` elements of a row of columns, and of those `stride` elements apart in the image that they stand for. */
abstract class Move {
  inside<E>(columns: usize, image: usize, count: i32, stride: i32): void {
    unreachable()
  }
  outside<E>(columns: usize, count: i32): void {
    unreachable()
  }
}

class Gather extends Move {
  // @ts-ignore: decorator
  @inline inside<E>(columns: usize, image: usize, count: i32, stride: i32): void {
    if (stride == 1) copyRow(columns, image, count * sizeof<E>())
    else for (let i = 0; i < count; i++) store<E>(columns + i * sizeof<E>(), load<E>(image + i * stride * sizeof<E>()))
  }
  // @ts-ignore: decorator
  @inline outside<E>(columns: usize, count: i32): void {
    clearRow(columns, count * sizeof<E>())
  }
}

class Scatter extends Move {
  // @ts-ignore: decorator
  @inline inside<E>(columns: usize, image: usize, count: i32, stride: i32): void {
    if (stride == 1) {
      addRow<E>(image, columns, count * sizeof<E>())
    } else {
      for (let i = 0; i < count; i++) {
        const at = image + i * stride * sizeof<E>()
        store<E>(at, <E>(load<E>(at) + load<E>(columns + i * sizeof<E>())))
      }
    }
  }
  // @ts-ignore: decorator
  @inline outside<E>(_columns: usize, _count: i32): void {}
}

/** How many of 0 ≤ o < count have offset + o·stride < limit. */
// @ts-ignore: decorator
@inline function countBelow(limit: i32, offset: i32, stride: i32, count: i32): i32 {
  return limit <= offset ? 0 : min((limit - offset - 1) / stride + 1, count)
}

// @ts-ignore: decorator
@inline function windows<M extends Move, E>(
  channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  dilationY: i32, dilationX: i32, outHeight: i32, outWidth: i32, image: usize, columns: usize,
): void {
  const move = changetype<M>(0)
  for (let c = 0; c < channels; c++, image += height * width * sizeof<E>()) {
    for (let ky = 0; ky < kernelHeight; ky++) {
      for (let kx = 0; kx < kernelWidth; kx++) {
        // Windows first … last − 1 of a row have this element inside.
        const x = kx * dilationX - padX
        const first = countBelow(0, x, strideX, outWidth), last = countBelow(width, x, strideX, outWidth)
        for (let oy = 0; oy < outHeight; oy++, columns += outWidth * sizeof<E>()) {
          const y = oy * strideY - padY + ky * dilationY
          if (y < 0 || y >= height || first == last) {
            move.outside<E>(columns, outWidth)
          } else {
            move.outside<E>(columns, first)
            move.inside<E>(columns + first * sizeof<E>(), image + (y * width + x + first * strideX) * sizeof<E>(), last - first, strideX)
            move.outside<E>(columns + last * sizeof<E>(), outWidth - last)
          }
        }
      }
    }
  }
}

/** out = the columns of x. */
export function im2col<E>(
  channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  dilationY: i32, dilationX: i32, outHeight: i32, outWidth: i32, out: usize, x: usize,
): void {
  windows<Gather, E>(
    channels, height, width, kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilationY, dilationX, outHeight, outWidth, x, out,
  )
}

/** out += the columns, each element where `im2col` takes it from; an element of out takes them in the order of (ky, kx). */
export function col2im<E>(
  channels: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  dilationY: i32, dilationX: i32, outHeight: i32, outWidth: i32, out: usize, columns: usize,
): void {
  windows<Scatter, E>(
    channels, height, width, kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilationY, dilationX, outHeight, outWidth, out, columns,
  )
}
