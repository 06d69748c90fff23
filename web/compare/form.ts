/** The form before a comparison: problem, optimizers and budget. */
import { CONDITION, problems } from '../../host/compare/bundled.ts'
import { defaultSettings } from '../../host/compare/protocol.ts'
import type { Source } from '../../host/compare/report.ts'
import { type OptimizerName, optimizerNames, type Schedule, schedules, spaces } from '../../host/compare/spaces.ts'
import { spaceText } from '../../host/report/plan.ts'
import { h } from '../element.ts'
import { field, onDrop, option, TABLE_FILES } from '../field.ts'
import type { TableFacts } from '../table.ts'
import { tableChoice } from '../table-choice.ts'
import type { Choice } from './messages.ts'

const OWN = 'own table'

export interface Form {
  readonly element: HTMLFormElement
  /** Returns the choices. @throws a sentence for the visitor */
  choice(): Choice
  /** Called when a table was read. */
  showTable(table: TableFacts): void
  /** Called when a table could not be read. */
  showNoTable(): void
}

function numberInput(id: string, { min = '1', step = '1', value = '', placeholder = '' } = {}): HTMLInputElement {
  return h('input', { type: 'number', id, min, step, value, placeholder, inputMode: 'decimal' })
}

/** Returns the number in a field; undefined if it is empty. */
function numberIn(name: string, input: HTMLInputElement, isWhole = true): number | undefined {
  if (input.value === '' && !input.validity.badInput) return undefined
  const value = input.valueAsNumber
  const fits = Number.isFinite(value) && value >= Number(input.min) && (!isWhole || Number.isInteger(value))
  if (!fits) throw new Error(`${name} must be ${isWhole ? 'an integer' : 'a number'} ≥ ${input.min}.`)
  return value
}

/** The problem, and the visitor's own table. */
function problemPart(onFile: (file: File) => void) {
  const select = h('select', { id: 'problem' }, ...Object.keys(problems).map((name) => option(name)), option(OWN, 'your own table'))
  const about = h('p', { className: 'hint', id: 'problem-about' })
  select.setAttribute('aria-describedby', 'problem-about')
  const condition = numberInput('condition', { step: 'any', value: String(CONDITION) })
  const conditionField = field('Condition number', condition)
  const file = h('input', { type: 'file', id: 'table', accept: TABLE_FILES })
  const chosen = tableChoice(onFile)
  const own = h(
    'div',
    { className: 'own' },
    field('Table file', file),
    h('p', { className: 'hint' }, 'Or drop it here. It is read on this machine and never leaves it.'),
    ...chosen.elements,
  )
  const show = () => {
    const isOwn = select.value === OWN
    about.textContent = isOwn ? 'a table with a header line: predict one column from the others' : problems[select.value]!
    conditionField.hidden = select.value !== 'quadratic'
    own.hidden = !isOwn
  }
  select.addEventListener('change', show)
  file.addEventListener('change', () => {
    if (file.files?.[0]) chosen.read(file.files[0])
  })
  const element = h('fieldset', {}, h('legend', {}, 'Problem'), field('Problem', select), about, conditionField, own)
  onDrop(element, (dropped) => {
    select.value = OWN
    show()
    chosen.read(dropped)
  })
  show()
  return {
    element,
    showTable: chosen.showTable,
    showNoTable: chosen.showNoTable,
    source(): Source {
      if (select.value === OWN) return chosen.choice('Choose a table file, or a bundled problem.')
      if (select.value !== 'quadratic') return { problem: select.value }
      return { problem: select.value, condition: numberIn('The condition number', condition, false) ?? CONDITION }
    },
  }
}

