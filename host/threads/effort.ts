/**
 * Decides what is worth handing over, by what it gained so far. On a machine that is busy with other things, a worker that lost its processor
 * holds a part for milliseconds; then the caller hands over only now and then, until that saves time again.
 */

/** Weight of one job in the mean gain. */
const WEIGHT = 1 / 16

/** Least gain that a job counts with: three times the time alone. A worker that stood still for longer says little of the next job. */
const WORST = -2

/** While handing over loses time, one of so many calls is handed over to see whether it still does; the number doubles each time it does. */
const FIRST_PROBE = 4
const LAST_PROBE = 256

/** A mean gain that shows that the machine is quiet again. */
const STEADY = 0.15

/** Gains of calls of about the same length. */
interface Gains {
  /** Mean of the share of its time that a job saved. */
  gain: number
  /** Calls to decline before the next probe. */
  rest: number
  probe: number
}

export class Effort {
  /** By the power of two of a call's length in `least`; the last for all longer ones too. */
  readonly #records: Gains[] = Array.from({ length: 32 }, () => ({ gain: 0, rest: 0, probe: FIRST_PROBE }))
  /** That of the last call. */
  #last = this.#records[0]!

  /**
   * @param least nanoseconds that a part must take
   * @param adapts whether it hands over less on a busy machine
   */
  constructor(
    readonly least: number,
    readonly adapts = true,
  ) {}

  /** Whether a call of some nanoseconds is better computed by the caller alone. */
  declines(ns: number): boolean {
    if (ns < 2 * this.least) return true
    // clz32 takes its argument modulo 2³².
    const last = this.#records[31 - Math.clz32(Math.min(ns / this.least, 2 ** 31))]!
    this.#last = last
    return last.gain < 0 && --last.rest > 0
  }

  /** Notes how long the last call that was not declined would have taken the caller alone, and how long it took. */
  note(alone: number, together: number): void {
    if (!this.adapts || alone === 0) return
    const last = this.#last
    const gain = Math.max(1 - together / alone, WORST)
    if (last.gain >= 0) last.gain += WEIGHT * (gain - last.gain)
    else if (gain > 0) last.gain = 0
    if (last.gain > STEADY) last.probe = FIRST_PROBE
    if (last.gain >= 0) return
    last.rest = last.probe
    last.probe = Math.min(2 * last.probe, LAST_PROBE)
  }
}
