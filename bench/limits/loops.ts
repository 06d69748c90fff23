/**
 * Loops that measure the machine's limits: multiply-adds in registers, and sweeps that move the same bytes as a step without computing.
 * Compiled twice, for strict SIMD and with --enable relaxed-simd.
 */

// @ts-ignore: decorator
@inline function multiplyAdd(a: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, x, y)
  return f32x4.add(f32x4.mul(a, x), y)
}

/** Independent chains a ← a·x + y, four lanes each. A chain waits for its own last result, so filling the units takes 12 on AMD, 16 or more on Intel. */
// @ts-ignore: decorator
@inline function peak(chains: i32, turns: i32, x: f32, y: f32): f32 {
  const factor = f32x4.splat(x), summand = f32x4.splat(y)
  let a0 = f32x4.splat(0), a1 = f32x4.splat(1), a2 = f32x4.splat(2), a3 = f32x4.splat(3)
  let a4 = f32x4.splat(4), a5 = f32x4.splat(5), a6 = f32x4.splat(6), a7 = f32x4.splat(7)
  let a8 = f32x4.splat(8), a9 = f32x4.splat(9), a10 = f32x4.splat(10), a11 = f32x4.splat(11)
  let a12 = f32x4.splat(12), a13 = f32x4.splat(13), a14 = f32x4.splat(14), a15 = f32x4.splat(15)
  let a16 = f32x4.splat(16), a17 = f32x4.splat(17), a18 = f32x4.splat(18), a19 = f32x4.splat(19)
  let a20 = f32x4.splat(20), a21 = f32x4.splat(21), a22 = f32x4.splat(22), a23 = f32x4.splat(23)
  for (; turns > 0; turns--) {
    a0 = multiplyAdd(a0, factor, summand)
    a1 = multiplyAdd(a1, factor, summand)
    a2 = multiplyAdd(a2, factor, summand)
    a3 = multiplyAdd(a3, factor, summand)
    a4 = multiplyAdd(a4, factor, summand)
    a5 = multiplyAdd(a5, factor, summand)
    a6 = multiplyAdd(a6, factor, summand)
    a7 = multiplyAdd(a7, factor, summand)
    a8 = multiplyAdd(a8, factor, summand)
    a9 = multiplyAdd(a9, factor, summand)
    a10 = multiplyAdd(a10, factor, summand)
    a11 = multiplyAdd(a11, factor, summand)
    if (chains > 12) {
      a12 = multiplyAdd(a12, factor, summand)
      a13 = multiplyAdd(a13, factor, summand)
      a14 = multiplyAdd(a14, factor, summand)
      a15 = multiplyAdd(a15, factor, summand)
    }
    if (chains > 16) {
      a16 = multiplyAdd(a16, factor, summand)
      a17 = multiplyAdd(a17, factor, summand)
      a18 = multiplyAdd(a18, factor, summand)
      a19 = multiplyAdd(a19, factor, summand)
    }
    if (chains > 20) {
      a20 = multiplyAdd(a20, factor, summand)
      a21 = multiplyAdd(a21, factor, summand)
      a22 = multiplyAdd(a22, factor, summand)
      a23 = multiplyAdd(a23, factor, summand)
    }
  }
  // Uses all chains, so that the compiler removes none.
  a0 = f32x4.add(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), f32x4.add(f32x4.add(a4, a5), f32x4.add(a6, a7)))
  a8 = f32x4.add(f32x4.add(f32x4.add(a8, a9), f32x4.add(a10, a11)), f32x4.add(f32x4.add(a12, a13), f32x4.add(a14, a15)))
  a16 = f32x4.add(f32x4.add(f32x4.add(a16, a17), f32x4.add(a18, a19)), f32x4.add(f32x4.add(a20, a21), f32x4.add(a22, a23)))
  return f32x4.extract_lane(f32x4.add(f32x4.add(a0, a8), a16), 0)
}

export function peak12(turns: i32, x: f32, y: f32): f32 { return peak(12, turns, x, y) }
export function peak16(turns: i32, x: f32, y: f32): f32 { return peak(16, turns, x, y) }
export function peak20(turns: i32, x: f32, y: f32): f32 { return peak(20, turns, x, y) }
export function peak24(turns: i32, x: f32, y: f32): f32 { return peak(24, turns, x, y) }

/** Reads a vector of parameter, gradient and states, and writes parameter and states. Each array receives another array's values. */
// @ts-ignore: decorator
@inline function move(written: i32, p: usize, g: usize, a: usize, b: usize): void {
  const first = v128.or(v128.load(p), v128.load(g))
  if (written == 1) {
    v128.store(p, first)
  } else if (written == 2) {
    v128.store(p, v128.load(a))
    v128.store(a, first)
  } else {
    v128.store(p, v128.load(b))
    v128.store(b, v128.load(a))
    v128.store(a, first)
  }
}

/** The loop of assembly/sweep.ts: 64 bytes per turn. */
// @ts-ignore: decorator
@inline function sweep(written: i32, bytes: usize, p: usize, g: usize, a: usize, b: usize): void {
  for (const end = p + bytes; p < end; p += 64, g += 64, a += 64, b += 64) {
    move(written, p, g, a, b)
    move(written, p + 16, g + 16, a + 16, b + 16)
    move(written, p + 32, g + 32, a + 32, b + 32)
    move(written, p + 48, g + 48, a + 48, b + 48)
  }
}

export function sweep1(bytes: usize, p: usize, g: usize): void { sweep(1, bytes, p, g, 0, 0) }
export function sweep2(bytes: usize, p: usize, g: usize, a: usize): void { sweep(2, bytes, p, g, a, 0) }
export function sweep3(bytes: usize, p: usize, g: usize, a: usize, b: usize): void { sweep(3, bytes, p, g, a, b) }
