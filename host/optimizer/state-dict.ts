/** State dicts: the format, and the values in it. */

import type { DType, View } from '../memory/dtype.ts'
import type { Shape } from '../memory/shape.ts'
import { isObject } from '../validation/errors.ts'

/** A tensor in a state dict: a copy, row-major. */
export interface StateTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: View
}

/** A value in a parameter's state. torch's 0-d tensors are numbers; LBFGS keeps lists. */
export type StateValue = number | StateTensor | null | readonly StateValue[]

/** A parameter's state under torch's keys. */
export type ParameterState = Record<string, StateValue>

/** The structure of torch's `state_dict`, with torch's keys. Parameters are numbered across the groups. */
export interface OptimizerStateDict {
  readonly state: Readonly<Record<string, ParameterState>>
  readonly param_groups: readonly Readonly<Record<string, unknown>>[]
}

/** Returns what to keep of a live array: the array itself, or a copy. */
export type Take = (live: View) => View

export const copied: Take = (live) => live.slice()

/** Returns the number in a tensor of one element (in torch a step count or a learning rate may be a tensor), and any other value unchanged. */
export function scalarOf(value: unknown): unknown {
  return isStateTensor(value) && value.data?.length === 1 ? value.data[0] : value
}

export function isStateTensor(value: unknown): value is StateTensor {
  return isObject(value) && 'data' in value && 'shape' in value
}
