import { select, splat } from '../lanes'
import { Elementwise } from '../map'

/** (x − y)·scale */
export class ScaledDifference extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, scale: v128, _t: v128): v128 {
    return v128.mul<E>(v128.sub<E>(v128.load(x), v128.load(y)), scale)
  }
}

/** x²/2 for |x| ≤ delta, delta·(|x| − delta/2) beyond */
export class Huber extends Elementwise {
  at<E>(x: usize, _y: usize, _z: usize, delta: v128, _t: v128): v128 {
    const value = v128.load(x), half = splat<E>(0.5), size = v128.abs<E>(value)
    const inside = v128.mul<E>(v128.mul<E>(half, value), value)
    return select(v128.le<E>(size, delta), inside, v128.mul<E>(delta, v128.sub<E>(size, v128.mul<E>(half, delta))))
  }
}

/** dy·x within ±delta */
export class HuberBackward extends Elementwise {
  at<E>(x: usize, dy: usize, _z: usize, delta: v128, _t: v128): v128 {
    return v128.mul<E>(v128.load(dy), v128.min<E>(v128.max<E>(v128.load(x), v128.neg<E>(delta)), delta))
  }
}
