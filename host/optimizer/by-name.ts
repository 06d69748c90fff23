/** Parameter groups by name. */

import { Parameter } from '../memory/tensor.ts'
import { check, checkRange, shown } from '../validation/errors.ts'
import { checkNames } from '../validation/options.ts'
import { entriesOf, type GroupInit, groupsOf, isPair, type Params } from './groups.ts'

/** Splits groups by the options that `optionsOf` adds to each parameter. New groups are in the order of their first parameters. */
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
  const unnamed = 'parameters must have names, as from model.namedParameters()'
  for (const entry of entries) check(isPair(entry) && entry[1] instanceof Parameter, 'params-invalid', `${by}: ${unnamed}`)
  return entries as [string, Parameter][]
}

/**
 * Groups parameters by name. A parameter gets the options of the patterns that match its name; later patterns override earlier ones.
 *
 * @param params named parameters, or groups of them
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
  check(arePairs, 'option-range', () => `groupsByName: patterns must be [[pattern, options], …], got ${shown(patterns)}`)
  const used = new Set<RegExp>()
  const groups = split('groupsByName', params, (name) => {
    const matching = patterns.filter(([pattern]) => name.search(pattern) >= 0)
    for (const [pattern] of matching) used.add(pattern)
    return Object.assign({}, ...matching.map(([, options]) => options))
  })
  const idle = patterns.find(([pattern]) => !used.has(pattern))
  check(!idle, 'params-invalid', () => `groupsByName: no parameter name matches ${idle![0]}`)
  return groups
}

const UNDECAYED = /bias|norm/i

/**
 * Sets the weight decay of biases and normalization weights to 0: parameters with at most one axis, and those with `bias` or `norm` in their
 * names.
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
  /** Factor from each layer's learning rate to that of the layer before it. */
  readonly decay: number
  /** The part of a name that identifies its layer. Default: everything before the last dot, so that each module is a layer. */
  readonly layer?: RegExp
}

/**
 * Decreases learning rates from the last layer to the first, as for fine-tuning language models (Howard and Ruder 2018). Layers are in the
 * order of their first parameters.
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
  checkRange(Number.isFinite(lr) && lr >= 0, 'layerwiseLr', 'lr', 'a number in [0, ∞)', lr)
  checkRange(Number.isFinite(decay) && decay > 0, 'layerwiseLr', 'decay', 'a number in (0, ∞)', decay)
  checkRange(layer instanceof RegExp, 'layerwiseLr', 'layer', 'a regular expression', layer)
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
