import { describe, expect, it } from 'vitest'
import { Arena } from '../../host/index.ts'
import { exactErf, exactExp, exactGelu, exactLog, exactSigmoid, exactSoftplus, exactTanh, fixed, most, spread, ulps } from './exact.ts'

// `STEP=1 POINTS=20000 npx vitest run portable-kernels` measures all 2^32 floats in half an hour; docs/numerics.md has the results.
const STEP = Number(process.env.STEP ?? 4099)
const POINTS = Number(process.env.POINTS ?? 300)

const CHUNK = 2 ** 16
const arena = await Arena.create()
const [x32, y32] = [arena.parameter([CHUNK]), arena.parameter([CHUNK])]
const [x64, y64] = [arena.parameter([CHUNK], { dtype: 'float64' }), arena.parameter([CHUNK], { dtype: 'float64' })]

/** Only softplus has further arguments: β = 1 and no threshold. */
type Name = 'exp' | 'log' | 'tanh' | 'sigmoid' | 'erf' | 'softplus' | 'gelu'
const run = (name: Name, dtype: 'float32' | 'float64', bytes: number, out: number, x: number) =>
  arena.kernels[dtype][name](bytes, out, x, 1, Infinity)

function float32(name: Name, values: readonly number[]): number[] {
  x32.data.set(values)
  run(name, 'float32', 4 * CHUNK, y32.address, x32.address)
  return [...y32.data.slice(0, values.length)]
}

function float64(name: Name, values: readonly number[]): number[] {
  x64.data.set(values)
  run(name, 'float64', 8 * CHUNK, y64.address, x64.address)
  return [...y64.data.slice(0, values.length)]
}

/** Unit in the last place of a float32, by its exponent bits. */
const unit = Float64Array.from({ length: 256 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 150))

/**
 * Returns the largest error of a float32 kernel over every STEP-th float, in units in the last place. The reference is the float64 kernel,
 * whose own error is 1e-8 of these units.
 */
function worst(name: Name): number {
  const x = x32.data as Float32Array
  const words = new Int32Array(x.buffer, x.byteOffset, CHUNK)
  const [wide, got, want] = [x64.data, y32.data, y64.data] as Float64Array[]
  const rounded = new Float32Array(CHUNK)
  const bits = new Int32Array(rounded.buffer)
  let error = 0
  for (let start = 0; start < 2 ** 32; start += CHUNK * STEP) {
    for (let i = 0; i < CHUNK; i++) words[i] = start + i * STEP
    wide!.set(x)
    run(name, 'float32', 4 * CHUNK, y32.address, x32.address)
    run(name, 'float64', 8 * CHUNK, y64.address, x64.address)
    rounded.set(want!)
    for (let i = 0; i < CHUNK; i++) {
      if (Object.is(rounded[i], got![i])) {
        if (!Number.isFinite(got![i])) continue
      } else if (!Number.isFinite(rounded[i]) || !Number.isFinite(got![i])) return Infinity
      error = Math.max(error, Math.abs(got![i]! - want![i]!) / unit[(bits[i]! >> 23) & 255]!)
    }
  }
  return error
}

describe(`float32 errors in ulps over every ${STEP}th float`, () => {
  it.each([
    ['exp', 0.81],
    ['log', 0.84],
    ['tanh', 1.34],
    ['sigmoid', 1.97],
    ['erf', 1.32],
    ['softplus', 1.74],
    ['gelu', 5.8],
  ] as const)('of %s are below %f', { timeout: 0 }, (name, limit) => {
    const error = worst(name)
    if (STEP === 1) console.log(`${name}, float32: ${error}`)
    expect(error).toBeLessThan(limit)
  })
})

describe('float64 errors in ulps over two ranges, against a 400-bit reference', () => {
  const table: [Name, number, number[], (x: number) => [bigint, number?]][] = [
    ['exp', 0.8, [-745, 709, -1, 1], (x) => exactExp(fixed(x))],
    ['log', 0.8, [0.01, 20, 0.7, 1.5], (x) => [exactLog(x)]],
    ['tanh', 1.4, [-20, 20, -1, 1], (x) => [exactTanh(fixed(x))]],
    ['sigmoid', 1.7, [-40, 40, -8, 8], (x) => [exactSigmoid(fixed(x))]],
    ['erf', 1.2, [-6, 6, -1.5, 1.5], (x) => [exactErf(fixed(x))]],
    ['softplus', 1.7, [-40, 40, -2, 2], (x) => [exactSoftplus(fixed(x))]],
    ['gelu', 6, [-12, 12, -2, 2], (x) => [exactGelu(fixed(x))]],
  ]
  it.each(table)('of %s are below %f', { timeout: 0 }, (name, limit, ranges, exact) => {
    const points = [...spread(ranges[0]!, ranges[1]!, POINTS), ...spread(ranges[2]!, ranges[3]!, POINTS)]
    const got = float64(name, points)
    const error = most(points.map((x, i) => ulps(got[i]!, ...exact(x))))
    if (STEP === 1) console.log(`${name}, float64: ${error}`)
    expect(error).toBeLessThan(limit)
  })
})

describe('special values of erf and softplus', () => {
  it.each([float32, float64])('are the limits', (apply) => {
    expect(apply('erf', [0, -0, Infinity, -Infinity, Number.NaN, 2 ** 100, -(2 ** 100)])).toEqual([0, -0, 1, -1, Number.NaN, 1, -1])
    expect(apply('softplus', [Infinity, -Infinity, Number.NaN, 2 ** 100, -(2 ** 100)])).toEqual([Infinity, 0, Number.NaN, 2 ** 100, 0])
  })

  it('erf is odd', () => {
    const points = spread(0, 5)
    const mirrored = points.map((x) => -x)
    expect(float64('erf', mirrored)).toEqual(float64('erf', points).map((y) => -y))
  })

  it('denormal results are kept', () => {
    expect(float32('erf', [1e-40, -1e-45])).toEqual([Math.fround(1.1283791670955126 * Math.fround(1e-40)), -Math.fround(1e-45)])
    expect(float32('softplus', [-100])).toEqual([Math.fround(3.720075976020836e-44)])
    expect(float64('softplus', [-740])).toEqual([4.199558e-322])
  })
})
