/** Base class of optimizers that step each parameter by itself, because a step is more than an elementwise rule. */

import { bytesPerElement } from '../memory/dtype.ts'
import { foldsOf } from '../memory/folds.ts'
import { padded } from '../memory/heap.ts'
import type { Parameter } from '../memory/tensor.ts'
import { type Member, MemberOptimizer } from '../optimizer/members.ts'
import { check } from '../validation/errors.ts'

export abstract class OneByOneOptimizer<O extends object> extends MemberOptimizer<O> {
  /** Elements of the temporary arrays for a parameter's step. */
  protected abstract workSizes(parameter: Parameter): readonly number[]

  /** Steps one parameter, in its own frame. */
  protected abstract stepOne(member: Member, options: O): void

  protected override update(closure: (() => number) | undefined): number | undefined {
    const loss = closure?.()
    const present = this.members.flat().filter(({ parameter }) => parameter.hasGrad)
    const sparse = present.find(({ parameter }) => parameter.sparseGrad)
    check(!sparse, 'params-invalid', `${this.declaration.name} does not take sparse gradients`)
    this.#reserve(present)
    for (const member of present) this.arena.frame(() => this.stepOne(member, this.paramGroups[member.group] as O))
    return loss
  }

  /** Allocates states and working memory before the first parameter changes. */
  #reserve(present: readonly Member[]): void {
    const bytesOf = (size: number, { dtype }: Parameter) => padded(Math.max(size, 1) * bytesPerElement[dtype])
    const total = ({ parameter }: Member) => this.workSizes(parameter).reduce((sum, size) => sum + bytesOf(size, parameter), 0)
    foldsOf(this.arena).reserve(Math.max(0, ...present.map(({ parameter }) => parameter.size)))
    this.arena.frame(() => this.arena.frames.allocate(Math.max(0, ...present.map(total)), this.declaration.name))
    this.createStates(present)
  }
}
