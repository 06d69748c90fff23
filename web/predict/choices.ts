/** The first step: a table to train on, or a saved model. */
import type { Task } from '../../host/tables/dataset.ts'
import { h } from '../element.ts'
import { columnOptions, field, fileInput, onDrop, option, sizeOf, TABLE_FILES } from '../field.ts'
import type { TableFacts } from '../table.ts'

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
  let table: TableFacts | undefined
  const facts = h('p', { className: 'hint', role: 'status' })
  const target = h('select', { id: 'target' }, option('', 'choose a column'))
  const task = h('select', { id: 'task' }, option('', 'detect'), option('classification'), option('regression'))
  const columns = h('div', { className: 'row', hidden: true }, field('Column to predict', target), field('Task', task))
  const readTable = (file: File) => {
    table = undefined
    columns.hidden = true
    facts.textContent = `Reading ${file.name} …`
    actions.table(file)
  }
  const input = fileInput('table', TABLE_FILES, readTable)
  const form = h(
    'form',
    { noValidate: true },
    h(
      'fieldset',
      {},
      h('legend', {}, 'New model'),
      field('Table', input),
      h('p', { className: 'hint' }, `CSV, TSV, JSON, JSON lines or Parquet, also gzip-compressed. ${DROP}`),
      facts,
      columns,
      h('button', { className: 'primary', type: 'submit' }, 'Train'),
    ),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (!table) return actions.refuse('Choose a table first.')
    if (!target.value) return actions.refuse('Choose the column to predict.')
    actions.train(target.value, (task.value || undefined) as Task | undefined)
  })
  onDrop(form, readTable)
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
    showTable(given) {
      table = given
      facts.textContent = sizeOf(given)
      target.replaceChildren(...columnOptions(given))
      columns.hidden = false
    },
    showError() {
      if (!table) facts.textContent = ''
    },
    focus: () => input.focus(),
  }
}
