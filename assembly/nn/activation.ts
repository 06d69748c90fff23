import { splat } from '../lanes'
import { Elementwise, map } from '../map'
import * as portable from '../portable'

/** max(x, 0); NaN stays NaN. */
class Relu extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.max<E>(v128.load(x), splat<E>(0))
  }
}

/** The gradient dy where the output y is positive, else 0. */
class ReluBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.and(v128.load(dy), v128.gt<E>(v128.load(y), splat<E>(0)))
  }
}

class Tanh extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return portable.tanh<E>(v128.load(x))
  }
}

/** dy·(1 − y²) */
class TanhBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(y)
    return v128.mul<E>(v128.load(dy), v128.sub<E>(splat<E>(1), v128.mul<E>(value, value)))
  }
}

export function relu<E>(bytes: usize, out: usize, x: usize): void {
  map<Relu, E>(bytes, out, x, 0, 0, 0, 0)
}

export function reluBackward<E>(bytes: usize, out: usize, y: usize, dy: usize): void {
  map<ReluBackward, E>(bytes, out, y, dy, 0, 0, 0)
}

export function tanh<E>(bytes: usize, out: usize, x: usize): void {
  map<Tanh, E>(bytes, out, x, 0, 0, 0, 0)
}

export function tanhBackward<E>(bytes: usize, out: usize, y: usize, dy: usize): void {
  map<TanhBackward, E>(bytes, out, y, dy, 0, 0, 0)
}
