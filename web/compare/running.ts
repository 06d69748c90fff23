/** A running comparison: progress, leader, and curves so far. */
import { shownSeconds } from '../../host/compare/shown.ts'
import { h } from '../element.ts'
import type { Line, ProgressFacts } from './messages.ts'

export interface Running {
  readonly element: HTMLElement
  show(progress: ProgressFacts): void
  plan(title: string, text: string, notes: readonly string[], isKept: boolean): void
  /** Shown until the first progress. */
  wait(text: string): void
}

interface Actions {
  pause(): void
  resume(): void
  cancel(): void
}

const COLUMNS = ['optimizer', 'trials', 'best trial', 'learning rate', 'runs', 'mean of the runs']

/** With more notes than these, they are collapsed. */
const MOST_NOTES = 4

/** Returns a sample of a curve's color and dashes. */
function swatch(at: number): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('class', `swatch c${at % 8} d${(at + 3 * Math.floor(at / 8)) % 8}`)
  svg.setAttribute('viewBox', '0 0 30 10')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(svg.namespaceURI!, 'path')
  path.setAttribute('class', 'line')
  path.setAttribute('d', 'M1,5H29')
  svg.append(path)
  return svg as SVGSVGElement
}

/** Returns the table's rows, whose text changes. */
function lineTable() {
  const body = h('tbody')
  const head = h('tr', {}, ...COLUMNS.map((title) => h('th', { scope: 'col' }, title)))
  let rows: HTMLTableRowElement[] = []
  const make = (lines: readonly Line[]) => {
    rows = lines.map(({ label, at }) => {
      const cells = COLUMNS.slice(1).map(() => h('td'))
      return h('tr', {}, h('th', { scope: 'row' }, swatch(at) as unknown as HTMLElement, label), ...cells)
    })
    body.replaceChildren(...rows)
  }
  return {
    element: h(
      'div',
      { className: 'scroll report', tabIndex: 0, role: 'region', 'aria-label': 'Results so far' },
      h('table', { className: 'lines' }, h('thead', {}, head), body),
    ),
    show(lines: readonly Line[]) {
      if (rows.length !== lines.length) make(lines)
      for (const [i, { trials, best, lr, runs, mean, isLeading }] of lines.entries()) {
        rows[i]!.classList.toggle('leading', isLeading)
        for (const [k, text] of [trials, best, lr, runs, mean].entries()) {
          const cell = rows[i]!.cells[k + 1]!
          if (cell.textContent !== text) cell.textContent = text
        }
      }
    },
    clear() {
      rows = []
      body.replaceChildren()
    },
  }
}

export function makeRunning({ pause, resume, cancel }: Actions): Running {
  const title = h('h2', { tabIndex: -1 })
  const text = h('p', { className: 'hint' })
  const notes = h('div', { className: 'hint notes' })
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Completed runs' })
  const count = h('span')
  const left = h('span')
  const leader = h('span')
  const said = h('p', { className: 'unseen', role: 'status', 'aria-live': 'polite' })
  let isPaused = false
  const showPause = (to: boolean) => {
    isPaused = to
    pauseButton.textContent = to ? 'Resume' : 'Pause'
  }
  const turn = () => {
    showPause(!isPaused)
    say(isPaused ? 'Paused.' : 'Resumed.')
    if (isPaused) pause()
    else resume()
  }
  const pauseButton = h('button', { type: 'button', on: { click: turn } }, 'Pause')
  const cancelButton = h('button', { type: 'button', on: { click: () => cancel() } }, 'Cancel')
  const caption = h('p', { className: 'hint', hidden: true })
  caption.textContent =
    'The validation metric over the steps: the mean of the runs in a band from minimum to maximum, or the best trial until the first run.'
  const plot = h('div', { className: 'report live' })
  const table = lineTable()
  let tenth = -1
  const say = (words: string) => (said.textContent = words)
  return {
    element: h(
      'section',
      { className: 'running', 'aria-label': 'Comparison' },
      title,
      text,
      notes,
      h('div', { className: 'row' }, pauseButton, cancelButton),
      bar,
      h('p', { className: 'row facts' }, count, left, leader),
      said,
      table.element,
      caption,
      plot,
    ),
    wait(words) {
      title.textContent = words
      title.focus()
      text.textContent = ''
      notes.replaceChildren()
      bar.removeAttribute('value')
      for (const span of [count, left, leader]) span.textContent = ''
      plot.replaceChildren()
      table.clear()
      caption.hidden = true
      pauseButton.disabled = true
      showPause(false)
      tenth = -1
    },
    plan(name, words, list, isKept) {
      title.textContent = name
      text.textContent = words
      const lost = isKept ? [] : ['This browser does not let the page store anything: a reload starts over.']
      const all = [...lost, ...list]
      const items = h('ul', {}, ...all.map((note) => h('li', {}, note)))
      notes.replaceChildren(all.length > MOST_NOTES ? h('details', {}, h('summary', {}, `${all.length} notes on the data`), items) : items)
      pauseButton.disabled = false
    },
    show(progress) {
      const { done, total } = progress
      bar.max = total || 1
      bar.value = done
      count.textContent = `${done} of ${total} runs`
      left.textContent = isPaused
        ? 'paused'
        : progress.left === undefined || done === total
          ? ''
          : `about ${shownSeconds(Math.max(1, Math.round(progress.left))).replace(/\.\d+ s/, ' s')} left`
      leader.textContent = progress.leader ? `best run so far: ${progress.leader}` : ''
      table.show(progress.lines)
      plot.innerHTML = progress.plot
      caption.hidden = progress.plot === ''
      const now = Math.floor((10 * done) / (total || 1))
      if (now !== tenth) {
        tenth = now
        say(`${done} of ${total} runs${progress.leader ? `, best so far: ${progress.leader}` : ''}`)
      }
    },
  }
}
