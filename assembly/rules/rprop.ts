import { select, signOf, splat } from '../lanes'
import { Rule } from '../sweep'

export class Rprop extends Rule {
  step<E>(
    p: usize, g: usize, prev: usize, stepSize: usize,
    shrink: v128, grow: v128, least: v128, most: v128,
  ): void {
    const grad = v128.load(g)
    const agreement = v128.mul<E>(grad, v128.load(prev))
    const turned = v128.lt<E>(agreement, splat<E>(0))
    const factor = select(turned, shrink, select(v128.gt<E>(agreement, splat<E>(0)), grow, splat<E>(1)))
    const size = v128.min<E>(v128.max<E>(v128.mul<E>(v128.load(stepSize), factor), least), most)
    v128.store(stepSize, size)
    const kept = v128.andnot(grad, turned)
    v128.store(prev, kept)
    v128.store(p, v128.sub<E>(v128.load(p), v128.mul<E>(signOf<E>(kept), size)))
  }
}
