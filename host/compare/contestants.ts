/** Who is compared, by what is written on the command line. */
import { check, DownhillError, nearest, shown } from '../validation/errors.ts'
import { type OptimizerName, optimizerNames } from './spaces.ts'

export interface Contestant {
  readonly label: string
  readonly optimizer: OptimizerName
  /** How many before it are the same optimizer: that many copies have other seeds. */
  readonly copy: number
}

/** Of NAME or LABEL=NAME. */
export function contestantsOf(names: readonly string[]): Contestant[] {
  check(names.length > 0, 'option-range', 'there is no optimizer to compare')
  const list: Contestant[] = []
  for (const entry of names) {
    const [label = '', name = label, ...rest] = entry.split('=')
    check(label !== '' && !rest.length, 'option-range', () => `an optimizer is written NAME or LABEL=NAME, not ${shown(entry)}`)
    // Numbers would change their place among the keys of a receipt.
    const how = 'an optimizer is written NAME or LABEL=NAME, and a label does not begin with a digit'
    check(!/^\d/.test(label), 'option-range', () => `${how}: ${shown(entry)}`)
    if (!(optimizerNames as string[]).includes(name)) {
      const meant = nearest(name, optimizerNames)
      const hint = meant ? `did you mean ${meant}?` : `there are ${optimizerNames.join(', ')}`
      throw new DownhillError('option-range', `there is no optimizer ${shown(name)}; ${hint}`)
    }
    const optimizer = name as OptimizerName
    check(
      list.every((other) => other.label !== label),
      'option-range',
      () => `two optimizers are called ${label}; give them labels, as in A=${name},B=${name}`,
    )
    list.push({ label, optimizer, copy: list.filter((other) => other.optimizer === optimizer).length })
  }
  return list
}
