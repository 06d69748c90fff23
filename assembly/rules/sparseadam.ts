import { Rule } from '../sweep'
import { mean } from './moments'

/** Runs over the rows that have a gradient. FromEnd1, FromEnd2: β ≤ ½, see `lerp`. */
export class SparseAdam<FromEnd1, FromEnd2> extends Rule {
  step<E>(
    p: usize, g: usize, expAvg: usize, expAvgSq: usize,
    gain1: v128, gain2: v128, stepSize: v128, eps: v128,
  ): void {
    const grad = v128.load(g)
    const first = mean<E, FromEnd1>(expAvg, grad, gain1)
    const second = mean<E, FromEnd2>(expAvgSq, v128.mul<E>(grad, grad), gain2)
    const root = v128.add<E>(v128.sqrt<E>(second), eps)
    v128.store(p, v128.sub<E>(v128.load(p), v128.div<E>(v128.mul<E>(stepSize, first), root)))
  }
}
