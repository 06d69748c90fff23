/** The declared update of one optimizer as equations, and the current values of their symbols. */
import { equations, symbols } from 'virtual:equations'
import type { StateValue } from '../../host/index.ts'
import { isStateTensor } from '../../host/optimizer/state-dict.ts'
import { h } from '../element.ts'
import { optimizers } from './catalogue.ts'
import type { Racer } from './link.ts'
import type { Run } from './run.ts'

export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', '∞').replace('-', '−')
  const size = Math.abs(value)
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential(2).replace('+', '') : String(Number(value.toPrecision(5)))
  return text.replaceAll('-', '−')
}

function cells(value: StateValue): string[] {
  if (typeof value === 'number') return [shortNumber(value)]
  if (value === null) return ['–']
  if (isStateTensor(value)) return Array.from(value.data, shortNumber)
  return [`${value.filter((entry) => entry !== null).length} entries`]
}

export class Numbers {
  readonly element = h('section', { className: 'numbers', 'aria-labelledby': 'numbers-title' })
  readonly #title = h('h2', { id: 'numbers-title' })
  readonly #equations = h('div', { className: 'equations' })
  readonly #paper = h('p', { className: 'hint' })
  readonly #body = h('tbody')
  #shown = ''

  constructor() {
    const head = ['now', '', 'along x', 'along y'].map((title) => (title ? h('th', { scope: 'col' }, title) : h('td')))
    const table = h('table', {}, h('thead', {}, h('tr', {}, ...head)), this.#body)
    this.element.append(
      this.#title,
      h(
        'div',
        { className: 'rule' },
        h(
          'div',
          {},
          h('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Update equations' }, this.#equations),
          this.#paper,
        ),
        h('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Current values' }, table),
      ),
    )
  }

  show(racer: Racer | undefined, run: Run | undefined, index: number): void {
    this.element.hidden = !racer || !run
    if (!racer || !run) return
    const key = `${index} ${racer.optimizer} ${racer.schedule}`
    if (key !== this.#shown) this.#declare(racer, index)
    this.#shown = key
    const rows: [name: string, symbol: string | undefined, values: readonly string[]][] = [
      ['step', symbols.step, [String(run.steps)]],
      ['lr', symbols.lr, [shortNumber(run.lr)]],
      ['parameter', symbols.parameter, run.place.map(shortNumber)],
      ['value', symbols.loss, [shortNumber(run.value)]],
      ['gradient', symbols.gradient, run.gradient.map(shortNumber)],
      ...Object.entries(run.state)
        .filter(([name]) => name !== 'step')
        .map(([name, value]): [string, string | undefined, string[]] => [name, symbols[name], cells(value)]),
      ['last update', symbols.update, run.update.map(shortNumber)],
    ]
    const table = rows.map(([name, symbol, values]) => {
      const shown = values.length ? values : ['–', '–']
      const entries = shown.length === 2 ? shown.map((text) => h('td', {}, text)) : [h('td', { colSpan: 2 }, shown.join(' '))]
      return h('tr', {}, h('th', { scope: 'row' }, name), h('td', { className: 'words', innerHTML: symbol }), ...entries)
    })
    this.#body.replaceChildren(...table)
  }

  #declare(racer: Racer, index: number): void {
    const { declaration } = optimizers[racer.optimizer]!.made
    this.#title.textContent = `${index + 1} ${racer.optimizer}, step by step`
    this.#paper.textContent = declaration.paper ? `${declaration.paper}.` : ''
    const lines = [...equations[racer.optimizer]!, ...(equations[racer.schedule] ?? [])]
    this.#equations.replaceChildren(...lines.map((line) => h('div', { innerHTML: line })))
  }
}
