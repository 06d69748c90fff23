/** Prefixes of names in torch files. A model in `DataParallel` saves `module.0.weight`, a compiled one `_orig_mod.0.weight`. */
import { check, shown } from '../validation/errors.ts'
import { type Dict, isDict } from './dict.ts'

const WRAPPERS = /^(?:(?:module|_orig_mod)\.)*/

/** Returns the wrappers' prefix that all names share; '' without one. */
export function wrapperOf(names: readonly string[]): string {
  const prefixes = names.map((name) => WRAPPERS.exec(name)![0])
  const shortest = prefixes.reduce((a, b) => (b.length < a.length ? b : a), prefixes[0] ?? '')
  return prefixes.every((prefix) => prefix.startsWith(shortest)) ? shortest : ''
}

const strip = (name: string, prefix: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : name)

function stripKeys(dict: Dict, prefix: string): Dict {
  const names = Object.keys(dict)
  const stripped = Object.fromEntries(names.map((name) => [strip(name, prefix), dict[name]]))
  const isSame = Object.keys(stripped).length === names.length
  check(isSame, 'state-mismatch', () => `torchFile.load: names in the file are not distinct without the prefix ${shown(prefix)}`)
  return stripped
}

/** Returns a model's state dict without the prefix, in its names and in its `_metadata`. */
export function stripModel(state: Dict, prefix: string): Dict {
  const stripped = stripKeys(state, prefix)
  const { _metadata: metadata } = state
  const isAttribute = isDict(metadata) && !Object.keys(state).includes('_metadata')
  if (isAttribute) Object.defineProperty(stripped, '_metadata', { value: stripKeys(metadata, prefix) })
  return stripped
}

/** Returns an optimizer's state dict without the prefix in its parameter names. */
export function stripOptimizer(state: Dict, prefix: string): Dict {
  if (!Array.isArray(state.param_groups)) return state
  const groups = state.param_groups.map((group: unknown) => {
    const names = isDict(group) ? group.param_names : undefined
    if (!Array.isArray(names)) return group
    return { ...(group as Dict), param_names: names.map((name) => (typeof name === 'string' ? strip(name, prefix) : name)) }
  })
  return { ...state, param_groups: groups }
}
