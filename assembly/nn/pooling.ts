/**
 * Pooling of planes [height, width] to [outHeight, outWidth]. Window (oy, ox) starts at (oy·strideY − padY, ox·strideX − padX); it may
 * extend past the plane on every side, also past the padding if the host rounded the output size up (torch's ceil_mode).
 */

/** Returns the first of from, from + step, … that is not negative. */
@inline function firstInside(from: i32, step: i32): i32 {
  return from < 0 ? from + ((step - 1 - from) / step) * step : from
}

/**
 * out = maximum of each window, indices = its i32 position in the plane: the first of equal maxima in row-major order, the last NaN if there
 * is one, as in torch. A window without elements gives −∞ and −1.
 */
export function maxPool<E>(
  planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  dilationY: i32, dilationX: i32, outHeight: i32, outWidth: i32, out: usize, indices: usize, x: usize,
): void {
  for (let plane = 0; plane < planes; plane++, x += height * width * sizeof<E>()) {
    for (let oy = 0; oy < outHeight; oy++) {
      const startY = oy * strideY - padY
      const top = firstInside(startY, dilationY), bottom = min(startY + kernelHeight * dilationY, height)
      let ox = 0
      while (ox < outWidth) {
        const startX = ox * strideX - padX, lastX = startX + 3 * strideX + (kernelWidth - 1) * dilationX
        if (sizeof<E>() == 4 && ox + 4 <= outWidth && startX >= 0 && lastX < width) {
          fourMaxima(out, indices, x, width, top, bottom, dilationY, startX, startX + (kernelWidth - 1) * dilationX, dilationX, strideX)
          ox += 4
          out += 16
          indices += 16
          continue
        }
        const left = firstInside(startX, dilationX), right = min(startX + kernelWidth * dilationX, width)
        let most = <E>-Infinity, winner = top < bottom && left < right ? top * width + left : -1
        for (let row = top; row < bottom; row += dilationY) {
          for (let column = left; column < right; column += dilationX) {
            // Without a branch, because the larger element is unpredictable.
            const value = load<E>(x + (row * width + column) * sizeof<E>()), wins = i32(value > most) | i32(value != value)
            most = select(value, most, wins)
            winner = select(row * width + column, winner, wins)
          }
        }
        store<E>(out, most)
        store<i32>(indices, winner)
        ox++
        out += sizeof<E>()
        indices += 4
      }
    }
  }
}

/** Four f32 with a stride of `stride`. */
@inline function loadFour(address: usize, stride: i32): v128 {
  if (stride == 1) return v128.load(address)
  if (stride == 2) return v128.shuffle<f32>(v128.load(address), v128.load(address, 16), 0, 2, 4, 6)
  return f32x4(load<f32>(address), load<f32>(address + 4 * stride), load<f32>(address + 8 * stride), load<f32>(address + 12 * stride))
}

/** Four windows whose columns are inside the plane, in f32; the first has columns left … right. Overruns x by less than 8 bytes. */
function fourMaxima(
  out: usize, indices: usize, x: usize, width: i32, top: i32, bottom: i32, dilationY: i32, left: i32, right: i32, dilationX: i32, stride: i32,
): void {
  const offsets = i32x4.mul(i32x4.splat(stride), i32x4(0, 1, 2, 3))
  let most = f32x4.splat(-Infinity)
  let winners = top < bottom ? i32x4.add(offsets, i32x4.splat(top * width + left)) : i32x4.splat(-1)
  for (let row = top; row < bottom; row += dilationY) {
    for (let column = left; column <= right; column += dilationX) {
      const index = row * width + column, values = loadFour(x + 4 * index, stride)
      const wins = v128.or(f32x4.gt(values, most), f32x4.ne(values, values))
      most = v128.bitselect(values, most, wins)
      winners = v128.bitselect(i32x4.add(offsets, i32x4.splat(index)), winners, wins)
    }
  }
  v128.store(out, most)
  v128.store(indices, winners)
}

/** out[planes][size] += dy[planes][outSize] at the maxima of `maxPool`, in the order of dy. */
export function maxPoolBackward<E>(planes: i32, size: i32, outSize: i32, out: usize, indices: usize, dy: usize): void {
  for (let plane = 0; plane < planes; plane++, out += size * sizeof<E>()) {
    for (const end = indices + 4 * outSize; indices < end; indices += 4, dy += sizeof<E>()) {
      const winner = load<i32>(indices), at = out + winner * sizeof<E>()
      if (winner >= 0) store<E>(at, <E>(load<E>(at) + load<E>(dy)))
    }
  }
}

/** Handles a window: rows top … bottom − 1 and columns left … right − 1 of a plane, and the element it is pooled to. */
abstract class Average {
  take<E>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, divisor: i32, pooled: usize): void {
    unreachable()
  }
}

class Mean extends Average {
  @inline take<E>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, divisor: i32, pooled: usize): void {
    let sum = <E>0
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) sum += load<E>(plane + (y * width + x) * sizeof<E>())
    }
    store<E>(pooled, top < bottom && left < right ? <E>(sum / <E>divisor) : <E>0)
  }
}

class Share extends Average {
  @inline take<E>(plane: usize, width: i32, top: i32, bottom: i32, left: i32, right: i32, divisor: i32, pooled: usize): void {
    const share = <E>(load<E>(pooled) / <E>divisor)
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const at = plane + (y * width + x) * sizeof<E>()
        store<E>(at, <E>(load<E>(at) + share))
      }
    }
  }
}

@inline function averages<A extends Average, E>(
  planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  outHeight: i32, outWidth: i32, countIncludePad: u32, plane: usize, pooled: usize,
): void {
  const average = changetype<A>(0)
  for (let p = 0; p < planes; p++, plane += height * width * sizeof<E>()) {
    for (let oy = 0; oy < outHeight; oy++) {
      const y = oy * strideY - padY, yEnd = min(y + kernelHeight, height + padY), top = max(y, 0), bottom = min(yEnd, height)
      for (let ox = 0; ox < outWidth; ox++, pooled += sizeof<E>()) {
        const x = ox * strideX - padX, xEnd = min(x + kernelWidth, width + padX), left = max(x, 0), right = min(xEnd, width)
        const divisor = countIncludePad ? (yEnd - y) * (xEnd - x) : (bottom - top) * (right - left)
        average.take<E>(plane, width, top, bottom, left, right, divisor, pooled)
      }
    }
  }
}

/**
 * out = the sum of each window, in row-major order, divided by the count of its elements. countIncludePad: nonzero to count the padding too,
 * but nothing past it. A window without elements gives 0.
 */
export function avgPool<E>(
  planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  outHeight: i32, outWidth: i32, countIncludePad: u32, out: usize, x: usize,
): void {
  averages<Mean, E>(
    planes, height, width, kernelHeight, kernelWidth, strideY, strideX, padY, padX, outHeight, outWidth, countIncludePad, x, out,
  )
}

/** out += dy divided by the count of its window, for each element of the window; an element of out adds them in the order of dy. */
export function avgPoolBackward<E>(
  planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32, strideY: i32, strideX: i32, padY: i32, padX: i32,
  outHeight: i32, outWidth: i32, countIncludePad: u32, out: usize, dy: usize,
): void {
  averages<Share, E>(
    planes, height, width, kernelHeight, kernelWidth, strideY, strideX, padY, padX, outHeight, outWidth, countIncludePad, out, dy,
  )
}
