/** Line search for a step length that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6). */

/** Value and slope along the direction at a step length. `gradient` identifies the gradient there. */
export interface Point<G> {
  readonly t: number
  readonly value: number
  readonly slope: number
  readonly gradient: G
}

const C1 = 1e-4
const C2 = 0.9

// Python's min and max, which return their first argument if it is NaN.
const least = (a: number, b: number) => (b < a ? b : a)
const most = (a: number, b: number) => (b > a ? b : a)

/** Returns the minimum of the cubic through two points, within bounds. */
function cubicMinimum(a: Point<unknown>, b: Point<unknown>, bounds?: readonly [number, number]): number {
  const [low, high] = bounds ?? (a.t <= b.t ? [a.t, b.t] : [b.t, a.t])
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.t - b.t)
  const square = d1 * d1 - a.slope * b.slope
  if (!(square >= 0)) return (low + high) / 2
  const d2 = Math.sqrt(square)
  const at =
    a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
  return least(most(at, low), high)
}

/**
 * Searches for a step length that satisfies the strong Wolfe conditions, starting at `first`. `evaluate` returns the point at a step length,
 * and receives the earlier points still in use; `largest` is the largest component of the direction.
 *
 * @returns the point, and the number of calls of `evaluate`
 */
export function strongWolfe<G>(
  start: Point<G>,
  first: number,
  largest: number,
  toleranceChange: number,
  maxIterations: number,
  evaluate: (t: number, ...inUse: Point<G>[]) => Point<G>,
): { point: Point<G>; evaluations: number } {
  const slope = start.slope
  const rises = (point: Point<G>) => point.value > start.value + C1 * point.t * slope
  const isFlat = (point: Point<G>) => Math.abs(point.slope) <= -C2 * slope
  let now = evaluate(first, start)
  let evaluations = 1
  let before = start
  let iteration = 0
  let bracket: [Point<G>, Point<G>] | undefined
  while (iteration < maxIterations) {
    if (rises(now) || (iteration > 1 && now.value >= before.value)) {
      bracket = [before, now]
      break
    }
    if (isFlat(now)) return { point: now, evaluations }
    if (now.slope >= 0) {
      bracket = [before, now]
      break
    }
    const bounds = [now.t + 0.01 * (now.t - before.t), now.t * 10] as const
    const next = cubicMinimum(before, now, bounds)
    before = now
    now = evaluate(next, start, before)
    evaluations++
    iteration++
  }
  bracket ??= [start, now]
  let insufficient = false
  let [low, high] = bracket[0].value <= bracket[1].value ? [0, 1] : [1, 0]
  while (iteration < maxIterations) {
    const [a, b] = bracket
    if (Math.abs(b.t - a.t) * largest < toleranceChange) break
    let t = cubicMinimum(a, b)
    const right = most(a.t, b.t)
    const left = least(a.t, b.t)
    const margin = 0.1 * (right - left)
    if (least(right - t, t - left) < margin) {
      if (insufficient || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin
        insufficient = false
      } else insufficient = true
    } else insufficient = false
    now = evaluate(t, a, b)
    evaluations++
    iteration++
    if (rises(now) || now.value >= bracket[low as 0]!.value) {
      bracket[high as 0] = now
      ;[low, high] = bracket[0].value <= bracket[1].value ? [0, 1] : [1, 0]
      continue
    }
    if (isFlat(now)) {
      bracket[low as 0] = now
      break
    }
    if (now.slope * (bracket[high as 0]!.t - bracket[low as 0]!.t) >= 0) bracket[high as 0] = bracket[low as 0]!
    bracket[low as 0] = now
  }
  return { point: bracket[low as 0]!, evaluations }
}
