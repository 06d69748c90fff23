/** What an optimizer's state looks like outside of it. */

import type { DType, View } from '../memory/dtype.ts'
import type { Shape } from '../memory/shape.ts'
import { isObject } from '../validation/errors.ts'

/** A tensor in a state dict: a copy, row-major. */
export interface StateTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: View
}

/** One thing under a key of a parameter's state. torch's 0-d tensors are numbers; LBFGS keeps lists. */
export type StateValue = number | StateTensor | null | readonly StateValue[]

/** One parameter's state under torch's keys. */
export type ParameterState = Record<string, StateValue>

/** The shape of a torch `state_dict`, with torch's own keys. Parameters are numbered across the groups. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<string, ParameterState>>
  readonly param_groups: readonly Readonly<Record<string, unknown>>[]
}

/** What is made of a live array. */
export type Take = (live: View) => View

export const copied: Take = (live) => live.slice()

/** Returns the number in a tensor of one element, and any other value as it is: in torch a step count or a learning rate may be a tensor. */
export function scalarOf(value: unknown): unknown {
  return isStateTensor(value) && value.data?.length === 1 ? value.data[0] : value
}

export function isStateTensor(value: unknown): value is StateTensor {
  return isObject(value) && 'data' in value && 'shape' in value
}