/** The optimizers, and their search spaces. */
function optimizersPart() {
  const boxes = optimizerNames.map((name) =>
    h('input', { type: 'checkbox', name: 'optimizer', value: name, checked: defaultSettings.optimizers.includes(name) }),
  )
  const chosen = () => boxes.filter(({ checked }) => checked).map(({ value }) => value as OptimizerName)
  const body = h('tbody')
  const show = () =>
    body.replaceChildren(
      ...chosen().map((name) => {
        const { lr, ...own } = spaces[name]
        return h(
          'tr',
          {},
          h('th', { scope: 'row' }, name),
          h('td', {}, spaceText({ lr }).replace('lr ', '')),
          h('td', { className: 'words' }, spaceText(own as typeof spaces.SGD) || '–'),
        )
      }),
    )
  for (const box of boxes) box.addEventListener('change', show)
  show()
  const head = h('tr', {}, h('th', { scope: 'col' }, 'optimizer'), h('th', { scope: 'col' }, 'learning rate'))
  head.append(h('th', { scope: 'col', className: 'words' }, 'options'))
  const table = h('table', {}, h('thead', {}, head), body)
  const element = h(
    'fieldset',
    {},
    h('legend', {}, 'Optimizers'),
    h('div', { className: 'boxes' }, ...boxes.map((box) => h('label', {}, box, box.value))),
    h(
      'details',
      { open: true },
      h('summary', {}, 'Search space'),
      h('div', { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Search spaces' }, table),
      h('p', { className: 'hint' }, 'Every optimizer gets the same number of trials, at the same points of its space.'),
    ),
  )
  return {
    element,
    optimizers() {
      const names = chosen()
      if (!names.length) throw new Error('Choose at least one optimizer.')
      return names
    },
  }
}

/** The budget. */
function effortPart() {
  const radio = (value: string, checked = false) => h('input', { type: 'radio', name: 'effort', value, checked })
  const [isQuick, isDefault, isTimed] = [radio('quick', true), radio('default'), radio('minutes')]
  const minutes = numberInput('minutes', { min: '0.1', step: 'any', value: '5' })
  minutes.setAttribute('aria-label', 'Time budget in minutes')
  minutes.addEventListener('input', () => (isTimed.checked = true))
  const d = defaultSettings
  const planned = { placeholder: 'planned' }
  const inputs = {
    trials: ['Trials', numberInput('trials', planned)],
    seeds: ['Seeds', numberInput('seeds', planned)],
    epochs: ['Epochs', numberInput('epochs', planned)],
    batchSize: ['Batch size', numberInput('batch-size', { placeholder: String(d.batchSize) })],
    hidden: ['Hidden units', numberInput('hidden', { placeholder: '32' })],
    baseSeed: ['Base seed', numberInput('base-seed', { min: '0', placeholder: String(d.baseSeed) })],
  } as const
  const schedule = h('select', { id: 'schedule' }, ...schedules.map((name) => option(name)))
  const element = h(
    'fieldset',
    {},
    h('legend', {}, 'Budget'),
    h(
      'div',
      { className: 'efforts' },
      h('label', {}, isQuick, 'Quick: 6 trials, 5 seeds, short runs'),
      h('label', {}, isDefault, `default: ${d.trials} trials, ${d.seeds} seeds`),
      h('span', { className: 'row timed' }, h('label', {}, isTimed, 'Time budget:'), minutes, ' minutes'),
    ),
    h(
      'details',
      {},
      h('summary', {}, 'Advanced'),
      h(
        'div',
        { className: 'fields' },
        ...Object.values(inputs).map(([label, input]) => field(label, input)),
        field('Learning rate schedule', schedule),
      ),
      h('p', { className: 'hint' }, 'Epochs are passes over the training rows; on functions, ten steps each. Empty fields are planned.'),
    ),
  )
  return {
    element,
    effort(): Choice['effort'] {
      if (!isTimed.checked) return isQuick.checked ? 'quick' : 'default'
      return numberIn('The time budget', minutes, false) ?? 5
    },
    asked(): Choice['asked'] {
      const given = Object.entries(inputs).map(([name, [label, input]]) => [name, numberIn(label, input)] as const)
      return {
        ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
        ...(schedule.value !== d.schedule && { schedule: schedule.value as Schedule }),
      }
    },
  }
}

export function makeForm(onFile: (file: File) => void, onStart: () => void): Form {
  const problem = problemPart(onFile)
  const optimizers = optimizersPart()
  const effort = effortPart()
  const start = h('button', { className: 'primary', type: 'submit' }, 'Start')
  const element = h(
    'form',
    { className: 'choices', noValidate: true },
    h('div', {}, problem.element, effort.element),
    h('div', {}, optimizers.element),
    h('div', { className: 'row start' }, start),
  )
  element.addEventListener('submit', (event) => {
    event.preventDefault()
    onStart()
  })
  return {
    element,
    choice: () => ({
      source: problem.source(),
      optimizers: optimizers.optimizers(),
      effort: effort.effort(),
      asked: effort.asked(),
    }),
    showTable: problem.showTable,
    showNoTable: problem.showNoTable,
  }
}
