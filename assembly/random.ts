/**
 * Philox 4×32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): block number → four words, without
 * state. Four consecutive blocks are computed at once, one per lane, and fill the 64 bytes to which every array is padded.
 * host/numerics/random.ts is the scalar form of the same stream.
 */
import { mulAdd, select, splat } from './lanes'
import { cosTurns, log } from './portable'

const MULTIPLIER_0: u32 = 0xd2511f53
const MULTIPLIER_1: u32 = 0xcd9e8d57
const WEYL_0: u32 = 0x9e3779b9
const WEYL_1: u32 = 0xbb67ae85

/** The upper halves of the four 64-bit products. */
@inline function mulHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(a, b), 1, 3, 5, 7)
}

/** A function of a vector of random words (and of x, if there is one). */
abstract class Distribution {
  draw<E>(words: v128, x: usize, a: v128, b: v128): v128 {
    unreachable()
    return words
  }
}

/** Uniform in [0, 1): 24 bits of a word (f32) or 52 of two (f64). */
@inline function unit<E>(words: v128): v128 {
  if (sizeof<E>() == 4) return v128.mul<E>(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), splat<E>(1.0 / 16777216.0))
  return v128.sub<E>(v128.or(i64x2.shr_u(words, 12), splat<E>(1)), splat<E>(1))
}

@inline function fill<D extends Distribution, E>(
  out: usize, bytes: usize, x: usize, seedLow: u32, seedHigh: u32, block: f64, a: f64, b: f64,
): void {
  const distribution = changetype<D>(0)
  const a_ = splat<E>(a), b_ = splat<E>(b)
  const m0 = i32x4.splat(MULTIPLIER_0), m1 = i32x4.splat(MULTIPLIER_1)
  let counter = <u64>block
  for (const end = out + bytes; out < end; out += 64, x += 64, counter += 4) {
    let c0 = i32x4.add(i32x4.splat(<u32>counter), i32x4(0, 1, 2, 3))
    // A lane that wrapped carries into the counter's second word: the comparison gives −1 there.
    let c1 = i32x4.sub(i32x4.splat(<u32>(counter >> 32)), i32x4.lt_u(c0, i32x4.splat(<u32>counter)))
    let c2 = i32x4.splat(0), c3 = i32x4.splat(0)
    let key0 = seedLow, key1 = seedHigh
    for (let round = 0; round < 10; round++) {
      const next0 = v128.xor(v128.xor(mulHigh(c2, m1), c1), i32x4.splat(key0))
      const next2 = v128.xor(v128.xor(mulHigh(c0, m0), c3), i32x4.splat(key1))
      c1 = i32x4.mul(c2, m1)
      c3 = i32x4.mul(c0, m0)
      c0 = next0
      c2 = next2
      key0 += WEYL_0
      key1 += WEYL_1
    }
    const low01 = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5), low23 = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5)
    const high01 = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7), high23 = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7)
    v128.store(out, distribution.draw<E>(v128.shuffle<i64>(low01, low23, 0, 2), x, a_, b_))
    v128.store(out + 16, distribution.draw<E>(v128.shuffle<i64>(low01, low23, 1, 3), x + 16, a_, b_))
    v128.store(out + 32, distribution.draw<E>(v128.shuffle<i64>(high01, high23, 0, 2), x + 32, a_, b_))
    v128.store(out + 48, distribution.draw<E>(v128.shuffle<i64>(high01, high23, 1, 3), x + 48, a_, b_))
  }
}

class Uniform extends Distribution {
  draw<E>(words: v128, _x: usize, low: v128, range: v128): v128 {
    return mulAdd<E>(unit<E>(words), range, low)
  }
}

/** Box and Muller's transform: two uniforms give √(−2 ln u)·cos 2πv in the even element and the sine in the odd one. */
class Normal extends Distribution {
  draw<E>(words: v128, _x: usize, mean: v128, std: v128): v128 {
    const uniform = unit<E>(words)
    let u: v128, v: v128
    if (sizeof<E>() == 4) {
      u = v128.shuffle<i32>(uniform, uniform, 0, 0, 2, 2)
      v = v128.sub<E>(v128.shuffle<i32>(uniform, uniform, 1, 1, 3, 3), f32x4(0, 0.25, 0, 0.25))
    } else {
      u = v128.shuffle<i64>(uniform, uniform, 0, 0)
      v = v128.sub<E>(v128.shuffle<i64>(uniform, uniform, 1, 1), f64x2(0, 0.25))
    }
    // 1 − u is in (0, 1], where the logarithm is finite.
    const radius = v128.sqrt<E>(v128.mul<E>(splat<E>(-2), log<E>(v128.sub<E>(splat<E>(1), u))))
    return mulAdd<E>(v128.mul<E>(radius, cosTurns<E>(v)), std, mean)
  }
}

/** Fills `bytes` (a multiple of 64) with low + range·u from the stream's blocks `block`, block + 1, … */
export function uniform<E>(out: usize, bytes: usize, seedLow: u32, seedHigh: u32, block: f64, low: f64, range: f64): void {
  fill<Uniform, E>(out, bytes, out, seedLow, seedHigh, block, low, range)
}

export function normal<E>(out: usize, bytes: usize, seedLow: u32, seedHigh: u32, block: f64, mean: f64, std: f64): void {
  fill<Normal, E>(out, bytes, out, seedLow, seedHigh, block, mean, std)
}
