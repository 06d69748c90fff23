/** What a comparison comes to, in two sentences that are no more certain than its intervals. */
import type { Comparison, Protocol, Report, Result } from './report.ts'
import { bareDifference, listed, shownMetric, shownNumber, shownOption } from './shown.ts'
import type { Schedule } from './spaces.ts'

type Known = Pick<Report, 'metric' | 'protocol' | 'results' | 'ranking' | 'comparisons'>

function scheduleText(schedule: Schedule): string {
  return schedule === 'constant' ? 'kept constant' : `with a ${schedule} schedule down to 0`
}

/** Which optimizer to start with; null if all failed. */
export function recommend({ metric, protocol, results, ranking, comparisons }: Known): Report['recommendation'] {
  const [best] = results
  if (!best || best.value === null) return null
  const { label, lr } = best
  const first = ranking[0]!
  const options = Object.entries(best.options).map(([name, value]) => `${name} ${shownOption(value)}`)
  const at = `${label} at learning rate ${shownNumber(lr)}${options.length ? ` (${options.join(', ')})` : ''}, ${scheduleText(protocol.schedule)}`
  const reached = `${metric.name} ${shownMetric(metric.name, best.value)}`
  const text = [
    first.length > 1
      ? `Start with ${at}: it reached ${reached}, but no difference to ${listed(first.filter((other) => other !== label))} could be detected, and nothing measured speaks against starting with ${first.length > 2 ? 'one of those' : 'that'}.`
      : `Start with ${at}: it reached ${reached}${lead(label, metric.name, results, comparisons)}.`,
    `What could change this: ${doubts(best, protocol, first).join('; ')}.`,
  ].join(' ')
  return { optimizer: label, lr, schedule: protocol.schedule, text }
}

/** By how much it is ahead of the next, with the interval. */
function lead(label: string, name: string, results: readonly Result[], comparisons: readonly Comparison[]): string {
  const [, second] = results
  if (!second) return '; nothing else was tried'
  if (second.value === null) return '; all others failed'
  const found = comparisons.find(({ a, b }) => a === label && b === second.label)
  if (!found) return ''
  const [low, high] = found.interval.map((end) => bareDifference(name, end))
  const unit = name === 'accuracy' ? ' percentage points' : ''
  return `, ahead of ${second.label} by ${bareDifference(name, found.difference)}${unit} (${low} to ${high})`
}

function doubts(best: Result, { seeds, trials, spaces }: Protocol, first: readonly string[]): string[] {
  const [low, high] = spaces[best.label]!.lr.log
  // Within an eighth of the range, on its log scale.
  const near = Math.sqrt(Math.sqrt(Math.sqrt(high / low)))
  const isAtEdge = best.lr > high / near || best.lr < low * near
  return [
    ...(isAtEdge ? [`learning rates beyond ${best.lr > Math.sqrt(low * high) ? high : low}, the end of what was tried`] : []),
    ...(first.length > 1 ? [`more seeds than ${seeds.length}, which could tell some of them apart`] : []),
    ...(trials < 10 ? [`more trials than ${trials}`] : []),
    'another model, batch size or length of training, for which the comparison is to be run again',
  ]
}
