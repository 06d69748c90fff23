/** Activations and their gradients: from the output y if it suffices, else from the input x. */
import { boundedSize, erfcx, gaussian } from '../erf'
import { mulAdd, select, splat } from '../lanes'
import { Elementwise } from '../map'
import * as portable from '../portable'

const SQRT_HALF: f64 = 0.70710678118654752440
/** √(2/π)·2 and the cubic term's factor: geluTanh is x·σ(GELU_SLOPE·(x + GELU_CUBE·x³)). */
const GELU_SLOPE: f64 = 1.59576912160573071176
const GELU_CUBE: f64 = 0.044715

/** max(x, 0); NaN stays NaN. */
export class Relu extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.max<E>(v128.load(x), splat<E>(0))
  }
}

/** dy if the output y is positive, else 0. */
export class ReluBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.and(v128.load(dy), v128.gt<E>(v128.load(y), splat<E>(0)))
  }
}

export class Tanh extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return portable.tanh<E>(v128.load(x))
  }
}

/** dy·(1 − y²) */
export class TanhBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(y)
    return v128.mul<E>(v128.load(dy), v128.sub<E>(splat<E>(1), v128.mul<E>(value, value)))
  }
}

export class Sigmoid extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return portable.sigmoid<E>(v128.load(x))
  }
}

/** dy·(1 − y)·y, in torch's order. */
export class SigmoidBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(y)
    return v128.mul<E>(v128.mul<E>(v128.load(dy), v128.sub<E>(splat<E>(1), value)), value)
  }
}

/** x·σ(x) */
export class Silu extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(x)
    return v128.mul<E>(value, portable.sigmoid<E>(value))
  }
}

/** dy·σ(x)·(1 + x·σ(−x)) */
export class SiluBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(x)
    const slope = mulAdd<E>(value, portable.sigmoid<E>(v128.neg<E>(value)), splat<E>(1))
    return v128.mul<E>(v128.load(dy), v128.mul<E>(portable.sigmoid<E>(value), slope))
  }
}

/** softplus(βx)/β, and x where βx is above the threshold. */
export class Softplus extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, beta: v128, threshold: v128): v128 {
    const value = v128.load(x)
    const scaled = v128.mul<E>(value, beta)
    return select(v128.gt<E>(scaled, threshold), value, v128.div<E>(portable.softplus<E>(scaled), beta))
  }
}

/** dy·σ(βx), and dy where βx is above the threshold. */
export class SoftplusBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, beta: v128, threshold: v128): v128 {
    const scaled = v128.mul<E>(v128.load(x), beta)
    const grad = v128.load(dy)
    return select(v128.gt<E>(scaled, threshold), grad, v128.mul<E>(grad, portable.sigmoid<E>(scaled)))
  }
}

/** Φ(−a)/e^(−a²/2) = erfcx(a/√2)/2 */
@inline function tail<E>(a: v128): v128 {
  return v128.mul<E>(erfcx<E>(v128.mul<E>(a, splat<E>(SQRT_HALF))), splat<E>(0.5))
}

/** x·Φ(x) = x·(1 + erf(x/√2))/2 as max(x, 0) − |x|·Φ(−|x|), which does not cancel for negative x. */
export class Gelu extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(x)
    const size = boundedSize<E>(value)
    const below = v128.mul<E>(v128.mul<E>(size, tail<E>(size)), gaussian<E>(size, 0.5))
    return v128.sub<E>(v128.max<E>(value, splat<E>(0)), below)
  }
}

/** dy·(Φ(x) + x·e^(−x²/2)/√(2π)). The sum at −x is 1 minus the sum at x. */
export class GeluBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(x)
    const size = boundedSize<E>(value)
    const below = v128.sub<E>(tail<E>(size), v128.mul<E>(size, splat<E>(0.39894228040143267794)))
    const slope = v128.mul<E>(below, gaussian<E>(size, 0.5))
    const negative = v128.lt<E>(value, splat<E>(0))
    return v128.mul<E>(v128.load(dy), select(negative, slope, v128.sub<E>(splat<E>(1), slope)))
  }
}

/** GELU_SLOPE·(x + GELU_CUBE·x³) */
@inline function geluArgument<E>(x: v128, square: v128): v128 {
  return v128.mul<E>(x, mulAdd<E>(square, splat<E>(GELU_SLOPE * GELU_CUBE), splat<E>(GELU_SLOPE)))
}

/** x·(1 + tanh u)/2 = x·σ(2u) for u = √(2/π)·(x + 0.044715·x³), without cancellation for negative x. */
export class GeluTanh extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.load(x)
    return v128.mul<E>(value, portable.sigmoid<E>(geluArgument<E>(value, v128.mul<E>(value, value))))
  }
}

/** dy·σ(2u)·(1 + x·2u′·σ(−2u)). For |x| ≥ 64 it is dy or 0: limited, so that no product overflows. */
export class GeluTanhBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    const value = v128.min<E>(v128.max<E>(v128.load(x), splat<E>(-64)), splat<E>(64))
    const square = v128.mul<E>(value, value)
    const argument = geluArgument<E>(value, square)
    const rise = v128.mul<E>(value, mulAdd<E>(square, splat<E>(3 * GELU_SLOPE * GELU_CUBE), splat<E>(GELU_SLOPE)))
    const slope = mulAdd<E>(rise, portable.sigmoid<E>(v128.neg<E>(argument)), splat<E>(1))
    return v128.mul<E>(v128.load(dy), v128.mul<E>(portable.sigmoid<E>(argument), slope))
  }
}

/** x if x > 0, else slope·x */
export class LeakyRelu extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, slope: v128, _t: v128): v128 {
    const value = v128.load(x)
    return select(v128.gt<E>(value, splat<E>(0)), value, v128.mul<E>(value, slope))
  }
}

export class LeakyReluBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, slope: v128, _t: v128): v128 {
    const value = v128.load(dy)
    return select(v128.gt<E>(v128.load(x), splat<E>(0)), value, v128.mul<E>(value, slope))
  }
}
