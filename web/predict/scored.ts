/** Shows scores: lines, and the confusion of classes as a table. */
import { capitalized } from '../../host/compare/shown.ts'
import { h } from '../element.ts'
import type { ShownScores } from './messages.ts'

/** Returns a table that scrolls in its own region. */
export function scrolled(label: string, head: readonly string[], rows: readonly (readonly (string | HTMLElement)[])[]): HTMLElement {
  const cells = (row: readonly (string | HTMLElement)[]) => row.map((cell, c) => (c ? h('td', {}, cell) : h('th', { scope: 'row' }, cell)))
  return h(
    'div',
    { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': label },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...head.map((title) => h('th', { scope: 'col' }, title)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...cells(row)))),
    ),
  )
}

/** Returns scores. `of` names the rows: 'test rows'. */
export function scored(
  { lines: [first = '', ...others], confusion }: ShownScores,
  of: string,
  classes: readonly string[] = [],
): HTMLElement {
  const rows = confusion?.map((counts, c) => [classes[c]!, ...counts.map((count) => count.toLocaleString('en-US'))])
  return h(
    'div',
    { className: 'scores' },
    h('p', { className: 'metric' }, capitalized(first)),
    h('ul', {}, ...others.map((line) => h('li', {}, line))),
    rows && h('h3', {}, `Confusion of the ${of}`),
    rows && h('p', { className: 'hint' }, 'Rows are actual classes, columns predicted ones.'),
    rows && scrolled(`Confusion of the ${of}`, ['actual', ...classes], rows),
  )
}

/** Returns notes on the data, collapsed if there are many. */
export function noted(notes: readonly string[]): HTMLElement {
  const list = h('ul', {}, ...notes.map((note) => h('li', {}, note)))
  const isLong = notes.length > 4
  return h(
    'div',
    { className: 'hint notes' },
    isLong ? h('details', {}, h('summary', {}, `${notes.length} notes on the data`), list) : list,
  )
}
