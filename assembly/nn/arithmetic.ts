import { demote, mulAdd, promoteHigh, select, signOf, splat } from '../lanes'
import { Elementwise } from '../map'
import { erf } from '../erf'
import { exp, log } from '../portable'

/** x + y */
export class Add extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.add<E>(v128.load(x), v128.load(y))
  }
}

/** scale·x + shift */
export class Affine extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, scale: v128, shift: v128): v128 {
    return mulAdd<E>(v128.load(x), scale, shift)
  }
}

/** scale·x */
export class Scale extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, scale: v128, _t: v128): v128 {
    return v128.mul<E>(v128.load(x), scale)
  }
}

/** a·x + b·y */
export class Combine extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, a: v128, b: v128): v128 {
    return mulAdd<E>(v128.load(y), b, v128.mul<E>(v128.load(x), a))
  }
}

/** x limited to [low, high]; NaN stays NaN */
export class Clamp extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, low: v128, high: v128): v128 {
    return v128.min<E>(v128.max<E>(v128.load(x), low), high)
  }
}

export class Fill extends Elementwise {
  at<E>(_x: usize, _y: usize, _z: usize, value: v128, _t: v128): v128 {
    return value
  }
}

export class Sub extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.sub<E>(v128.load(x), v128.load(y))
  }
}

export class Mul extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.mul<E>(v128.load(x), v128.load(y))
  }
}

export class Div extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.div<E>(v128.load(x), v128.load(y))
  }
}

/** −dy·q/b, the gradient of the divisor b of a quotient q. */
export class DivisorBackward extends Elementwise {
  at<E>(dy: usize, q: usize, b: usize, _s: v128, _t: v128): v128 {
    return v128.neg<E>(v128.div<E>(v128.mul<E>(v128.load(dy), v128.load(q)), v128.load(b)))
  }
}

export class Exp extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return exp<E>(v128.load(x))
  }
}

export class Log extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return log<E>(v128.load(x))
  }
}

export class Erf extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return erf<E>(v128.load(x))
  }
}

export class Sqrt extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.sqrt<E>(v128.load(x))
  }
}

/** dy/(2y) */
export class SqrtBackward extends Elementwise {
  at<E>(y: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.div<E>(v128.load(dy), v128.mul<E>(splat<E>(2), v128.load(y)))
  }
}

export class Abs extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.abs<E>(v128.load(x))
  }
}

/** dy·sign x, 0 at 0 */
export class AbsBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.mul<E>(v128.load(dy), signOf<E>(v128.load(x)))
  }
}

/** |x|^p·sign, where sign is −1 for negative x if p is odd, NaN if p is not an integer; in f64, which keeps the last bit of f32. */
export class Pow extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, p: v128, negative: v128): v128 {
    const value = v128.load(x)
    let power: v128
    if (sizeof<E>() == 4) {
      const p64 = f64x2.promote_low_f32x4(p)
      const low = magnitudePower(f64x2.promote_low_f32x4(value), p64)
      power = demote(low, magnitudePower(promoteHigh(value), p64))
    } else power = magnitudePower(value, p)
    return v128.mul<E>(power, select(v128.lt<E>(value, splat<E>(0)), negative, splat<E>(1)))
  }
}

function magnitudePower(x: v128, p: v128): v128 {
  const power = exp<f64>(v128.mul<f64>(p, log<f64>(v128.abs<f64>(x))))
  return select(v128.eq<f64>(p, splat<f64>(0)), splat<f64>(1), power)
}

/** 1 where x equals y, else 0 */
export class Equal extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, _s: v128, _t: v128): v128 {
    return v128.and(v128.eq<E>(v128.load(x), v128.load(y)), splat<E>(1))
  }
}

/** Factor of dropout: `scale` if the uniform number x is at least `rate`, else 0. */
export class DropoutMask extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, rate: v128, scale: v128): v128 {
    return v128.and(v128.ge<E>(v128.load(x), rate), scale)
  }
}
