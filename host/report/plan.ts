/** The protocol of a comparison as text. */
import type { Problem } from '../compare/problem.ts'
import type { Protocol } from '../compare/report.ts'
import { counted } from '../compare/shown.ts'
import type { Range, Space } from '../compare/spaces.ts'
import { aligned } from './terminal.ts'

/** Returns a range or a choice: '0.0003 … 1', '0 or 0.9'. */
export function rangeText(range: Range): string {
  if ('log' in range) return range.log.join(' … ')
  const values = range.values.map((value) => (Array.isArray(value) ? `(${value.join(', ')})` : String(value)))
  return values.join(' or ')
}

/** Returns a search space: 'lr 0.0003 … 1; momentum 0 or 0.9'. */
export function spaceText(space: Space): string {
  return Object.entries(space)
    .map(([name, range]) => `${name} ${rangeText(range)}`)
    .join('; ')
}

/** Returns the plan: '6 optimizers, 24 trials each, then the best of each over 10 seeds; runs of 40 epochs, cosine; 2 at a time'. */
export function planSentence({ seeds, trials, epochs, steps, schedule, spaces }: Protocol, workers: number): string {
  const length = epochs === undefined ? counted(steps ?? 0, 'step') : counted(epochs, 'epoch')
  const optimizers = counted(Object.keys(spaces).length, 'optimizer')
  const over = counted(seeds.length, 'seed')
  return `${optimizers}, ${counted(trials, 'trial')} each, then the best of each over ${over}; runs of ${length}, ${schedule}; ${workers} at a time`
}

export function planText({ facts }: Problem, protocol: Protocol, workers: number): string {
  const rows = facts.rows ? `${counted(facts.rows, 'row')}, ` : ''
  const features = facts.features ? `${counted(facts.features, 'feature')}, ` : ''
  return [
    `${facts.name}: ${rows}${features}${facts.kind}`,
    planSentence(protocol, workers),
    ...aligned(
      Object.entries(protocol.spaces).map(([label, space]) => [`  ${label}`, spaceText(space)]),
      'll',
    ),
    '',
  ].join('\n')
}
