/** Arrays that a rule sweeps over, for tests. */
import { SPAN } from '../../assembly/sweep'
import { fillRandom, guarded, make, next, padded, set } from './arrays'

export const N = 67

/**
 * Parameter, gradient and three states with random values. States are positive: a exceeds c², because RMSprop takes the root of a − c²,
 * and c sometimes exceeds b, for the maximum in Adam. The first gradient is 0.
 */
export class Arrays<E> {
  p: usize = make<E>(N)
  g: usize = make<E>(N)
  a: usize = make<E>(N)
  b: usize = make<E>(N)
  c: usize = make<E>(N)
  u: usize = make<E>(12)
  table: usize = make<u32>(60)

  constructor() {
    fillRandom<E>(this.p, N)
    fillRandom<E>(this.g, N)
    set<E>(this.g, 0, 0)
    for (let i = 0; i < N; i++) {
      set<E>(this.a, i, Math.abs(next()) + 1)
      set<E>(this.b, i, Math.abs(next()) + 0.5)
      set<E>(this.c, i, Math.abs(next()) * 0.9)
    }
  }

  span(entry: usize, from: u32, bytes: u32): void {
    const at = this.table + entry * SPAN
    store<u32>(at, bytes)
    store<u32>(at + 4, <u32>this.p + from)
    store<u32>(at + 8, <u32>this.g + from)
    store<u32>(at + 12, <u32>this.a + from)
    store<u32>(at + 16, <u32>this.b + from)
    store<u32>(at + 20, <u32>this.c + from)
  }

  uniforms(values: f64[]): void {
    for (let i = 0; i < values.length; i++) set<E>(this.u, i, values[i])
  }

  copy(from: Arrays<E>): void {
    const bytes = padded<E>(N)
    memory.copy(this.p, from.p, bytes)
    memory.copy(this.g, from.g, bytes)
    memory.copy(this.a, from.a, bytes)
    memory.copy(this.b, from.b, bytes)
    memory.copy(this.c, from.c, bytes)
    memory.copy(this.u, from.u, padded<E>(12))
  }

  same(other: Arrays<E>): bool {
    const bytes = padded<E>(N)
    return (
      memory.compare(this.p, other.p, bytes) == 0 &&
      memory.compare(this.a, other.a, bytes) == 0 &&
      memory.compare(this.b, other.b, bytes) == 0 &&
      memory.compare(this.c, other.c, bytes) == 0
    )
  }

  intact(): bool {
    return guarded<E>(this.p, N) && guarded<E>(this.g, N) && guarded<E>(this.a, N) && guarded<E>(this.b, N) && guarded<E>(this.c, N)
  }
}
