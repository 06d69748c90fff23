/** A table whose rows are predicted. */
import { h } from '../element.ts'
import { field, fileInput, onDrop, TABLE_FILES } from '../field.ts'
import type { ModelFacts, PredictedTable } from './messages.ts'
import { shownValue } from './row-form.ts'
import { noted, scored, scrolled } from './scored.ts'

export interface RowsFile {
  readonly element: HTMLElement
  show(predicted: PredictedTable): void
  showError(): void
}

interface Actions {
  predict(file: File): void
  save(): void
}

export function makeRowsFile({ target, classes, fields }: ModelFacts, { predict, save }: Actions): RowsFile {
  const said = h('p', { role: 'status' })
  const result = h('div', { className: 'predicted' })
  const read = (file: File) => {
    said.textContent = `Reading ${file.name} …`
    result.replaceChildren()
    predict(file)
  }
  const element = h(
    'fieldset',
    {},
    h('legend', {}, 'Table'),
    field('File', fileInput('rows', TABLE_FILES, read)),
    h('p', { className: 'hint' }, `Or drop it here. Columns are found by name; if ${target} is among them, the predictions are scored.`),
  )
  onDrop(element, read)
  return {
    element: h('div', {}, element, said, result),
    show({ name, rows, notes, first, scores }) {
      said.textContent = `Predicted ${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'} of ${name}.`
      result.replaceChildren(
        h('div', { className: 'row' }, h('button', { type: 'button', on: { click: save } }, 'Save predictions')),
        notes.length ? noted(notes) : '',
        scores ? scored(scores, 'predicted rows', classes) : '',
        h('h3', {}, first.length < rows ? `First ${first.length} rows` : 'Rows'),
        scrolled(
          'Predicted rows',
          [`predicted ${target}`, ...fields.map(({ name }) => name)],
          first.map(({ value, cells }) => [shownValue(value), ...cells]),
        ),
      )
    },
    showError() {
      if (!result.hasChildNodes()) said.textContent = ''
    },
  }
}
