/** What a comparison declares before anything runs. */
import type { Problem } from '../compare/problem.ts'
import type { Protocol } from '../compare/report.ts'
import type { Range, Space } from '../compare/spaces.ts'
import { aligned } from './terminal.ts'

/** '0.0003 … 1', '0 or 0.9' */
export function rangeText(range: Range): string {
  if ('log' in range) return range.log.join(' … ')
  const values = range.values.map((value) => (Array.isArray(value) ? `(${value.join(', ')})` : String(value)))
  return values.join(' or ')
}

/** 'lr 0.0003 … 1; momentum 0 or 0.9' */
export function spaceText(space: Space): string {
  return Object.entries(space)
    .map(([name, range]) => `${name} ${rangeText(range)}`)
    .join('; ')
}

export function planText({ facts }: Problem, protocol: Protocol, workers: number): string {
  const { seeds, trials, epochs, steps, schedule, spaces } = protocol
  const labels = Object.keys(spaces)
  const rows = facts.rows ? `${facts.rows} rows, ` : ''
  const each = epochs === undefined ? `${steps} steps` : `${epochs} epoch${epochs === 1 ? '' : 's'}`
  return [
    `${facts.name}: ${rows}${facts.features ? `${facts.features} features, ` : ''}${facts.kind}`,
    `${labels.length} optimizers, ${trials} trials each, then the best of each over ${seeds.length} seed${seeds.length === 1 ? '' : 's'}; runs of ${each}, ${schedule}; ${workers} at a time`,
    ...aligned(
      labels.map((label) => [`  ${label}`, spaceText(spaces[label]!)]),
      'll',
    ),
    '',
  ].join('\n')
}
