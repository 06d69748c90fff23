/** Memory for a specification: arrays at 64-byte boundaries with a guard behind each, and plain access to their elements. */

const GUARD: u8 = 0xa5

/** Zeroed, padded to 64 bytes, with 64 guarded bytes before and behind. */
export function make<E>(elements: i32): usize {
  const bytes = (<usize>elements * sizeof<E>() + 63) & ~63
  const at = (heap.alloc(bytes + 192) + 127) & ~63
  memory.fill(at - 64, GUARD, 64)
  memory.fill(at, 0, bytes)
  memory.fill(at + bytes, GUARD, 64)
  return at
}

/** Whether the guards of an array are as they were. */
export function guarded<E>(at: usize, elements: i32): bool {
  const bytes = (<usize>elements * sizeof<E>() + 63) & ~63
  for (let i: usize = 0; i < 64; i++) {
    if (load<u8>(at - 64 + i) != GUARD || load<u8>(at + bytes + i) != GUARD) return false
  }
  return true
}

/** Whether the padding behind the elements is still the zeros `make` left there, and the guards are as they were. */
export function clean<E>(at: usize, elements: i32): bool {
  for (let i = elements; <u32>i * <u32>sizeof<E>() < padded<E>(elements); i++) if (get<E>(at, i) != 0) return false
  return guarded<E>(at, elements)
}

/** Bytes a sweep covers. */
export function padded<E>(elements: i32): u32 {
  return (<u32>elements * <u32>sizeof<E>() + 63) & ~63
}

export function get<E>(at: usize, i: i32): E {
  return load<E>(at + <usize>i * sizeof<E>())
}

export function set<E>(at: usize, i: i32, value: f64): void {
  store<E>(at + <usize>i * sizeof<E>(), <E>value)
}

/** Numbers that look random and are the same in every run: a quadratic residue generator, in (−1, 1). */
let state: u32 = 12345
export function next(): f64 {
  state = state * 1664525 + 1013904223
  return <f64>(state >> 8) / 8388608.0 - 1.0
}

export function fillRandom<E>(at: usize, elements: i32, scale: f64 = 1): void {
  for (let i = 0; i < elements; i++) set<E>(at, i, next() * scale)
}

/** Random numbers in (−1, 1) with padding of NaN. */
export function poisoned<E>(elements: i32): usize {
  const at = make<E>(elements)
  fillRandom<E>(at, elements)
  for (let i = elements; <u32>i * <u32>sizeof<E>() < padded<E>(elements); i++) set<E>(at, i, NaN)
  return at
}

/** |a − b| in units of the last place of b. */
export function ulps<E>(a: E, b: E): f64 {
  if (a == b || (isNaN<E>(a) && isNaN<E>(b))) return 0
  if (sizeof<E>() == 4) return Math.abs(<f64>reinterpret<i32>(<f32>a) - <f64>reinterpret<i32>(<f32>b))
  return Math.abs(<f64>(reinterpret<i64>(<f64>a) - reinterpret<i64>(<f64>b)))
}
