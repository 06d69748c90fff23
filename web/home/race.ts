/** A race of four optimizers on Rosenbrock's valley. */
import { Arena } from '../../host/index.ts'
import { h } from '../element.ts'
import type { Racer } from '../surface/link.ts'
import { Player } from '../surface/player.ts'
import { Plot } from '../surface/plot.ts'
import { kinds } from '../surface/surfaces.ts'

const STEPS = 400
const STEPS_PER_SECOND = 60

const racer = (optimizer: string, options: Racer['options']): Racer => ({ optimizer, options, schedule: '', scheduleOptions: {} })

const racers = [
  racer('SGD', { lr: 0.001, momentum: 0.9 }),
  racer('RMSprop', { lr: 0.01 }),
  racer('Adam', { lr: 0.05 }),
  racer('NAdam', { lr: 0.1 }),
]

export class Race {
  readonly element: HTMLElement
  readonly #plot: Plot
  readonly #button = h('button', { type: 'button', on: { click: () => this.#press() } }, 'Start')
  readonly #count = h('span', { className: 'count' })
  #player: Player | undefined
  readonly #ground = kinds.rosenbrock.make()
  readonly #start = kinds.rosenbrock.start

  constructor() {
    this.#plot = new Plot('Four optimizers descend Rosenbrock’s valley')
    this.element = h(
      'figure',
      { className: 'race' },
      this.#plot.element,
      h(
        'figcaption',
        {},
        h('span', {}, 'Four optimizers on Rosenbrock’s valley, computed here by the package. '),
        this.#count,
        this.#button,
      ),
    )
  }

  /** Starts the race; with reduced motion, shows its end. */
  async begin(): Promise<void> {
    this.#player = new Player(await Arena.create(), () => this.#draw())
    this.#plot.show(this.#ground)
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#rebuild(isStill ? STEPS : 0)
    if (!isStill) this.#player.play()
  }

  #rebuild(at: number): void {
    this.#player!.rebuild(this.#ground, { racers, start: this.#start, steps: STEPS, speed: STEPS_PER_SECOND }, at)
  }

  #press(): void {
    if (!this.#player) return
    if (this.#player.isPlaying) return this.#player.pause()
    if (this.#player.at >= STEPS) this.#rebuild(0)
    this.#player.play()
  }

  #draw(): void {
    const { runs, at, isPlaying, isBehind } = this.#player!
    this.#plot.draw(runs, this.#start, isPlaying || isBehind)
    this.#button.textContent = isPlaying ? 'Pause' : at >= STEPS ? 'Restart' : 'Start'
    this.#count.textContent = `Step ${at} of ${STEPS}`
    this.element.dataset.at = String(at)
  }

  dispose(): void {
    this.#player?.dispose()
    this.#plot.dispose()
  }
}
