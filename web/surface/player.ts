/** Steps all optimizers at the requested speed, limited by the time that the page has per frame. */
import type { Arena } from '../../host/index.ts'
import type { Setup } from './link.ts'
import { Run } from './run.ts'
import type { Ground } from './surfaces.ts'

/** Time budget of the steps in a frame. */
const BUDGET_MS = 10

export class Player {
  runs: Run[] = []
  at = 0
  isPlaying = false
  speed = 40
  #steps = 0
  #target = 0
  #owed = 0
  #before = 0
  #frame = 0

  constructor(
    private readonly arena: Arena,
    private readonly changed: () => void,
  ) {}

  /** Restarts all runs and advances them to step `at` without animation. */
  rebuild(ground: Ground, { racers, start, steps, speed }: Pick<Setup, 'racers' | 'start' | 'steps' | 'speed'>, at: number): void {
    this.#clear()
    this.runs = racers.map((racer) => new Run(this.arena, ground, racer, start))
    this.at = 0
    this.speed = speed
    this.#steps = steps
    this.#target = Math.min(at, steps)
    this.#advance()
    this.changed()
    this.#wake()
  }

  get steps(): number {
    return this.#steps
  }

  /** Whether the runs are still before the target step. */
  get isBehind(): boolean {
    return this.at < this.#target
  }

  /** The target step. */
  get aim(): number {
    return this.#target
  }

  play(): void {
    this.isPlaying = true
    this.#owed = 0
    this.#before = 0
    this.#wake()
    this.changed()
  }

  pause(): void {
    this.isPlaying = false
    this.#target = this.at
    this.changed()
  }

  step(): void {
    this.isPlaying = false
    this.#target = Math.min(this.#steps, this.at + 1)
    this.#wake()
    this.changed()
  }

  #wake(): void {
    if (!this.#frame && (this.isPlaying || this.isBehind)) this.#frame = requestAnimationFrame((now) => this.#tick(now))
  }

  #tick(now: number): void {
    this.#frame = 0
    if (this.isPlaying) {
      const passed = this.#before ? Math.min(0.25, (now - this.#before) / 1000) : 0
      this.#before = now
      this.#owed += passed * this.speed
      const whole = Math.floor(this.#owed)
      this.#owed -= whole
      this.#target = Math.min(this.#steps, this.#target + whole)
    }
    this.#advance()
    if (this.isPlaying && this.at >= this.#steps) this.isPlaying = false
    this.changed()
    this.#wake()
  }

  #advance(): void {
    const until = performance.now() + BUDGET_MS
    while (this.at < this.#target && performance.now() < until) {
      for (const run of this.runs) run.step()
      this.at++
    }
  }

  #clear(): void {
    for (const run of this.runs) run.dispose()
    this.runs = []
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.isPlaying = false
    this.#clear()
  }
}
