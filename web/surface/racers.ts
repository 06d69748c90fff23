/** The list of optimizers: a card for each, with its class, options and schedule. */
import { h } from '../element.ts'
import { optimizers, schedules } from './catalogue.ts'
import { MOST_RACERS, type Racer, suggested } from './link.ts'
import { swatch } from './marks.ts'
import { optionControls } from './options.ts'
import type { Run } from './run.ts'
import type { SurfaceName } from './surfaces.ts'

export interface RacersState {
  readonly racers: readonly Racer[]
  readonly surface: SurfaceName
  readonly steps: number
}

export class Racers {
  readonly element = h('div', { className: 'racers' })
  #opened = new Set<number>()
  #problems: HTMLElement[] = []

  constructor(
    private readonly state: () => RacersState,
    private readonly change: (racers: readonly Racer[]) => void,
  ) {}

  /** Rebuilds the cards and restores the focus. */
  build(open = -1): void {
    if (open >= 0) this.#opened.add(open)
    const focused = document.activeElement?.id
    const { racers } = this.state()
    this.#problems = []
    const add = h(
      'button',
      { type: 'button', id: 'add-optimizer', disabled: racers.length >= MOST_RACERS, on: { click: () => this.#add() } },
      '+ Add optimizer',
    )
    this.element.replaceChildren(...racers.map((racer, i) => this.#card(racer, i)), add)
    if (focused && this.element.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused)!.focus()
  }

  /** Shows the error of each run in its card. */
  tell(runs: readonly Run[]): void {
    for (const [i, problem] of this.#problems.entries()) {
      const said = runs[i]?.problem ?? ''
      if (problem.textContent === said) continue
      problem.textContent = said
      problem.hidden = said === ''
    }
  }

  #add(): void {
    const { racers, surface } = this.state()
    const used = new Set(racers.map(({ optimizer }) => optimizer))
    const next = Object.keys(optimizers).find((name) => !used.has(name)) ?? 'Adam'
    this.#opened = new Set([racers.length])
    this.change([...racers, suggested(next, surface)])
    this.build()
    this.element.querySelector<HTMLElement>(`#racer-${racers.length + 1}-optimizer`)?.focus()
  }

  #set(index: number, part: Partial<Racer>): void {
    this.change(this.state().racers.map((racer, i) => (i === index ? { ...racer, ...part } : racer)))
  }

  #remove(index: number): void {
    this.#opened = new Set([...this.#opened].filter((i) => i !== index).map((i) => (i > index ? i - 1 : i)))
    this.change(this.state().racers.filter((_, i) => i !== index))
    this.build()
    this.element.querySelector<HTMLElement>('#add-optimizer')!.focus()
  }

  #card(racer: Racer, index: number): HTMLElement {
    const prefix = `racer-${index + 1}`
    const names = Object.keys(optimizers)
    const declaration = optimizers[racer.optimizer]!.made.declaration
    const choose = (event: Event) => {
      this.#set(index, { ...suggested((event.target as HTMLSelectElement).value, this.state().surface) })
      this.build()
    }
    const select = h(
      'select',
      { id: `${prefix}-optimizer`, on: { change: choose } },
      ...names.map((name) => h('option', { selected: name === racer.optimizer }, name)),
    )
    const problem = h('p', { className: 'error', hidden: true })
    this.#problems.push(problem)
    const remove = h(
      'button',
      { type: 'button', 'aria-label': `Remove ${index + 1} ${racer.optimizer}`, on: { click: () => this.#remove(index) } },
      'Remove',
    )
    const toggled = (event: Event) => {
      if ((event.target as HTMLDetailsElement).open) this.#opened.add(index)
      else this.#opened.delete(index)
    }
    const summary = h('summary', { id: `${prefix}-summary` }, h('span', { className: 'racer-title' }, `${index + 1} ${racer.optimizer}`))
    summary.prepend(swatch(index))
    return h(
      'details',
      { className: 'racer', open: this.#opened.has(index), on: { toggle: toggled } },
      summary,
      h('div', { className: 'row' }, h('label', {}, 'Class', select), remove),
      optionControls(declaration, prefix, racer.options, (options) => this.#set(index, { options })),
      ...this.#schedule(racer, index, prefix),
      problem,
    )
  }

  #schedule(racer: Racer, index: number, prefix: string): HTMLElement[] {
    const choose = (event: Event) => {
      const schedule = (event.target as HTMLSelectElement).value
      const { racers, steps } = this.state()
      const { options, optimizer } = racers[index]!
      const lr = Number(options.lr ?? optimizers[optimizer]!.made.declaration.options.lr!.default)
      this.#set(index, { schedule, scheduleOptions: schedule ? schedules[schedule]!.start(steps, lr) : {} })
      this.build()
    }
    const choices = ['', ...Object.keys(schedules)]
    const select = h(
      'select',
      { id: `${prefix}-schedule`, on: { change: choose } },
      ...choices.map((name) => h('option', { value: name, selected: name === racer.schedule }, name || 'none (constant lr)')),
    )
    const label = h('label', {}, 'Schedule', select)
    if (!racer.schedule) return [label]
    const { declaration } = schedules[racer.schedule]!.made
    const change = (scheduleOptions: Racer['scheduleOptions']) => this.#set(index, { scheduleOptions })
    return [label, optionControls(declaration, `${prefix}-schedule`, racer.scheduleOptions, change)]
  }
}
