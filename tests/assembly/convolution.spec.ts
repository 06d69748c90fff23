import { Convolution, convolution, convolutionInput, convolutionWeight, convolutionWork } from '../../assembly/nn/convolution'
import { gemmScratch } from '../../assembly/matrix/gemm'
import { fillRandom, get, guarded, make, set } from './arrays'

/** rows, groups, input and output channels per group, height, width, kernelHeight, kernelWidth, stride, pad, dilation */
const FORMS: i32[][] = [
  [2, 1, 3, 5, 6, 7, 3, 3, 1, 1, 1], [1, 2, 2, 3, 5, 9, 2, 3, 2, 1, 2], [3, 1, 4, 2, 5, 5, 1, 1, 1, 0, 1], [1, 1, 2, 3, 5, 5, 1, 1, 2, 0, 1],
  [2, 3, 1, 1, 4, 4, 3, 3, 1, 1, 1], [1, 1, 1, 1, 3, 12, 1, 1, 1, 1, 1],
  // Windows fit into the scratch memory one row at a time, or several.
  [1, 1, 180, 2, 5, 40, 3, 3, 1, 1, 1], [2, 1, 16, 3, 34, 40, 3, 3, 1, 1, 1],
]

function check<E>(form: i32[], isBiased: bool, limit: f64): bool {
  const rows = form[0], groups = form[1], channels = form[2], outputs = form[3], height = form[4], width = form[5], kh = form[6], kw = form[7]
  const stride = form[8], pad = form[9], dilation = form[10]
  const oh = (height + 2 * pad - dilation * (kh - 1) - 1) / stride + 1, ow = (width + 2 * pad - dilation * (kw - 1) - 1) / stride + 1
  const table: Convolution = {
    channels, height, width, kernelHeight: kh, kernelWidth: kw, strideY: stride, strideX: stride, padY: pad, padX: pad, dilationY: dilation,
    dilationX: dilation, outHeight: oh, outWidth: ow, groups, outputs,
  }
  const at = changetype<usize>(table), inputs = rows * groups * channels * height * width, weights = groups * outputs * channels * kh * kw
  const results = rows * groups * outputs * oh * ow, workBytes = <i32>convolutionWork<E>(at)
  const x = make<E>(inputs), w = make<E>(weights), bias = make<E>(groups * outputs), dy = make<E>(results), y = make<E>(results)
  const dx = make<E>(inputs), dw = make<E>(weights), work = make<u8>(workBytes), scratch = make<u8>(<i32>gemmScratch())
  const wantY = make<f64>(results), wantX = make<f64>(inputs), wantW = make<f64>(weights)
  fillRandom<E>(x, inputs), fillRandom<E>(w, weights), fillRandom<E>(bias, groups * outputs), fillRandom<E>(dy, results)
  for (let i = 0; i < results; i++) set<E>(y, i, NaN), set<f64>(wantY, i, isBiased ? <f64>get<E>(bias, (i / (oh * ow)) % (groups * outputs)) : 0)
  // The kernels accumulate into gradients.
  for (let i = 0; i < inputs; i++) set<E>(dx, i, 1), set<f64>(wantX, i, 1)
  for (let i = 0; i < weights; i++) set<E>(dw, i, 1), set<f64>(wantW, i, 1)
  convolution<E>(at, rows, y, x, w, isBiased ? bias : 0, work, scratch)
  convolutionWeight<E>(at, rows, outputs, channels, dw, x, dy, work, scratch)
  convolutionInput<E>(at, rows, dx, w, dy, work, scratch)
  for (let i = 0; i < results; i++) {
    const ox = i % ow, oy = (i / ow) % oh, output = (i / (ow * oh)) % (outputs * groups), row = i / (ow * oh * outputs * groups), g = output / outputs
    for (let t = 0; t < channels * kh * kw; t++) {
      const iy = oy * stride - pad + ((t / kw) % kh) * dilation, ix = ox * stride - pad + (t % kw) * dilation
      if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue
      const atX = ((row * groups + g) * channels + t / (kw * kh)) * height * width + iy * width + ix, atW = output * channels * kh * kw + t
      set<f64>(wantY, i, get<f64>(wantY, i) + <f64>get<E>(x, atX) * <f64>get<E>(w, atW))
      set<f64>(wantX, atX, get<f64>(wantX, atX) + <f64>get<E>(dy, i) * <f64>get<E>(w, atW))
      set<f64>(wantW, atW, get<f64>(wantW, atW) + <f64>get<E>(dy, i) * <f64>get<E>(x, atX))
    }
  }
  const isRight = close<E>(y, wantY, results, limit) && close<E>(dx, wantX, inputs, limit) && close<E>(dw, wantW, weights, limit)
  return isRight && guarded<E>(y, results) && guarded<E>(dx, inputs) && guarded<E>(dw, weights) && guarded<u8>(work, workBytes)
}

function close<E>(got: usize, want: usize, elements: i32, limit: f64): bool {
  for (let i = 0; i < elements; i++) if (!(Math.abs(<f64>get<E>(got, i) - get<f64>(want, i)) < limit)) return false
  return true
}

function checkAll<E>(limit: f64): void {
  for (let f = 0; f < FORMS.length; f++) {
    expect(check<E>(FORMS[f], f % 2 == 0, limit)).toBe(true, f.toString())
  }
}

describe('convolution and its gradients against their definition', () => {
  it('f32', () => { checkAll<f32>(2e-4) })
  it('f64', () => { checkAll<f64>(1e-12) })
})
