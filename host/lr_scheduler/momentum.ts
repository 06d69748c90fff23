/** Helpers of the schedulers that cycle the momentum (`momentum`, or the first of `betas`) inversely to the learning rate. */

import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import { check } from '../validation/errors.ts'
import type { ScheduledGroup } from './scheduler.ts'

/** Returns whether the momentum is the first of `betas`. */
export function usesBeta1(name: string, optimizer: AnyOptimizer): boolean {
  const { defaults } = optimizer
  const has = 'momentum' in defaults || 'betas' in defaults
  check(has, 'option-range', `${name}: the optimizer has neither momentum nor betas; set cycleMomentum to false`)
  return 'betas' in defaults
}

export function setMomentum(group: ScheduledGroup, beta1: boolean, value: number): void {
  if (beta1) group.betas = [value, ...(group.betas!.slice(1) as [number])]
  else group.momentum = value
}

/** Sets every group to its maximum momentum, and stores its limits in the group. */
export function startMomentum(groups: readonly ScheduledGroup[], beta1: boolean, least: readonly number[], most: readonly number[]): void {
  for (const [i, group] of groups.entries()) {
    setMomentum(group, beta1, most[i]!)
    group.maxMomentum = most[i]!
    group.baseMomentum = least[i]!
  }
}
