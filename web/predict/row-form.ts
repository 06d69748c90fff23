/** A form with a field per column of a model, for one row. */
import { shownMetric, shownNumber } from '../../host/compare/shown.ts'
import type { Field, Row } from '../../host/tables/index.ts'
import { h } from '../element.ts'
import { field, option } from '../field.ts'
import type { ModelFacts, Prediction } from './messages.ts'
import { scrolled } from './scored.ts'

export interface RowForm {
  readonly element: HTMLFormElement
  show(prediction: Prediction): void
}

interface Actions {
  predict(row: Row): void
  /** Called with a sentence for the visitor. */
  refuse(message: string): void
}

/** A column's control, and a function that returns its cell; null if it is empty. */
interface Entry {
  readonly name: string
  readonly control: HTMLInputElement | HTMLSelectElement
  cell(): string | number | null
}

/** Returns a text that is not among the categories. */
function otherText(categories: readonly string[]): string {
  let text = 'other'
  while (categories.includes(text)) text += ' …'
  return text
}

function entryOf({ name, kind, categories = [], hasOther }: Field, c: number): Entry {
  const id = `cell-${c}`
  if (kind === 'boolean' || kind === 'text') {
    const control = h(
      'select',
      { id },
      option('', '–'),
      ...[...categories, ...(hasOther ? [otherText(categories)] : [])].map((category) => option(category)),
    )
    return { name, control, cell: () => control.value || null }
  }
  const isNumber = kind === 'number'
  const control = h('input', { id, type: kind, ...(isNumber && { step: 'any', inputMode: 'decimal' }) })
  return {
    name,
    control,
    cell() {
      if (control.validity.badInput) throw new Error(`${name} must be a ${kind}.`)
      if (control.value === '') return null
      return isNumber ? control.valueAsNumber : control.value
    },
  }
}

/** Returns a prediction with its exact value. */
export function shownValue(value: string | number): HTMLElement {
  return h('data', { value: String(value) }, typeof value === 'number' ? shownNumber(value) : value)
}

export function makeRowForm({ target, classes = [], fields }: ModelFacts, { predict, refuse }: Actions): RowForm {
  const entries = fields.map(entryOf)
  const said = h('p', { className: 'prediction', role: 'status' })
  const table = h('div')
  const element = h(
    'form',
    { className: 'cells', noValidate: true },
    h('div', { className: 'fields' }, ...entries.map(({ name, control }) => field(name, control))),
    h('p', { className: 'hint' }, 'An empty field is a missing value.'),
    h('button', { className: 'primary', type: 'submit' }, 'Predict'),
    said,
    table,
  )
  element.addEventListener('submit', (event) => {
    event.preventDefault()
    said.replaceChildren()
    table.replaceChildren()
    try {
      predict(Object.fromEntries(entries.map(({ name, cell }) => [name, cell()])))
    } catch (error) {
      refuse((error as Error).message)
    }
  })
  return {
    element,
    show({ value, probabilities }) {
      said.replaceChildren(`${target}: `, shownValue(value))
      if (!probabilities) return
      const cell = (p: number) => h('data', { value: String(p) }, shownMetric('accuracy', p))
      const rows = classes.map((name, c) => ({ name, p: probabilities[c]! })).sort((a, b) => b.p - a.p)
      table.replaceChildren(
        scrolled(
          'Probabilities',
          [target, 'probability'],
          rows.map(({ name, p }) => [name, cell(p)]),
        ),
      )
    },
  }
}
