/** Controls of the animation: play, pause, one step, reset, speed, steps; and the link to the current state. */
import { h } from '../element.ts'
import { MOST_STEPS, type Setup } from './link.ts'
import type { Player } from './player.ts'
import { logarithmic } from './scales.ts'

const speeds = logarithmic(1, 500, false)

interface Actions {
  play(): void
  pause(): void
  step(): void
  reset(): void
  change(part: Partial<Setup>): void
  /** Returns the address of the current state. */
  link(): string
}

export class Transport {
  readonly element: HTMLElement
  readonly #play: HTMLButtonElement
  readonly #step: HTMLButtonElement
  readonly #count = h('span', { className: 'count' })
  readonly #steps = h('input', { id: 'steps', type: 'number', min: '1', max: String(MOST_STEPS), step: '1' })
  readonly #speed = h('input', { id: 'speed', type: 'range', min: '0', max: '1000' })
  readonly #said = h('span', { role: 'status', 'aria-live': 'polite' })
  #isPlaying = false

  constructor(private readonly actions: Actions) {
    const button = (title: string, click: () => void, className = '') => h('button', { type: 'button', className, on: { click } }, title)
    this.#play = button('Play', () => (this.#isPlaying ? actions.pause() : actions.play()), 'primary play')
    this.#step = button('One step', actions.step)
    this.#steps.addEventListener('input', () => {
      const steps = Number(this.#steps.value)
      if (Number.isInteger(steps) && steps >= 1 && steps <= MOST_STEPS) actions.change({ steps })
    })
    this.#speed.addEventListener('input', () => {
      const speed = Math.max(1, Math.round(speeds.value(Number(this.#speed.value) / 1000)))
      this.#speed.setAttribute('aria-valuetext', `${speed} steps per second`)
      actions.change({ speed })
    })
    this.element = h(
      'div',
      { className: 'transport' },
      h(
        'div',
        { className: 'row' },
        this.#play,
        this.#step,
        button('Reset', actions.reset),
        button('Copy link', () => void this.#copy()),
        this.#count,
      ),
      h(
        'div',
        { className: 'row' },
        h('span', { className: 'pair' }, h('label', { for: 'speed' }, 'Speed'), this.#speed),
        h('span', { className: 'pair' }, h('label', { for: 'steps' }, 'Steps'), this.#steps),
        this.#said,
      ),
    )
  }

  /** Sets the controls from a link. */
  take({ steps, speed }: Setup): void {
    this.#steps.value = String(steps)
    this.#speed.value = String(speeds.place(speed) * 1000)
    this.#speed.setAttribute('aria-valuetext', `${speed} steps per second`)
  }

  show({ isPlaying, at, steps }: Player): void {
    this.#isPlaying = isPlaying
    const title = isPlaying ? 'Pause' : at >= steps ? 'Play again' : 'Play'
    if (this.#play.textContent !== title) this.#play.textContent = title
    this.#step.disabled = at >= steps
    this.#count.textContent = `step ${at} of ${steps}`
  }

  async #copy(): Promise<void> {
    const link = this.actions.link()
    try {
      await navigator.clipboard.writeText(link)
      this.#said.textContent = 'Link copied.'
    } catch {
      this.#said.textContent = 'Copying failed. The address bar has the link.'
    }
  }
}
