/** Test arrays at 64-byte boundaries, with guard bytes around each, and access to their elements. */

const GUARD: u8 = 0xa5

/** Allocates a zeroed array, padded to 64 bytes, with 64 guard bytes before and after it. */
export function make<E>(elements: i32): usize {
  const bytes = (<usize>elements * sizeof<E>() + 63) & ~63
  const at = (heap.alloc(bytes + 192) + 127) & ~63
  memory.fill(at - 64, GUARD, 64)
  memory.fill(at, 0, bytes)
  memory.fill(at + bytes, GUARD, 64)
  return at
}

/** Returns whether the guard bytes of an array are unchanged. */
export function guarded<E>(at: usize, elements: i32): bool {
  const bytes = (<usize>elements * sizeof<E>() + 63) & ~63
  for (let i: usize = 0; i < 64; i++) {
    if (load<u8>(at - 64 + i) != GUARD || load<u8>(at + bytes + i) != GUARD) return false
  }
  return true
}

/** Returns whether the padding after the elements is still zero and the guard bytes are unchanged. */
export function clean<E>(at: usize, elements: i32): bool {
  for (let i = elements; <u32>i * <u32>sizeof<E>() < padded<E>(elements); i++) if (get<E>(at, i) != 0) return false
  return guarded<E>(at, elements)
}

/** Returns the bytes that a sweep covers. */
export function padded<E>(elements: i32): u32 {
  return (<u32>elements * <u32>sizeof<E>() + 63) & ~63
}

export function get<E>(at: usize, i: i32): E {
  return load<E>(at + <usize>i * sizeof<E>())
}

export function set<E>(at: usize, i: i32, value: f64): void {
  store<E>(at + <usize>i * sizeof<E>(), <E>value)
}

/** Returns pseudorandom numbers in [−1, 1), the same in every run: a linear congruential generator. */
let state: u32 = 12345
export function next(): f64 {
  state = state * 1664525 + 1013904223
  return <f64>(state >> 8) / 8388608.0 - 1.0
}

export function fillRandom<E>(at: usize, elements: i32, scale: f64 = 1): void {
  for (let i = 0; i < elements; i++) set<E>(at, i, next() * scale)
}

/** Allocates random numbers in [−1, 1), padded with NaN. */
export function poisoned<E>(elements: i32): usize {
  const at = make<E>(elements)
  fillRandom<E>(at, elements)
  for (let i = elements; <u32>i * <u32>sizeof<E>() < padded<E>(elements); i++) set<E>(at, i, NaN)
  return at
}

/** Returns |a − b| in units in the last place of b. */
export function ulps<E>(a: E, b: E): f64 {
  if (a == b || (isNaN<E>(a) && isNaN<E>(b))) return 0
  if (sizeof<E>() == 4) return Math.abs(<f64>reinterpret<i32>(<f32>a) - <f64>reinterpret<i32>(<f32>b))
  return Math.abs(<f64>(reinterpret<i64>(<f64>a) - reinterpret<i64>(<f64>b)))
}
