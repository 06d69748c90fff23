import { loadSplat } from './lanes'

/**
 * An elementwise update of one vector of a parameter. A rule has no fields and is never subclassed: `sweep` calls its `step` on a null
 * instance, which asc resolves statically and tools/kernels.mjs inlines. An override one level down would add a type check to the loop.
 *
 * p and g are the addresses of parameter and gradient, a, b, c those of the state; u0 … u11 are the same for all elements. A rule declares
 * those it uses, under its own names; the build adds the others (tools/kernels.mjs).
 */
export abstract class Rule {
  step<E>(
    p: usize, g: usize, a: usize, b: usize, c: usize,
    u0: v128, u1: v128, u2: v128, u3: v128, u4: v128, u5: v128,
    u6: v128, u7: v128, u8: v128, u9: v128, u10: v128, u11: v128,
  ): void {
    unreachable()
  }
}

/** Bytes of an entry of a span table: u32 byte count and the addresses p, g, a, b, c. */
export const SPAN: usize = 24

/**
 * Applies a rule to `count` spans. Byte counts are multiples of 64, because tensors are padded, so no span has a tail.
 * Four vectors per turn: V8 checks for interrupts once per turn, which costs plain SGD 30 % at one vector (Node 20, 1,024 elements).
 */
export function sweep<R extends Rule, E>(spans: usize, count: usize, uniforms: usize): void {
  const rule = changetype<R>(0)
  const u0 = loadSplat<E>(uniforms, 0), u1 = loadSplat<E>(uniforms, 1), u2 = loadSplat<E>(uniforms, 2)
  const u3 = loadSplat<E>(uniforms, 3), u4 = loadSplat<E>(uniforms, 4), u5 = loadSplat<E>(uniforms, 5)
  const u6 = loadSplat<E>(uniforms, 6), u7 = loadSplat<E>(uniforms, 7), u8 = loadSplat<E>(uniforms, 8)
  const u9 = loadSplat<E>(uniforms, 9), u10 = loadSplat<E>(uniforms, 10), u11 = loadSplat<E>(uniforms, 11)
  for (const end = spans + count * SPAN; spans < end; spans += SPAN) {
    let p: usize = load<u32>(spans, 4), g: usize = load<u32>(spans, 8)
    let a: usize = load<u32>(spans, 12), b: usize = load<u32>(spans, 16), c: usize = load<u32>(spans, 20)
    for (const stop = p + load<u32>(spans); p < stop; p += 64, g += 64, a += 64, b += 64, c += 64) {
      rule.step<E>(p, g, a, b, c, u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, u10, u11)
      rule.step<E>(p + 16, g + 16, a + 16, b + 16, c + 16, u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, u10, u11)
      rule.step<E>(p + 32, g + 32, a + 32, b + 32, c + 32, u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, u10, u11)
      rule.step<E>(p + 48, g + 48, a + 48, b + 48, c + 48, u0, u1, u2, u3, u4, u5, u6, u7, u8, u9, u10, u11)
    }
  }
}
