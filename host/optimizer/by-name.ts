/** Parameters divided into groups by their names. */

import { Parameter } from '../memory/tensor.ts'
import { check, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { entriesOf, type GroupInit, groupsOf, isPair, type Params } from './groups.ts'

/** Splits groups so that the parameters of each get the same further options; groups come in the order of their first parameters. */
function split<O extends object>(
  by: string,
  params: Params<O>,
  optionsOf: (name: string, parameter: Parameter) => Partial<O>,
): GroupInit<O>[] {
  return groupsOf(by, params).flatMap((group) => {
    const { params: _, ...own } = group
    const groups = new Map<string, GroupInit<O> & { params: [string, Parameter][] }>()
    for (const entry of namedEntries(by, group)) {
      const further = optionsOf(...entry)
      const key = Object.entries(further).flat().map(String).join()
      const part = groups.get(key) ?? { ...(own as Partial<O>), ...further, params: [] }
      groups.set(key, part)
      part.params.push(entry)
    }
    return [...groups.values()]
  })
}

function namedEntries<O>(by: string, group: GroupInit<O>): [string, Parameter][] {
  const entries = entriesOf(by, group)
  const unnamed = 'takes parameters with their names, as model.namedParameters() gives them'
  for (const entry of entries) check(isPair(entry) && entry[1] instanceof Parameter, 'params-invalid', `${by} ${unnamed}`)
  return entries as [string, Parameter][]
}

/**
 * Groups by name: parameters whose names a pattern matches get its options; where several match, later ones win.
 *
 * @param params parameters with their names, or groups of them
 * @throws `params-invalid` if parameters have no names, or a pattern matches none
 * @example
 * const model = new nn.Sequential(new nn.Linear(arena, 4, 8), new nn.Tanh(), new nn.Linear(arena, 8, 2))
 * const groups = downhill.groupsByName(model.namedParameters(), [[/^2\./, { lr: 0.01 }], [/bias$/, { weightDecay: 0 }]])
 * const optimizer = new downhill.AdamW(groups, { lr: 0.1 })
 * optimizer.paramGroups.map(({ lr, weightDecay }) => [lr, weightDecay]) // [[0.1,0.01],[0.1,0],[0.01,0.01],[0.01,0]]
 */
export function groupsByName<O extends object>(
  params: Params<NoInfer<O>>,
  patterns: readonly (readonly [pattern: RegExp, options: Partial<O>])[],
): GroupInit<O>[] {
  const isPattern = (pair: unknown) =>
    Array.isArray(pair) && pair[0] instanceof RegExp && typeof pair[1] === 'object' && !('params' in pair[1])
  const arePairs = Array.isArray(patterns) && patterns.every(isPattern)
  check(arePairs, 'option-range', () => `groupsByName takes [[pattern, options], …], not ${shown(patterns)}`)
  const used = new Set<RegExp>()
  const groups = split('groupsByName', params, (name) => {
    const matching = patterns.filter(([pattern]) => name.search(pattern) >= 0)
    for (const [pattern] of matching) used.add(pattern)
    return Object.assign({}, ...matching.map(([, options]) => options))
  })
  const idle = patterns.find(([pattern]) => !used.has(pattern))
  check(!idle, 'params-invalid', () => `groupsByName: no parameter has a name that matches ${idle![0]}`)
  return groups
}

const UNDECAYED = /bias|norm/i

/**
 * Groups in which biases and the weights of normalisations (parameters of one axis or none, and those with `bias` or `norm` in their names)
 * have no weight decay.
 *
 * @throws `params-invalid` if parameters have no names
 * @example
 * const model = new nn.Linear(arena, 4, 8)
 * const optimizer = new downhill.AdamW(downhill.noDecay(model.namedParameters()), { weightDecay: 0.1 })
 * optimizer.paramGroups.map(({ weightDecay }) => weightDecay) // [0.1,0]
 */
export function noDecay<O extends { weightDecay: number }>(params: Params<NoInfer<O>>): GroupInit<O>[] {
  const none = { weightDecay: 0 } as Partial<O>
  return split('noDecay', params, (name, { shape }) => (shape.length < 2 || UNDECAYED.test(name) ? none : {}))
}

/** Options of {@link layerwiseLr}. */
export interface LayerwiseOptions {
  /** Learning rate of the last layer. */
  readonly lr: number
  /** Each layer has that of the one after it times this. */
  readonly decay: number
  /** What of a name says to which layer it belongs. Default: all before the last dot, so that each module is a layer. */
  readonly layer?: RegExp
}

/**
 * Groups whose learning rates fall from the last layer to the first, as in the fine-tuning of language models (Howard and Ruder 2018). Layers
 * are in the order of their first parameters.
 *
 * @throws `params-invalid` if parameters have no names, `option-range`
 * @example
 * const model = new nn.Sequential(new nn.Linear(arena, 4, 8), new nn.Tanh(), new nn.Linear(arena, 8, 2))
 * const optimizer = new downhill.AdamW(downhill.layerwiseLr(model.namedParameters(), { lr: 0.1, decay: 0.5 }))
 * optimizer.paramGroups.map(({ lr }) => lr) // [0.05,0.1]
 */
export function layerwiseLr<O extends { lr: number }>(params: Params<NoInfer<O>>, options: LayerwiseOptions): GroupInit<O>[] {
  checkNames('layerwiseLr', ['lr', 'decay', 'layer'], options)
  const { lr, decay, layer = /^.*(?=\.)/ } = options
  check(Number.isFinite(lr) && lr >= 0, 'option-range', () => `layerwiseLr: lr must be a number in [0, ∞), not ${shown(lr)}`)
  check(Number.isFinite(decay) && decay > 0, 'option-range', () => `layerwiseLr: decay must be a number in (0, ∞), not ${shown(decay)}`)
  check(layer instanceof RegExp, 'option-range', () => `layerwiseLr: layer must be a regular expression, not ${shown(layer)}`)
  const groups = groupsOf<O>('layerwiseLr', params).map((group) => ({ ...group, params: namedEntries('layerwiseLr', group) }))
  const layerOf = (name: string) => name.match(layer)?.[0] ?? name
  const layers = new Set(groups.flatMap((group) => group.params.map(([name]) => layerOf(name))))
  let rate = lr
  const rates = new Map<string, number>()
  for (const name of [...layers].reverse()) {
    rates.set(name, rate)
    rate *= decay
  }
  return split<O>('layerwiseLr', groups, (name) => ({ lr: rates.get(layerOf(name)) }) as Partial<O>)
}
