/** A table of the runs' positions: the plot's legend and its text alternative. */
import { h } from '../element.ts'
import { swatch } from './marks.ts'
import { shortNumber } from './numbers.ts'
import type { Run } from './run.ts'

export class Ways {
  readonly element = h('div', { className: 'scroll ways', tabIndex: 0, role: 'region', 'aria-label': 'Positions of the optimizers' })
  readonly #caption = h('caption', { id: 'ways-caption' })
  readonly #body = h('tbody')
  #rows: { readonly radio: HTMLInputElement; readonly cells: readonly HTMLElement[]; readonly row: HTMLElement }[] = []
  #names = ''

  constructor(private readonly choose: (index: number) => void) {
    const head = ['optimizer', 'steps', 'x', 'y', 'f(x, y)'].map((title) =>
      h('th', { scope: 'col', className: title === 'steps' ? 'steps' : '' }, title),
    )
    this.element.append(h('table', {}, this.#caption, h('thead', {}, h('tr', {}, ...head)), this.#body))
  }

  show(runs: readonly Run[], chosen: number): void {
    const names = runs.map(({ optimizer }) => optimizer).join()
    if (names !== this.#names) this.#build(runs)
    this.#names = names
    const lowest = runs.length ? runs.reduce((best, run, i) => (run.value < runs[best]!.value ? i : best), 0) : -1
    this.#caption.textContent = lowest < 0 ? 'No optimizers' : `Lowest now: ${lowest + 1} ${runs[lowest]!.optimizer}`
    for (const [i, { radio, cells, row }] of this.#rows.entries()) {
      const run = runs[i]!
      const [x, y] = run.place
      radio.checked = i === chosen
      row.dataset.place = `${x} ${y}`
      row.dataset.problem = run.problem
      const texts = [run.problem ? `✕ ${run.steps}` : String(run.steps), ...[x, y, run.value].map(shortNumber)]
      for (const [j, text] of texts.entries()) if (cells[j]!.textContent !== text) cells[j]!.textContent = text
    }
  }

  #build(runs: readonly Run[]): void {
    this.#rows = runs.map(({ optimizer }, i) => {
      const radio = h('input', { type: 'radio', name: 'chosen', on: { change: () => this.choose(i) } })
      const label = h('label', {}, radio, swatch(i) as unknown as Node, `${i + 1} ${optimizer}`)
      const cells = Array.from({ length: 4 }, (_, j) => h('td', { className: j === 0 ? 'steps' : '' }))
      return { radio, cells, row: h('tr', {}, h('th', { scope: 'row' }, label), ...cells) }
    })
    this.#body.replaceChildren(...this.#rows.map(({ row }) => row))
  }
}
