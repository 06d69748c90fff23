import { col2im, im2col, Window } from '../../assembly/matrix/im2col'
import { clean, get, guarded, make, poisoned, set } from './arrays'

const SIZES: i32[] = [1, 3, 5, 7, 17]

/** kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilationY, dilationX; some windows of the last forms lie entirely in the padding. */
const FORMS: i32[][] = [
  [1, 1, 1, 1, 0, 0, 1, 1], [3, 3, 1, 1, 1, 1, 1, 1], [2, 5, 1, 1, 0, 2, 1, 1], [5, 2, 3, 1, 2, 1, 1, 1], [3, 3, 2, 2, 1, 1, 1, 1],
  [1, 3, 1, 3, 0, 1, 1, 1], [3, 2, 1, 1, 2, 2, 2, 3], [2, 3, 2, 2, 3, 2, 3, 2], [1, 17, 1, 1, 0, 8, 1, 1], [2, 2, 1, 1, 5, 7, 1, 1],
  [3, 3, 1, 2, 6, 6, 4, 5], [2, 3, 4, 5, 4, 9, 2, 4],
]

function outSize(size: i32, kernel: i32, stride: i32, pad: i32, dilation: i32): i32 {
  const room = size + 2 * pad - dilation * (kernel - 1) - 1
  return room < 0 ? 0 : room / stride + 1
}

/** Checks all windows at once, or the first row of windows and then the other rows. */
function check<E>(channels: i32, height: i32, width: i32, form: i32[], isSplit: bool): bool {
  const kh = form[0], kw = form[1], sy = form[2], sx = form[3], py = form[4], px = form[5], dy = form[6], dx = form[7]
  const oh = outSize(height, kh, sy, py, dy), ow = outSize(width, kw, sx, px, dx)
  if (oh == 0 || ow == 0) return true
  const window: Window = {
    channels, height, width, kernelHeight: kh, kernelWidth: kw, strideY: sy, strideX: sx, padY: py, padX: px, dilationY: dy, dilationX: dx,
    outHeight: oh, outWidth: ow,
  }
  return isSplit ? compare<E>(window, 0, 1) && compare<E>(window, 1, oh) : compare<E>(window, 0, oh)
}

function compare<E>(w: Window, from: i32, to: i32): bool {
  const kh = w.kernelHeight, kw = w.kernelWidth, height = w.height, width = w.width, ow = w.outWidth, oh = to - from
  const inputs = w.channels * height * width, outputs = w.channels * kh * kw * oh * ow
  const x = poisoned<E>(inputs), out = make<E>(outputs + 4), columns = poisoned<E>(outputs), back = make<E>(inputs), want = make<E>(inputs)
  for (let i = 0; i < outputs; i++) set<E>(out, i, NaN)
  for (let i = 0; i < inputs; i++) set<E>(back, i, <f64>i), set<E>(want, i, <f64>i)
  im2col<E>(w, w.channels, from, to, out, x)
  col2im<E>(w, from, to, back, columns)
  for (let i = 0; i < outputs; i++) {
    const ox = i % ow, oy = (i / ow) % oh, kx = (i / (ow * oh)) % kw, ky = (i / (ow * oh * kw)) % kh, c = i / (ow * oh * kw * kh)
    const iy = (from + oy) * w.strideY - w.padY + ky * w.dilationY, ix = ox * w.strideX - w.padX + kx * w.dilationX, at = (c * height + iy) * width + ix
    const inside = iy >= 0 && iy < height && ix >= 0 && ix < width
    if (get<E>(out, i) != (inside ? get<E>(x, at) : 0)) return false
    if (inside) set<E>(want, at, <f64>(<E>(get<E>(want, at) + get<E>(columns, i))))
  }
  for (let i = 0; i < inputs; i++) if (get<E>(back, i) != get<E>(want, i)) return false
  return guarded<E>(out, outputs + 4) && clean<E>(back, inputs)
}

function checkAll<E>(): void {
  for (let f = 0; f < FORMS.length; f++) {
    for (let h = 0; h < SIZES.length; h++) {
      for (let w = 0; w < SIZES.length; w++) expect(check<E>(1 + (h & 1), SIZES[h], SIZES[w], FORMS[f], (h + w) % 3 == 1)).toBe(true)
    }
  }
}

describe('im2col and col2im against their definition', () => {
  it('f32', () => { checkAll<f32>() })
  it('f64', () => { checkAll<f64>() })
})
