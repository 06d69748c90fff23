import { Fold, foldArray } from '../fold'
import { Elementwise, map } from '../map'

class SquaredDifference extends Fold {
  take(sum: v128, x: v128, y: v128, _order: v128): v128 {
    const difference = v128.sub<f64>(x, y)
    return v128.add<f64>(sum, v128.mul<f64>(difference, difference))
  }
  join(a: v128, b: v128): v128 {
    return v128.add<f64>(a, b)
  }
}

class ScaledDifference extends Elementwise {
  at<E>(x: usize, y: usize, _z: usize, scale: v128, _t: v128): v128 {
    return v128.mul<E>(v128.sub<E>(v128.load(x), v128.load(y)), scale)
  }
}

/** The mean of (x − y)² over all elements. */
export function mse<E>(elements: usize, loss: usize, x: usize, y: usize): void {
  store<E>(loss, <E>(foldArray<SquaredDifference, E>(elements, x, y, 0) / <f64>elements))
}

/** out = (x − y)·scale */
export function scaledDifference<E>(bytes: usize, out: usize, x: usize, y: usize, scale: f64): void {
  map<ScaledDifference, E>(bytes, out, x, y, 0, scale, 0)
}
