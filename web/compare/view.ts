/** The view "Compare": a comparison of optimizers, in workers, on a bundled problem or the visitor's own table. */
import { h, type View } from '../element.ts'
import { makeForm } from './form.ts'
import type { Ask, Summary, Tell } from './messages.ts'
import { makeOutcome } from './outcome.ts'
import { makeRunning } from './running.ts'
import { forget, keptSummary } from './store.ts'

/** Shows the form, a running comparison, or its report. */
type Stage = 'choosing' | 'running' | 'done'

function mount(place: HTMLElement): () => void {
  const alert = h('p', { className: 'error', role: 'alert' })
  const banner = h('div', { className: 'kept', role: 'group', 'aria-label': 'Unfinished comparison', hidden: true })
  let lead: Worker | undefined
  let threads: Worker[] = []
  let title = ''

  const fail = (message: string) => {
    alert.textContent = message
    form.showNoTable()
    if (running.element.hidden) return
    stage('choosing')
    form.element.querySelector<HTMLButtonElement>('button[type="submit"]')?.focus()
  }

  function ask(message: Ask): void {
    if (!lead) {
      lead = new Worker('compare-lead.js', { type: 'module' })
      lead.onmessage = ({ data }: MessageEvent<Tell>) => hear(data)
      lead.onerror = (event) => {
        event.preventDefault()
        fail(event.message || 'The worker did not start.')
        seat([])
        lead?.terminate()
        lead = undefined
      }
    }
    lead.postMessage(message)
  }

  /** Starts a thread for each port, connected to the worker that runs the comparison; ends the earlier threads. */
  function seat(ports: readonly MessagePort[]): void {
    for (const thread of threads) thread.terminate()
    threads = ports.map((port) => {
      const thread = new Worker('compare-worker.js', { type: 'module' })
      thread.onerror = (event) => {
        event.preventDefault()
        ask({ ask: 'threadFailed', message: event.message || 'a worker did not start' })
      }
      thread.postMessage(port, [port])
      return thread
    })
  }

  function stage(now: Stage): void {
    form.element.hidden = now !== 'choosing'
    receipt.hidden = now !== 'choosing'
    running.element.hidden = now !== 'running'
    if (now !== 'done') outcome.clear()
    if (now !== 'choosing') banner.hidden = true
  }

  function wait(words: string): void {
    alert.textContent = ''
    stage('running')
    running.wait(words)
  }

  function offer({ title, done, total }: Summary): void {
    const goOn = h('button', { className: 'primary', type: 'button' }, `Resume ${title} (${done} of ${total} runs)`)
    goOn.addEventListener('click', () => {
      wait('Resuming …')
      ask({ ask: 'goOn' })
    })
    const drop = h('button', { type: 'button' }, 'Discard')
    drop.addEventListener('click', () => {
      banner.hidden = true
      if (lead) ask({ ask: 'forget' })
      else void forget()
      form.element.querySelector('select')?.focus()
    })
    banner.replaceChildren(goOn, drop)
    banner.hidden = false
    if (lead) goOn.focus()
  }

  function hear(told: Tell): void {
    switch (told.tell) {
      case 'threads':
        return seat(told.ports)
      case 'table':
        alert.textContent = ''
        return form.showTable(told)
      case 'plan':
        title = told.title
        return running.plan(told.title, told.text, told.notes, told.isKept)
      case 'progress':
        return running.show(told)
      case 'finished':
        stage('done')
        return outcome.show(told, title)
      case 'stopped':
        stage('choosing')
        return offer(told)
      case 'weights':
        return outcome.save(told.name, told.bytes)
      case 'wanted':
        stage('choosing')
        wantedText.textContent = `${told.receipt} is about the table ${told.table}. Choose that file to replay it:`
        wanted.hidden = false
        return wantedFile.focus()
      case 'failed':
        return fail(told.message)
    }
  }

  const form = makeForm(
    (file) => ask({ ask: 'read', file }),
    () => {
      try {
        const choice = form.choice()
        wait('Reading the data …')
        ask({ ask: 'start', choice })
      } catch (error) {
        fail((error as Error).message)
      }
    },
  )
  const running = makeRunning({
    pause: () => ask({ ask: 'pause' }),
    resume: () => ask({ ask: 'resume' }),
    cancel: () => ask({ ask: 'cancel' }),
  })
  const outcome = makeOutcome({
    weights: (kind) => ask({ ask: 'weights', kind }),
    again: () => {
      stage('choosing')
      form.element.querySelector('select')?.focus()
    },
  })

  const receiptFile = h('input', { type: 'file', id: 'open-receipt', accept: '.json,application/json' })
  const wantedText = h('p')
  const wantedFile = h('input', { type: 'file', id: 'wanted-table', 'aria-label': 'The table of the receipt' })
  const wanted = h('div', { className: 'wanted', hidden: true }, wantedText, wantedFile)
  const receipt = h(
    'details',
    { className: 'receipt' },
    h('summary', {}, 'Open a receipt'),
    h('p', { className: 'hint' }, 'report.json of a comparison, from here or from downhill compare: replays it and compares every number.'),
    h('label', { className: 'field' }, h('span', {}, 'Receipt'), receiptFile),
    wanted,
  )
  const opened = (input: HTMLInputElement, kind: 'replay' | 'read') =>
    input.addEventListener('change', () => {
      const file = input.files?.[0]
      if (!file) return
      input.value = ''
      if (kind === 'replay') wanted.hidden = true
      wait(`Reading ${file.name} …`)
      ask({ ask: kind, file })
    })
  opened(receiptFile, 'replay')
  opened(wantedFile, 'read')

  place.append(
    h('h1', {}, 'Which optimizer fits?'),
    h(
      'p',
      { className: 'lead' },
      'Equal trials for each optimizer, then the best options of each over many seeds, on a bundled problem or your own table. Everything is computed in this browser.',
    ),
    banner,
    alert,
    form.element,
    receipt,
    running.element,
    outcome.element,
  )
  stage('choosing')
  void keptSummary().then((summary) => {
    if (summary && !lead) offer(summary)
  })
  return () => {
    seat([])
    lead?.terminate()
    outcome.clear()
  }
}

export const view: View = { title: 'Compare', mount }
