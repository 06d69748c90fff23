/** What a comparison comes to, in two sentences that are no more certain than its intervals. */
import type { Comparison, ProblemFacts, Protocol, Report, Result } from './report.ts'
import { bareDifference, listed, shownMetric, shownNumber, shownOption } from './shown.ts'
import type { Schedule } from './spaces.ts'
import { isDetected } from './statistics.ts'

type Known = Pick<Report, 'metric' | 'protocol' | 'results' | 'comparisons'> & { readonly problem: ProblemFacts }

function scheduleText(schedule: Schedule): string {
  return schedule === 'constant' ? 'kept constant' : `with a ${schedule} schedule down to 0`
}

/** Which optimizer to start with; null if all failed. */
export function recommend({ problem, metric, protocol, results, comparisons }: Known): Report['recommendation'] {
  const [best] = results
  if (!best || best.value === null) return null
  const { label, lr } = best
  const equals = results.filter((other) => other !== best && other.value !== null && !isToldFrom(label, other.label, comparisons))
  const options = Object.entries(best.options).map(([name, value]) => `${name} ${shownOption(value)}`)
  const at = `${label} at learning rate ${shownNumber(lr)}${options.length ? ` (${options.join(', ')})` : ''}, ${scheduleText(protocol.schedule)}`
  const reached = `${metric.name} ${shownMetric(metric.name, best.value)}`
  const others = equals.map((other) => other.label)
  const text = [
    others.length
      ? `Start with ${at}: it reached ${reached}, but no difference to ${listed(others, 'or')} could be detected, and nothing measured speaks against starting with ${others.length > 1 ? 'one of those' : 'that'}.`
      : `Start with ${at}: it reached ${reached}${lead(label, metric.name, results, comparisons)}.`,
    `What could change this: ${doubts(best, problem, metric.name, protocol, others).join('; ')}.`,
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

/** Whether a difference was detected; with one run each nothing was looked for. */
function isToldFrom(label: string, other: string, comparisons: readonly Comparison[]): boolean {
  const found = comparisons.find(({ a, b }) => (a === label && b === other) || (a === other && b === label))
  return found !== undefined && isDetected(found)
}

/** Fewer rows than this judge little. */
const FEW_ROWS = 50

function doubts(
  best: Result,
  { kind, split }: ProblemFacts,
  metric: string,
  { seeds, trials, spaces }: Protocol,
  others: readonly string[],
): string[] {
  const [low, high] = spaces[best.label]!.lr.log
  // Within an eighth of the range, on its log scale.
  const near = Math.sqrt(Math.sqrt(Math.sqrt(high / low)))
  const isAtEdge = best.lr > high / near || best.lr < low * near
  const isTable = kind === 'classification' || kind === 'regression'
  return [
    ...(metric === 'R²' && best.value! <= 0 ? ['a model or data from which anything is learned: the mean predicts better'] : []),
    ...(isTable && split.test > 0 && split.test < FEW_ROWS ? [`other test rows than these ${split.test}`] : []),
    ...(isAtEdge ? [`learning rates beyond ${shownNumber(best.lr > Math.sqrt(low * high) ? high : low)}, the end of what was tried`] : []),
    ...(others.length ? [`more seeds than ${seeds.length}, which could tell some of them apart`] : []),
    ...(trials < 10 ? [`more trials than ${trials}`] : []),
    'another model, batch size or length of training, for which the comparison is to be run again',
  ]
}
