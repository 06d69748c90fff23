/** Parses the optimizers to compare, as written on the command line. */
import { check, DownhillError, nearest, shown } from '../validation/errors.ts'
import { type OptimizerName, optimizerNames } from './spaces.ts'

export interface Contestant {
  readonly label: string
  readonly optimizer: OptimizerName
  /** Number of earlier contestants with the same optimizer: repeated copies get other seeds. */
  readonly copy: number
}

/** Parses NAME or LABEL=NAME. */
export function contestantsOf(names: readonly string[]): Contestant[] {
  check(names.length > 0, 'option-range', 'at least one optimizer must be named')
  const list: Contestant[] = []
  for (const entry of names) {
    const [label = '', name = label, ...rest] = entry.split('=')
    check(label !== '' && !rest.length, 'option-range', () => `an optimizer must be NAME or LABEL=NAME, got ${shown(entry)}`)
    // Objects would reorder keys that are numbers, and a receipt's order would change.
    const how = 'an optimizer must be NAME or LABEL=NAME, with a label that does not begin with a digit'
    check(!/^\d/.test(label), 'option-range', () => `${how}: ${shown(entry)}`)
    if (!(optimizerNames as string[]).includes(name)) {
      const meant = nearest(name, optimizerNames)
      const hint = meant ? `did you mean ${meant}?` : `the optimizers are ${optimizerNames.join(', ')}`
      throw new DownhillError('option-range', `unknown optimizer ${shown(name)}; ${hint}`)
    }
    const optimizer = name as OptimizerName
    check(
      list.every((other) => other.label !== label),
      'option-range',
      () => `two optimizers have the label ${label}; give them different ones, as in A=${name},B=${name}`,
    )
    list.push({ label, optimizer, copy: list.filter((other) => other.optimizer === optimizer).length })
  }
  return list
}
