/** Maps a saved optimizer's state to the order of another optimizer's parameters. */

import type { Parameter } from '../memory/tensor.ts'
import type { AnyOptimizer } from '../optimizer/optimizer.ts'
import type { OptimizerStateDict, ParameterState } from '../optimizer/state-dict.ts'
import { DownhillError } from '../validation/errors.ts'
import { type Dict, isDict } from './dict.ts'
import type { Findings } from './findings.ts'
import { type About, namedParameters, type SavedParameter } from './parts.ts'

type Group = Dict & { readonly params: readonly unknown[] }

/** Parameter names in a torch file, if every group has them. */
function torchNames(groups: readonly Group[]): SavedParameter[] | undefined {
  const names = groups.flatMap(({ params, param_names: own }) => (Array.isArray(own) && own.length === params.length ? own : [undefined]))
  return names.every((name) => typeof name === 'string') ? names.map((name) => ({ name })) : undefined
}

/** Position of a saved parameter: its group, and the key of its state. */
interface Place {
  readonly group: number
  readonly key: string
  readonly parameter: SavedParameter
}

function placesOf(groups: readonly Group[], saved: readonly SavedParameter[]): Map<string, Place> {
  const members = groups.flatMap(({ params }, group) => params.map((index) => ({ group, key: String(index) })))
  const { length } = members
  if (length !== saved.length) throw new DownhillError('file-invalid', `the file names ${saved.length} of ${length} parameters`)
  return new Map(saved.map((parameter, i) => [parameter.name, { ...members[i]!, parameter }]))
}

/** The state dict to load once everything matches, and the leftover states in the file. */
interface Aligned {
  readonly dict: () => OptimizerStateDict
  readonly rest: Dict
}

/**
 * Returns the state dict to load. Parameters are matched by name if both sides have names, else by order, like torch. Options and state that
 * the file lacks stay unchanged.
 */
export function alignedState(
  part: string,
  optimizer: AnyOptimizer,
  dict: Dict,
  about: About,
  names: ReadonlyMap<Parameter, string>,
  findings: Findings,
): Aligned {
  const { state, param_groups: groups } = dict as { state: Dict; param_groups: readonly Group[] }
  const areGroups = Array.isArray(groups) && groups.every((group) => isDict(group) && Array.isArray(group.params))
  if (!isDict(state) || !areGroups) throw new DownhillError('state-mismatch', `${part} in the file must be the state of an optimizer`)
  const own = namedParameters(optimizer, names)
  const saved = about.parameters ?? torchNames(groups)
  if (!own || !saved) return { dict: () => dict as unknown as OptimizerStateDict, rest: {} }

  const places = placesOf(groups, saved)
  const hasGroups = groups.length === optimizer.paramGroups.length
  if (!hasGroups) findings.other.push(`${part} has ${optimizer.paramGroups.length} groups here and ${groups.length} in the file`)
  const groupOf = optimizer.paramGroups.flatMap(({ params }, group) => (params as readonly Parameter[]).map(() => group))
  const keys = own.map((parameter, i) => {
    const what = `${part}.${parameter.name}`
    const place = places.get(parameter.name)
    if (!place) findings.missing.push(what)
    if (!place || !findings.fits(what, parameter, place.parameter)) return undefined
    const isElsewhere = hasGroups && place.group !== groupOf[i]
    if (isElsewhere) findings.other.push(`${what} is in group ${groupOf[i]} here and in group ${place.group} in the file`)
    return place.key
  })
  const ownNames = new Set(own.map(({ name }) => name))
  const extra = [...places].filter(([name]) => !ownNames.has(name))
  findings.extra.push(...extra.map(([name]) => `${part}.${name}`))
  // L-BFGS has one state for all its parameters, concatenated.
  const isMixed = optimizer.className === 'LBFGS' && own.some(({ name }, i) => name !== saved[i]?.name)
  if (isMixed) findings.other.push(`${part} has its parameters in a different order than the file`)

  const aligned = (): OptimizerStateDict => {
    const present = hasGroups && !keys.includes(undefined) && !isMixed ? undefined : optimizer.stateDict()
    const states = keys.map((key, i) => (key === undefined || isMixed ? present!.state[i] : (state[key] as ParameterState | undefined)))
    return {
      state: Object.fromEntries(states.flatMap((own, i) => (own === undefined ? [] : [[i, own]]))),
      param_groups: optimizer.paramGroups.map(({ paramNames }, g) => {
        const { params: _, param_names: __, ...options } = hasGroups ? groups[g]! : present!.param_groups[g]!
        const params = groupOf.flatMap((group, i) => (group === g ? [i] : []))
        return { ...options, ...(paramNames && { param_names: paramNames }), params }
      }),
    }
  }
  return { dict: aligned, rest: Object.fromEntries(extra.map(([name, { key }]) => [name, state[key]])) }
}
