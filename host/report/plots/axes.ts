/** Scales, their clipping, and their ticks. */
import { type ScaleLinear, type ScaleLogarithmic, scaleLinear, scaleLog } from 'd3-scale'
import { shownNumber } from '../../compare/shown.ts'

export type Scale = ScaleLinear<number, number> | ScaleLogarithmic<number, number>

export interface Tick {
  readonly at: number
  readonly text: string
}

/** Returns the range of some values, never empty. */
function extent(values: readonly number[], isLog: boolean): [number, number] {
  const [low, high] = values.reduce(([l, h], value) => [Math.min(l, value), Math.max(h, value)], [Infinity, -Infinity])
  if (low > high) return [isLog ? 0.1 : 0, 1]
  if (low < high) return [low, high]
  return isLog ? [low / 2, low * 2] : low === 0 ? [-1, 1] : [low - Math.abs(low) / 10, low + Math.abs(low) / 10]
}

/** Returns a scale for some values, with a margin on both sides as a fraction of its length. */
export function scaleFor(values: readonly number[], range: readonly [number, number], { isLog = false, margin = 0.04 } = {}): Scale {
  const domain = extent(values, isLog)
  const scale = isLog ? scaleLog(domain, range) : scaleLinear(domain, range)
  const by = margin * (range[1] - range[0])
  const wider = [scale.invert(range[0] - by), scale.invert(range[1] + by)]
  // Near the limits of float64 there is no larger number.
  return wider.every((value) => Number.isFinite(value) && (!isLog || value > 0)) ? scale.domain(wider) : scale
}

/**
 * Returns the worst value that an axis shows: the worst of all, unless a few outliers, up to a fraction, would compress the others into less than a
 * third of it.
 */
export function worstShown(values: readonly number[], worst: 'low' | 'high', share: number, isLog = false): number {
  const [low, high] = extent(values, isLog)
  const domain = worst === 'low' ? [low, high] : [high, low]
  const scale: Scale = isLog ? scaleLog(domain, [0, 1]) : scaleLinear(domain, [0, 1])
  const places = values.map((value) => scale(value)).sort((a, b) => a - b)
  const place = places[Math.floor(share * places.length)] ?? 0
  return place > 2 / 3 ? scale.invert(place - 0.2 * (1 - place)) : domain[0]!
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('-0123456789', (digit, i) => [digit, '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'[i]!]),
)

function power(value: number): string {
  const [, exponent] = value.toExponential(0).split('e')
  return value >= 0.01 && value <= 1000
    ? String(value)
    : `10${Array.from(exponent!.replace('+', ''), (character) => SUPERSCRIPTS[character]).join('')}`
}

/** Returns at most about `count` ticks. */
export function ticks(scale: Scale, count: number, isPercent = false): Tick[] {
  const [low = 0, high = 1] = scale.domain()
  if ('base' in scale) {
    const powers = scale.ticks(40).filter((value) => value.toExponential().startsWith('1e'))
    const every = Math.ceil(powers.length / count)
    const kept = powers.filter((_, i) => (powers.length - 1 - i) % every === 0)
    if (kept.length > 1) return kept.map((at) => ({ at, text: power(at) }))
    return scaleLinear([low, high], [0, 1])
      .ticks(count)
      .map((at) => ({ at, text: shownNumber(at) }))
  }
  const largest = Math.max(Math.abs(low), Math.abs(high))
  const format = scale.tickFormat(count, isPercent ? '%' : largest < 1e-3 || largest >= 1e6 ? 'e' : undefined)
  return scale.ticks(count).map((at) => ({ at, text: format(at).replace('%', ' %') }))
}

/**
 * Moves positions apart until there is a gap between any two, in their order and as little as possible: isotonic regression of the positions minus
 * their gaps, which pools neighbors that would overlap.
 */
export function apart(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!)
  const pools: { sum: number; members: number[] }[] = []
  for (const [k, i] of order.entries()) {
    let pool = { sum: wanted[i]! - k * gap, members: [i] }
    for (let last = pools.at(-1); last && last.sum / last.members.length > pool.sum / pool.members.length; last = pools.at(-1)) {
      pools.pop()
      pool = { sum: last.sum + pool.sum, members: [...last.members, ...pool.members] }
    }
    pools.push(pool)
  }
  const settled = pools.flatMap(({ sum, members }) => members.map(() => sum / members.length))
  const most = Math.max(low, high - (wanted.length - 1) * gap)
  const result = [...wanted]
  for (const [k, i] of order.entries()) result[i] = Math.min(most, Math.max(low, settled[k]!)) + k * gap
  return result
}
