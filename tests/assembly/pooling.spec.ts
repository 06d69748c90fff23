import { avgPool, avgPoolBackward, maxPool, maxPoolBackward } from '../../assembly/nn/pooling'
import { clean, get, make, poisoned, set } from './arrays'

const SIZES: i32[] = [1, 3, 5, 7, 17]

/** kernelHeight, kernelWidth, strideY, strideX, padY, padX, dilationY, dilationX */
const FORMS: i32[][] = [
  [1, 1, 1, 1, 0, 0, 1, 1], [2, 2, 2, 2, 0, 0, 1, 1], [3, 3, 2, 2, 1, 1, 1, 1], [3, 2, 1, 1, 1, 1, 1, 1], [2, 3, 3, 4, 1, 0, 1, 1],
  [1, 5, 1, 2, 0, 2, 1, 1], [3, 3, 1, 2, 1, 1, 2, 3], [2, 2, 3, 1, 1, 1, 3, 2],
]

/** torch's output size. ceil_mode rounds up unless the last window would start in the right padding. */
function outSize(size: i32, kernel: i32, stride: i32, pad: i32, dilation: i32, ceil: i32): i32 {
  const room = size + 2 * pad - dilation * (kernel - 1) - 1 + ceil * (stride - 1)
  if (room < 0) return 0
  const count = room / stride + 1
  return ceil && (count - 1) * stride >= size + pad ? count - 1 : count
}

function checkMax<E>(planes: i32, height: i32, width: i32, form: i32[], ceil: i32): bool {
  const kh = form[0], kw = form[1], sy = form[2], sx = form[3], py = form[4], px = form[5], dy = form[6], dx = form[7]
  const oh = outSize(height, kh, sy, py, dy, ceil), ow = outSize(width, kw, sx, px, dx, ceil), size = height * width
  if (oh == 0 || ow == 0) return true
  const outputs = planes * oh * ow
  const x = poisoned<E>(planes * size), out = make<E>(outputs), indices = make<i32>(outputs)
  const grad = poisoned<E>(outputs), back = make<E>(planes * size), want = make<E>(planes * size)
  // Ties, −∞ and NaN.
  for (let i = 0; i < planes * size; i++) {
    set<E>(x, i, i % 7 == 3 ? -Infinity : i % 23 == 11 ? NaN : Math.round(<f64>get<E>(x, i) * 2))
    set<E>(back, i, <f64>i)
    set<E>(want, i, <f64>i)
  }
  maxPool<E>(planes, height, width, kh, kw, sy, sx, py, px, dy, dx, oh, ow, out, indices, x)
  maxPoolBackward<E>(planes, size, oh * ow, back, indices, grad)
  for (let i = 0; i < outputs; i++) {
    const ox = i % ow, oy = (i / ow) % oh, plane = i / (ow * oh)
    let winner = -1
    for (let k = 0; k < kh * kw; k++) {
      const iy = oy * sy - py + (k / kw) * dy, ix = ox * sx - px + (k % kw) * dx
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue
      const value = get<E>(x, plane * size + iy * width + ix)
      if (winner < 0 || isNaN(value) || value > get<E>(x, plane * size + winner)) winner = iy * width + ix
    }
    const most = winner < 0 ? <E>-Infinity : get<E>(x, plane * size + winner), got = get<E>(out, i)
    if (get<i32>(indices, i) != winner || !(got == most || (isNaN(got) && isNaN(most)))) return false
    if (winner >= 0) set<E>(want, plane * size + winner, <f64>(<E>(get<E>(want, plane * size + winner) + get<E>(grad, i))))
  }
  for (let i = 0; i < planes * size; i++) if (get<E>(back, i) != get<E>(want, i)) return false
  return clean<E>(out, outputs) && clean<i32>(indices, outputs) && clean<E>(back, planes * size)
}

