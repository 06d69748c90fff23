/** The visitor's table in a form: what is known of it, the column to predict, and the task. */
import type { Task } from '../host/tables/dataset.ts'
import { h } from './element.ts'
import { columnOptions, field, option, sizeOf } from './field.ts'
import type { TableFacts } from './table.ts'

/** Returns the parts of the form. `onFile` is called with a file to read. */
export function tableChoice(onFile: (file: File) => void) {
  let table: TableFacts | undefined
  const facts = h('p', { className: 'hint', role: 'status' })
  const target = h('select', { id: 'target' }, option('', 'choose a column'))
  const task = h('select', { id: 'task' }, option('', 'detect'), option('classification'), option('regression'))
  const columns = h('div', { className: 'row', hidden: true }, field('Column to predict', target), field('Task', task))
  return {
    /** Status of the table, and the fields that appear once it was read. */
    elements: [facts, columns],
    read(file: File) {
      table = undefined
      columns.hidden = true
      facts.textContent = `Reading ${file.name} …`
      onFile(file)
    },
    /** Called when the table was read. */
    showTable(given: TableFacts) {
      table = given
      facts.textContent = sizeOf(given)
      target.replaceChildren(...columnOptions(given))
      columns.hidden = false
    },
    /** Called when a table could not be read. */
    showNoTable() {
      if (!table) facts.textContent = ''
    },
    /**
     * Returns the choices.
     *
     * @throws a sentence for the visitor; `missing` is the one without a table
     */
    choice(missing: string): { readonly data: string; readonly target: string; readonly task?: Task } {
      if (!table) throw new Error(missing)
      if (!target.value) throw new Error('Choose the column to predict.')
      return { data: table.name, target: target.value, ...(task.value && { task: task.value as Task }) }
    },
  }
}
