import { normal, uniform } from '../../assembly/random'
import { get, guarded, make } from './arrays'

const N = 4096

describe('random numbers', () => {
  it('match Philox: the first block for seed 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8', () => {
    const x = make<f32>(4)
    uniform<f32>(x, 64, 0, 0, 0, 0, 1)
    expect(get<f32>(x, 0)).toBe(<f32>(0x6627e8 / 16777216.0))
    expect(get<f32>(x, 1)).toBe(<f32>(0xe169c5 / 16777216.0))
    expect(get<f32>(x, 2)).toBe(<f32>(0xbc57ac / 16777216.0))
    expect(get<f32>(x, 3)).toBe(<f32>(0x9b00db / 16777216.0))
  })
  it('carry into the second word of the counter', () => {
    const x = make<f32>(32), y = make<f32>(16)
    // Blocks 2^32 − 2 … 2^32 + 1 in one call, and 2^32 … in another.
    uniform<f32>(x, 64, 7, 9, 4294967294.0, 0, 1)
    uniform<f32>(y, 64, 7, 9, 4294967296.0, 0, 1)
    for (let i = 0; i < 8; i++) expect(get<f32>(x, 8 + i)).toBe(get<f32>(y, i))
  })
  it('uniform numbers fill their range evenly', () => {
    const x = make<f64>(N)
    uniform<f64>(x, N * 8, 1, 0, 0, -2, 4)
    let sum = 0.0, least = 9.0, most = -9.0
    for (let i = 0; i < N; i++) {
      sum += get<f64>(x, i)
      least = min(least, get<f64>(x, i))
      most = max(most, get<f64>(x, i))
    }
    expect(Math.abs(sum / N)).toBeLessThan(0.06)
    expect(least >= -2 && least < -1.99 && most < 2 && most > 1.99).toBe(true)
    expect(guarded<f64>(x, N)).toBe(true)
  })
  it('normal numbers have the requested mean and deviation', () => {
    const x = make<f32>(N)
    normal<f32>(x, N * 4, 3, 0, 5, 1, 2)
    let sum = 0.0, squares = 0.0
    for (let i = 0; i < N; i++) sum += <f64>get<f32>(x, i)
    for (let i = 0; i < N; i++) squares += (<f64>get<f32>(x, i) - sum / N) ** 2
    expect(Math.abs(sum / N - 1)).toBeLessThan(0.1)
    expect(Math.abs(Math.sqrt(squares / N) - 2)).toBeLessThan(0.08)
  })
})
