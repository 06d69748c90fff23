/** Parts of forms: labeled controls, columns to choose from, and files to drop. */
import { h } from './element.ts'
import type { TableFacts } from './table.ts'

/** Names of table files, for the dialog that chooses one. */
export const TABLE_FILES = '.csv,.tsv,.txt,.json,.jsonl,.ndjson,.parquet,.gz'

/** Returns an option of a select. */
export function option(value: string, text = value): HTMLOptionElement {
  return h('option', { value }, text)
}

/** Returns a labeled control. */
export function field(label: string, control: HTMLElement): HTMLLabelElement {
  return h('label', { className: 'field' }, h('span', {}, label), control)
}

/** Returns the size of a table: 'penguins.csv: 344 rows, 7 columns'. */
export function sizeOf({ name, rows, columns }: TableFacts): string {
  return `${name}: ${rows.toLocaleString('en-US')} rows, ${columns.length} columns`
}

/** Returns the columns of a table as options of a select. */
export function columnOptions({ columns }: TableFacts): HTMLOptionElement[] {
  const kinds = { number: 'distinct numbers', date: 'distinct dates', text: 'distinct texts' }
  return [
    option('', 'choose a column'),
    ...columns.map(({ name, kind, different }) => option(name, `${name} (${different.toLocaleString('en-US')} ${kinds[kind]})`)),
  ]
}

/** Calls `onFile` with a file that is dropped on an element, which has the class `over` while a file is above it. */
export function onDrop(element: HTMLElement, onFile: (file: File) => void): void {
  element.addEventListener('dragover', (event) => {
    event.preventDefault()
    element.classList.add('over')
  })
  element.addEventListener('dragleave', () => element.classList.remove('over'))
  element.addEventListener('drop', (event) => {
    event.preventDefault()
    element.classList.remove('over')
    const dropped = event.dataTransfer?.files[0]
    if (dropped) onFile(dropped)
  })
}

/** Returns an input for a file. The same file can be chosen again. */
export function fileInput(id: string, accept: string, onFile: (file: File) => void): HTMLInputElement {
  const input = h('input', { type: 'file', id, accept })
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    input.value = ''
    if (file) onFile(file)
  })
  return input
}

/** Saves bytes as a file of the visitor. */
export function saveFile(name: string, bytes: Uint8Array<ArrayBuffer>, type: string): void {
  const address = URL.createObjectURL(new Blob([bytes], { type }))
  h('a', { download: name, href: address }).click()
  // A browser may read the bytes after the click.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