function checkAverage<E>(planes: i32, height: i32, width: i32, form: i32[], ceil: i32, countPad: u32): bool {
  const kh = form[0], kw = form[1], sy = form[2], sx = form[3], py = form[4], px = form[5]
  const oh = outSize(height, kh, sy, py, 1, ceil), ow = outSize(width, kw, sx, px, 1, ceil), size = height * width
  if (oh == 0 || ow == 0) return true
  const outputs = planes * oh * ow
  const x = poisoned<E>(planes * size), out = make<E>(outputs), grad = poisoned<E>(outputs), back = make<E>(planes * size), want = make<E>(planes * size)
  for (let i = 0; i < planes * size; i++) set<E>(back, i, <f64>i), set<E>(want, i, <f64>i)
  avgPool<E>(planes, height, width, kh, kw, sy, sx, py, px, oh, ow, countPad, out, x)
  avgPoolBackward<E>(planes, height, width, kh, kw, sy, sx, py, px, oh, ow, countPad, back, grad)
  for (let i = 0; i < outputs; i++) {
    const ox = i % ow, oy = (i / ow) % oh, plane = i / (ow * oh)
    let sum: E = 0, inside = 0, padded = 0
    for (let turn = 0; turn < 2; turn++) {
      for (let k = 0; k < kh * kw; k++) {
        const iy = oy * sy - py + k / kw, ix = ox * sx - px + (k % kw)
        if (turn == 0 && iy < height + py && ix < width + px) padded++
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue
        const at = plane * size + iy * width + ix
        if (turn == 0) {
          inside++
          sum += get<E>(x, at)
        } else {
          set<E>(want, at, <f64>(<E>(get<E>(want, at) + get<E>(grad, i) / <E>(countPad ? padded : inside))))
        }
      }
    }
    if (get<E>(out, i) != (inside ? <E>(sum / <E>(countPad ? padded : inside)) : 0)) return false
  }
  for (let i = 0; i < planes * size; i++) if (get<E>(back, i) != get<E>(want, i)) return false
  return clean<E>(out, outputs) && clean<E>(back, planes * size)
}

function checkAll<E>(): void {
  for (let f = 0; f < FORMS.length; f++) {
    for (let h = 0; h < SIZES.length; h++) {
      for (let w = 0; w < SIZES.length; w++) {
        for (let ceil = 0; ceil < 2; ceil++) {
          expect(checkMax<E>(1 + (w & 1), SIZES[h], SIZES[w], FORMS[f], ceil)).toBe(true)
          expect(checkAverage<E>(1 + (w & 1), SIZES[h], SIZES[w], FORMS[f], ceil, 0)).toBe(true)
          expect(checkAverage<E>(1 + (w & 1), SIZES[h], SIZES[w], FORMS[f], ceil, 1)).toBe(true)
        }
      }
    }
  }
}

/** F.avg_pool2d and F.max_pool2d of torch 2.13 on 1, 2, 4, 8: kernel 3, stride 2, padding 1, ceil_mode. */
function checkTorch<E>(): void {
  const x = make<E>(4), out = make<E>(4), indices = make<i32>(4)
  for (let i = 0; i < 4; i++) set<E>(x, i, <f64>(1 << i))
  avgPool<E>(1, 1, 4, 1, 3, 1, 2, 0, 1, 1, 3, 1, out, x)
  expect(get<E>(out, 0)).toBe(<E>(3.0 / 3.0))
  expect(get<E>(out, 1)).toBe(<E>(14.0 / 3.0))
  expect(get<E>(out, 2)).toBe(<E>(8.0 / 2.0))
  avgPool<E>(1, 1, 4, 1, 3, 1, 2, 0, 1, 1, 3, 0, out, x)
  expect(get<E>(out, 0)).toBe(<E>(3.0 / 2.0))
  expect(get<E>(out, 1)).toBe(<E>(14.0 / 3.0))
  expect(get<E>(out, 2)).toBe(8)
  set<E>(x, 1, NaN)
  set<E>(x, 2, NaN)
  maxPool<E>(1, 1, 4, 1, 3, 1, 2, 0, 1, 1, 1, 1, 3, out, indices, x)
  expect(get<i32>(indices, 0)).toBe(1)
  expect(get<i32>(indices, 1)).toBe(2)
  expect(get<i32>(indices, 2)).toBe(3)
}

describe('pooling against its definition', () => {
  it('f32', () => { checkAll<f32>() })
  it('f64', () => { checkAll<f64>() })
  it("divisors and first maxima as in torch", () => { checkTorch<f32>(); checkTorch<f64>() })
})
