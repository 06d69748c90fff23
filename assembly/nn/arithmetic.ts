import { mulAdd } from '../lanes'
import { Elementwise, map } from '../map'

class Add extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.add<E>(v128.load(x), v128.load(y))
  }
}

class Affine extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, scale: v128, shift: v128): v128 {
    return mulAdd<E>(v128.load(x), scale, shift)
  }
}

class Scale extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, scale: v128, _t: v128): v128 {
    return v128.mul<E>(v128.load(x), scale)
  }
}

class Combine extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, a: v128, b: v128): v128 {
    return mulAdd<E>(v128.load(y), b, v128.mul<E>(v128.load(x), a))
  }
}

class Clamp extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, low: v128, high: v128): v128 {
    return v128.min<E>(v128.max<E>(v128.load(x), low), high)
  }
}

class Fill extends Elementwise {
  at<E>(_x: usize, _y: usize, _z: usize, value: v128, _t: v128): v128 {
    return value
  }
}

/** out = x + y */
export function add<E>(bytes: usize, out: usize, x: usize, y: usize): void {
  map<Add, E>(bytes, out, x, y, 0, 0, 0)
}

/** out = scale·x + shift */
export function affine<E>(bytes: usize, out: usize, x: usize, scale: f64, shift: f64): void {
  map<Affine, E>(bytes, out, x, 0, 0, scale, shift)
}

/** out = scale·x */
export function scale<E>(bytes: usize, out: usize, x: usize, scale: f64): void {
  map<Scale, E>(bytes, out, x, 0, 0, scale, 0)
}

/** out = a·x + b·y */
export function combine<E>(bytes: usize, out: usize, x: usize, y: usize, a: f64, b: f64): void {
  map<Combine, E>(bytes, out, x, y, 0, a, b)
}

/** out = x within [low, high]; NaN stays NaN */
export function clamp<E>(bytes: usize, out: usize, x: usize, low: f64, high: f64): void {
  map<Clamp, E>(bytes, out, x, 0, 0, low, high)
}

export function fill<E>(bytes: usize, out: usize, value: f64): void {
  map<Fill, E>(bytes, out, 0, 0, 0, value, 0)
}

/** out[n] = Σ over the rows of x[rows][n], each sum in the order of the rows. Overruns x by less than 64 bytes. */
export function sumRows<E>(rows: usize, n: usize, out: usize, x: usize): void {
  const stride = n * sizeof<E>()
  for (let i: usize = 0; i < stride; i += 32) {
    let sum = v128.splat<E>(0), next = sum
    for (let at = x + i, end = at + rows * stride; at < end; at += stride) {
      sum = v128.add<E>(sum, v128.load(at))
      next = v128.add<E>(next, v128.load(at, 16))
    }
    v128.store(out + i, sum)
    v128.store(out + i, next, 16)
  }
}
