/**
 * Decides what is worth handing over. On a machine that is busy with other things, a worker that lost its processor holds a part for
 * milliseconds; then only longer calls are handed over, until it gets better.
 */

/** How often the least worth may double. */
const MOST = 6

/** A job is late if the caller waits for it longer than it worked itself, and longer than this, in milliseconds. */
const LATE = 0.03

/** After so many jobs in time, the worth halves. */
const GOOD = 32

/** One of so many declined calls is handed over anyway, to notice that the machine has become quiet. */
const PROBE = 256

export class Effort {
  #worth: number
  #inTime = 0
  #declined = 0

  /**
   * @param least nanoseconds that a part must take on a quiet machine
   * @param adapts whether it must take more on a busy one
   */
  constructor(
    readonly least: number,
    readonly adapts = true,
  ) {
    this.#worth = least
  }

  /** Whether a call of some nanoseconds is better computed by the caller alone. */
  declines(ns: number): boolean {
    if (ns >= 2 * this.#worth) return false
    return ns < 2 * this.least || ++this.#declined % PROBE !== 0
  }

  /** Notes how many milliseconds the caller worked on a job and waited for its end. */
  note(worked: number, waited: number): void {
    if (!this.adapts) return
    if (waited > LATE && waited > worked) {
      this.#worth = Math.min(2 * this.#worth, this.least * 2 ** MOST)
      this.#inTime = 0
    } else if (++this.#inTime === GOOD) {
      this.#worth = Math.max(this.#worth / 2, this.least)
      this.#inTime = 0
    }
  }
}
