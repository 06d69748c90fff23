/** Controls for the surface and the start. */
import { h } from '../element.ts'
import type { Setup } from './link.ts'
import { logarithmic } from './scales.ts'
import { kinds, type SurfaceName, surfaceNames } from './surfaces.ts'

const condition = logarithmic(1, 1e4, false)

export class Terrain {
  readonly element = h('fieldset', {})
  readonly #error = h('p', { className: 'error', id: 'surface-error', role: 'alert' })
  readonly #x = this.#coordinate('x', 0)
  readonly #y = this.#coordinate('y', 1)

  constructor(
    private readonly setup: () => Setup,
    private readonly change: (part: Partial<Setup>) => void,
  ) {}

  build(): void {
    const setup = this.setup()
    const choose = (event: Event) => {
      const surface = (event.target as HTMLSelectElement).value as SurfaceName
      this.change({ surface, start: kinds[surface].start })
      this.build()
      this.element.querySelector<HTMLElement>('#surface-kind')!.focus()
    }
    const select = h(
      'select',
      { id: 'surface-kind', on: { change: choose } },
      ...surfaceNames.map((name) => h('option', { value: name, selected: name === setup.surface }, kinds[name].title)),
    )
    this.element.replaceChildren(
      h('legend', {}, 'Surface'),
      select,
      ...(setup.surface === 'quadratic' ? [this.#condition(setup.condition)] : []),
      ...(setup.surface === 'typed' ? this.#typed(setup) : []),
      this.#error,
      h('div', { className: 'control' }, h('label', { for: 'start-x' }, 'Start x'), this.#x, h('label', { for: 'start-y' }, 'y'), this.#y),
      h('p', { className: 'hint' }, 'Or click the plot. When it has the focus, the arrow keys move the start.'),
    )
    select.setAttribute('aria-label', 'Surface')
    this.placed()
  }

  /** Updates the fields of the start, except one that is being edited. */
  placed(): void {
    const { start } = this.setup()
    for (const [i, field] of [this.#x, this.#y].entries()) {
      if (document.activeElement !== field || Number(field.value) !== start[i]) field.value = String(start[i])
    }
  }

  complain(sentence: string): void {
    if (this.#error.textContent !== sentence) this.#error.textContent = sentence
    this.#error.hidden = sentence === ''
  }

  #coordinate(name: string, axis: 0 | 1): HTMLInputElement {
    const field = h('input', {
      id: `start-${name}`,
      type: 'number',
      step: 'any',
      on: {
        input: () => {
          if (field.value === '' || !Number.isFinite(Number(field.value))) return
          const [x, y] = this.setup().start
          this.change({ start: axis === 0 ? [Number(field.value), y] : [x, Number(field.value)] })
        },
      },
    })
    return field
  }

  #condition(value: number): HTMLElement {
    const field = h('input', { id: 'condition', type: 'number', step: 'any', value: String(value), 'aria-describedby': 'surface-error' })
    const slider = h('input', {
      type: 'range',
      min: '0',
      max: '1000',
      value: String(condition.place(value) * 1000),
      'aria-label': 'condition number, slider',
    })
    slider.addEventListener('input', () => {
      field.value = String(condition.value(Number(slider.value) / 1000))
      this.change({ condition: Number(field.value) })
    })
    field.addEventListener('input', () => {
      slider.value = String(condition.place(Number(field.value)) * 1000)
      this.change({ condition: field.value === '' ? Number.NaN : Number(field.value) })
    })
    return h('div', { className: 'control' }, h('label', { for: 'condition' }, 'Condition'), slider, field)
  }

  #typed({ expression, extent }: Setup): HTMLElement[] {
    const text = h('input', {
      id: 'expression',
      type: 'text',
      value: expression,
      spellcheck: false,
      autocomplete: 'off',
      'aria-describedby': 'surface-error expression-hint',
    })
    text.addEventListener('input', () => this.change({ expression: text.value }))
    const far = h('input', { id: 'extent', type: 'number', step: 'any', value: String(extent) })
    far.addEventListener('input', () => {
      const value = Number(far.value)
      if (value >= 0.01 && value <= 1000) this.change({ extent: value })
    })
    return [
      h('div', { className: 'control' }, h('label', { for: 'expression' }, 'f(x, y) ='), text),
      h(
        'p',
        { className: 'hint', id: 'expression-hint' },
        'Available: x, y, numbers, pi, e, + − * / ^ ( ), sin, cos, exp, log, sqrt, abs, tanh.',
      ),
      h('div', { className: 'control' }, h('label', { for: 'extent' }, 'Visible range ±'), far),
    ]
  }
}
