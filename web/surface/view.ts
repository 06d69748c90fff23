/** The view "Surfaces": optimizers on functions of two variables, with the package's own binary. */
import { Arena } from '../../host/index.ts'
import { h, type View } from '../element.ts'
import { decodeSetup, encodeSetup, type Setup, suggested } from './link.ts'
import { Numbers } from './numbers.ts'
import { Player } from './player.ts'
import { Plot } from './plot.ts'
import { Racers } from './racers.ts'
import { type Ground, kinds } from './surfaces.ts'
import { Terrain } from './terrain.ts'
import { Transport } from './transport.ts'
import { Ways } from './ways.ts'

/** Minimum time between updates of the address, because browsers throttle them. */
const BETWEEN_ADDRESSES_MS = 300

class Stage {
  #setup: Setup
  #ground: Ground | undefined
  #seen = ''
  #writing: ReturnType<typeof setTimeout> | undefined
  readonly #player: Player
  readonly #plot = new Plot((start) => this.#change({ start }))
  readonly #terrain = new Terrain(
    () => this.#setup,
    (part) => this.#change(part),
  )
  readonly #racers = new Racers(
    () => this.#setup,
    (racers) => this.#change({ racers, chosen: Math.max(0, Math.min(this.#setup.chosen, racers.length - 1)) }),
  )
  readonly #ways = new Ways((chosen) => this.#change({ chosen }))
  readonly #numbers = new Numbers()
  readonly #transport = new Transport({
    play: () => this.#play(),
    pause: () => this.#player.pause(),
    step: () => this.#player.step(),
    reset: () => this.#rebuild(0),
    change: (part) => this.#change(part),
    link: () => {
      this.#write()
      return location.href
    },
  })
  readonly element: HTMLElement

  constructor(arena: Arena, query: URLSearchParams) {
    this.#setup = decodeSetup(query)
    this.#player = new Player(arena, () => this.#drawn())
    this.element = h(
      'div',
      { className: 'surface' },
      h('div', { className: 'stage' }, this.#plot.element, this.#transport.element, this.#ways.element),
      h('div', { className: 'controls' }, this.#terrain.element, h('fieldset', {}, h('legend', {}, 'Optimizers'), this.#racers.element)),
      this.#numbers.element,
    )
  }

  /** Shows the setup. Without a link the runs start by themselves, or with reduced motion show their end. */
  begin(isLink: boolean): void {
    this.#take()
    if (isLink) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) this.#rebuild(this.#setup.steps)
    else this.#player.play()
  }

  /** Opens another link to this view. */
  open(query: URLSearchParams): void {
    if (query.toString() === new URLSearchParams(encodeSetup(this.#now())).toString()) return
    this.#setup = decodeSetup(query)
    this.#take()
  }

  #take(): void {
    this.#player.isPlaying = false
    this.#terrain.build()
    this.#racers.build(matchMedia('(min-width: 60rem)').matches ? this.#setup.chosen : -1)
    this.#transport.take(this.#setup)
    this.#rebuild(this.#setup.at)
  }

  #play(): void {
    if (this.#player.at >= this.#player.steps) this.#rebuild(0)
    this.#player.play()
  }

  #change(part: Partial<Setup>): void {
    const before = this.#setup
    this.#setup = { ...before, ...part }
    if (part.surface && part.surface !== before.surface) this.#adapt(before)
    if (part.chosen !== undefined && !part.racers) return this.#drawn()
    if (part.speed !== undefined) {
      this.#player.speed = part.speed
      return this.#schedule()
    }
    if (part.start) this.#terrain.placed()
    this.#rebuild(this.#player.aim)
  }

  /** Replaces unchanged options, suggested for the old surface, by those suggested for the new one. */
  #adapt({ surface }: Setup): void {
    const isAsSuggested = (racer: Setup['racers'][number]) =>
      JSON.stringify(racer.options) === JSON.stringify(suggested(racer.optimizer, surface).options)
    const racers = this.#setup.racers.map((racer) =>
      isAsSuggested(racer) ? { ...racer, options: suggested(racer.optimizer, this.#setup.surface).options } : racer,
    )
    this.#setup = { ...this.#setup, racers }
    this.#racers.build()
  }

  #rebuild(at: number): void {
    const { surface, condition, expression, extent } = this.#setup
    try {
      const key = JSON.stringify([surface, condition, expression, extent])
      if (key !== this.#seen || !this.#ground) {
        this.#ground = kinds[surface].make({ condition, expression, extent })
        this.#plot.show(this.#ground)
        this.#seen = key
      }
      this.#terrain.complain('')
    } catch (error) {
      // The old surface stays until the new one is valid.
      this.#seen = ''
      this.#terrain.complain((error as Error).message)
      return
    }
    this.#player.rebuild(this.#ground, this.#setup, at)
  }

  #drawn(): void {
    const { runs } = this.#player
    const { chosen, racers, start } = this.#setup
    this.#plot.draw(runs, start, this.#player.isPlaying)
    this.#ways.show(runs, chosen)
    this.#racers.tell(runs)
    this.#numbers.show(racers[chosen], runs[chosen], chosen)
    this.#transport.show(this.#player)
    this.element.setAttribute('aria-busy', String(this.#player.isBehind))
    this.element.dataset.at = String(this.#player.at)
    this.#schedule()
  }

  #now(): Setup {
    return { ...this.#setup, at: this.#player.at }
  }

  #schedule(): void {
    this.#writing ??= setTimeout(() => this.#write(), BETWEEN_ADDRESSES_MS)
  }

  #write(): void {
    clearTimeout(this.#writing)
    this.#writing = undefined
    if (this.#player.isPlaying || this.#player.isBehind) return this.#schedule()
    // Another view may be loading.
    if (/^#\/?surface\b/.test(location.hash)) history.replaceState(null, '', `#/surface?${encodeSetup(this.#now())}`)
  }

  dispose(): void {
    clearTimeout(this.#writing)
    this.#plot.dispose()
    this.#player.dispose()
  }
}

export const view: View = {
  title: 'Surfaces',
  async mount(place, query) {
    const arena = await Arena.create()
    const stage = new Stage(arena, query)
    place.append(
      h('h1', {}, 'Optimizers on surfaces'),
      h(
        'p',
        { className: 'lead' },
        'The package’s optimizers, in its own binary, on functions of two variables. Paths are bit-identical in every browser.',
      ),
      stage.element,
    )
    stage.begin(query.size > 0)
    const opened = () => {
      const [path, text = ''] = location.hash.replace(/^#\/?/, '').split('?')
      if (path === 'surface') stage.open(new URLSearchParams(text))
    }
    addEventListener('hashchange', opened)
    return () => {
      removeEventListener('hashchange', opened)
      stage.dispose()
      arena.dispose()
    }
  },
}
