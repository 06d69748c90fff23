/**
 * An elementwise function. Like a rule (sweep.ts) it has no fields and is never subclassed. x, y and z are addresses, of which it reads
 * the ones it needs; s and t are the same for all elements.
 */
export abstract class Elementwise {
  at<E>(x: usize, y: usize, z: usize, s: v128, t: v128): v128 {
    unreachable()
    return s
  }
}

/** The only map loop: out = f(x, y, z). `bytes` is a multiple of 16; arrays are padded, and results in the padding are never read. */
export function map<F extends Elementwise, E>(bytes: usize, out: usize, x: usize, y: usize, z: usize, s: f64, t: f64): void {
  const f = changetype<F>(0)
  const s_ = v128.splat<E>(<E>s), t_ = v128.splat<E>(<E>t)
  for (const end = out + bytes; out < end; out += 16, x += 16, y += 16, z += 16) v128.store(out, f.at<E>(x, y, z, s_, t_))
}
