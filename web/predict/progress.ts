/** A training run: progress, notes and a button to cancel. */
import { h } from '../element.ts'
import { noted } from './scored.ts'

export interface Progress {
  readonly element: HTMLElement
  begin(): void
  begun(threads: string, notes: readonly string[]): void
  show(step: number, total: number, text: string): void
}

export function makeProgress(cancel: () => void): Progress {
  const title = h('h2', { tabIndex: -1 })
  const bar = h('progress', { max: 1, 'aria-label': 'Steps' })
  const steps = h('span')
  const state = h('span')
  const said = h('p', { className: 'unseen', role: 'status' })
  const threads = h('p', { className: 'hint' })
  const notes = h('div')
  let tenth = -1
  return {
    element: h(
      'section',
      { className: 'running', 'aria-label': 'Training' },
      title,
      h('div', { className: 'row' }, h('button', { type: 'button', on: { click: cancel } }, 'Cancel')),
      bar,
      h('p', { className: 'row facts' }, steps, state),
      said,
      threads,
      notes,
    ),
    begin() {
      title.textContent = 'Training …'
      title.focus()
      bar.removeAttribute('value')
      for (const element of [steps, state, said, threads]) element.textContent = ''
      notes.replaceChildren()
      tenth = -1
    },
    begun(text, list) {
      threads.textContent = text
      notes.replaceChildren(noted(list))
    },
    show(step, total, text) {
      bar.max = total
      bar.value = step
      steps.textContent = `step ${step.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`
      state.textContent = text
      const now = Math.floor((10 * step) / total)
      if (now === tenth) return
      tenth = now
      said.textContent = `${10 * now} % of the steps, ${text}`
    },
  }
}
