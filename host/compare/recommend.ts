/** Recommendation: the result in two sentences that claim no more than the intervals support. */
import type { Comparison, ProblemFacts, Protocol, Report, Result } from './report.ts'
import { bareDifference, listed, shownMetric, shownNumber, shownOption } from './shown.ts'
import type { Schedule } from './spaces.ts'
import { isDetected } from './statistics.ts'

type Known = Pick<Report, 'metric' | 'protocol' | 'results' | 'comparisons'> & { readonly problem: ProblemFacts }

function scheduleText(schedule: Schedule): string {
  return schedule === 'constant' ? 'constant' : `with a ${schedule} schedule down to 0`
}

/** Returns the recommended optimizer; null if all failed. */
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
      ? `Start with ${at}: it reached ${reached}. ${listed(others, 'and')} ${others.length > 1 ? 'were' : 'was'} statistically indistinguishable from it; ${others.length > 1 ? 'any of them is a reasonable start' : 'it is a reasonable start too'}.`
      : `Start with ${at}: it reached ${reached}${lead(label, metric.name, results, comparisons)}.`,
    `What could change this: ${doubts(best, problem, metric.name, protocol, others).join('; ')}.`,
  ].join(' ')
  return { optimizer: label, lr, schedule: protocol.schedule, text }
}

/** Returns the lead over the second-best optimizer, with its interval. */
function lead(label: string, name: string, results: readonly Result[], comparisons: readonly Comparison[]): string {
  const [, second] = results
  if (!second) return '; it was the only optimizer'
  if (second.value === null) return '; all others failed'
  const found = comparisons.find(({ a, b }) => a === label && b === second.label)
  if (!found) return ''
  const [low, high] = found.interval.map((end) => bareDifference(name, end))
  const unit = name === 'accuracy' ? ' percentage points' : ''
  return `, ahead of ${second.label} by ${bareDifference(name, found.difference)}${unit} (${low} to ${high})`
}

/** Whether a difference was detected. With one run each there are no intervals. */
function isToldFrom(label: string, other: string, comparisons: readonly Comparison[]): boolean {
  const found = comparisons.find(({ a, b }) => (a === label && b === other) || (a === other && b === label))
  return found !== undefined && isDetected(found)
}

/** Test sets smaller than this have little power. */
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
    ...(metric === 'R²' && best.value! <= 0
      ? ['a better model or better data, because predicting the mean is better than this result']
      : []),
    ...(isTable && split.test > 0 && split.test < FEW_ROWS ? [`other test rows than these ${split.test}`] : []),
    ...(isAtEdge
      ? [`learning rates beyond ${shownNumber(best.lr > Math.sqrt(low * high) ? high : low)}, the end of the search space`]
      : []),
    ...(others.length ? [`more than ${seeds.length} seeds, which might separate them`] : []),
    ...(trials < 10 ? [`more than ${trials} trials`] : []),
    'another model, batch size or training length, which needs a comparison of its own',
  ]
}
