/** The first step: a table to train on, or a saved model. */
import type { Task } from '../../host/tables/dataset.ts'
import { h } from '../element.ts'
import { field, fileInput, onDrop, TABLE_FILES } from '../field.ts'
import type { TableFacts } from '../table.ts'
import { tableChoice } from '../table-choice.ts'

interface Actions {
  table(file: File): void
  checkpoint(file: File): void
  train(target: string, task: Task | undefined): void
  /** Called with a sentence for the visitor. */
  refuse(message: string): void
}

export interface Choices {
  readonly element: HTMLElement
  showTable(table: TableFacts): void
  /** Called when a file could not be read. */
  showError(): void
  focus(): void
}

const DROP = 'Or drop it here. It is read on this machine and never leaves it.'

export function makeChoices(actions: Actions): Choices {
  const chosen = tableChoice(actions.table)
  const input = fileInput('table', TABLE_FILES, chosen.read)
  const form = h(
    'form',
    { noValidate: true },
    h(
      'fieldset',
      {},
      h('legend', {}, 'New model'),
      field('Table', input),
      h('p', { className: 'hint' }, `CSV, TSV, JSON, JSON lines or Parquet, also gzip-compressed. ${DROP}`),
      ...chosen.elements,
      h('button', { className: 'primary', type: 'submit' }, 'Train'),
    ),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    try {
      const { target, task } = chosen.choice('Choose a table first.')
      actions.train(target, task)
    } catch (error) {
      actions.refuse((error as Error).message)
    }
  })
  onDrop(form, chosen.read)
  const saved = h(
    'fieldset',
    {},
    h('legend', {}, 'Saved model'),
    field('Checkpoint', fileInput('checkpoint', '.checkpoint,.safetensors', actions.checkpoint)),
    h('p', { className: 'hint' }, `Saved here, or by downhill train or downhill compare with --save. ${DROP}`),
  )
  onDrop(saved, actions.checkpoint)
  return {
    element: h('div', { className: 'choices' }, form, saved),
    showTable: chosen.showTable,
    showError: chosen.showNoTable,
    focus: () => input.focus(),
  }
}
