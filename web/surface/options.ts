/** Controls for declared options. Each shows the library's own error if its value is out of range. */
import { checkOptions, type Option } from '../../host/validation/options.ts'
import { h } from '../element.ts'
import { controlled, functionsOfStep, type Given, type optimizers } from './catalogue.ts'
import { parseExpression } from './expression.ts'
import { type Scale, scaleOf } from './scales.ts'

type Declaration = (typeof optimizers)[string]['made']['declaration']

const FINE = 1000

/** Returns the error of an option's value; '' if it is valid. */
export function complaint({ name: owner, options }: Declaration, name: string, value: unknown): string {
  try {
    if (functionsOfStep.has(name)) parseExpression(String(value), ['t'])
    else checkOptions(owner, options, { [name]: value })
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** Returns the choices of an option, read from its range; undefined if it is not a choice of strings. */
function choicesOf(range: string): (string | null)[] | undefined {
  if (!/'/.test(range) || !/^('|null)/.test(range)) return undefined
  return range.match(/'[^']*'|null/g)!.map((text) => (text === 'null' ? null : text.slice(1, -1)))
}

/** Returns controls for the options of an optimizer or a schedule. Each change calls `change` with all given options. */
export function optionControls(declaration: Declaration, prefix: string, given: Given, change: (given: Given) => void): HTMLElement {
  let now = given
  const rows = controlled(declaration.options).map((name) => {
    const option = declaration.options[name]!
    const said = h('p', { className: 'error option-error', id: `${prefix}-${name}-error` })
    const tell = (value: unknown) => {
      const sentence = complaint(declaration, name, value)
      said.textContent = sentence
      said.hidden = sentence === ''
    }
    const set = (value: unknown) => {
      now = { ...now, [name]: value }
      tell(value)
      change(now)
    }
    const value = Object.hasOwn(now, name) ? now[name] : option.default
    if (value !== undefined) tell(value)
    const control = controlOf(option, name, `${prefix}-${name}`, value, set)
    const hint = h(
      'p',
      { className: 'hint', id: `${prefix}-${name}-hint` },
      functionsOfStep.has(name) ? 'a function of the step t' : option.doc,
    )
    return h('div', { className: 'option' }, control, hint, said)
  })
  return h('div', { className: 'options' }, ...rows)
}

type Set = (value: unknown) => void

function controlOf(option: Option<unknown>, name: string, id: string, value: unknown, set: Set): HTMLElement {
  const described = { 'aria-describedby': `${id}-hint ${id}-error` }
  const titled = (control: HTMLElement) => h('div', { className: 'control' }, h('label', { for: id }, name), control)
  const choices = choicesOf(option.range)
  if (choices) {
    const select = h(
      'select',
      { id, ...described, on: { change: () => set(choices[select.selectedIndex]) } },
      ...choices.map((choice) => h('option', { selected: choice === value }, String(choice))),
    )
    return titled(select)
  }
  if (typeof option.default === 'boolean') {
    const box = h('input', { id, type: 'checkbox', checked: value === true, ...described, on: { change: () => set(box.checked) } })
    return h('div', { className: 'control' }, h('label', { for: id }, name), box)
  }
  if (functionsOfStep.has(name)) {
    const text = h('input', {
      id,
      type: 'text',
      value: String(value ?? ''),
      spellcheck: false,
      ...described,
      on: { input: () => set(text.value) },
    })
    return titled(text)
  }
  if (option.range.startsWith('an array')) {
    const numbers = () =>
      text.value
        .split(/[\s,]+/)
        .filter(Boolean)
        .map(Number)
    const text = h('input', {
      id,
      type: 'text',
      value: Array.isArray(value) ? value.join(' ') : '',
      ...described,
      on: { input: () => set(numbers()) },
    })
    return titled(text)
  }
  if (!Array.isArray(option.default)) {
    const hasSlider = !option.accepts(null)
    return numberControl(name, id, value, hasSlider ? scaleOf(name, 0, option.default) : undefined, described, set)
  }
  const entries: unknown[] = [...(Array.isArray(value) && value.length === option.default.length ? value : option.default)]
  const hasSliders = entries.length === 2
  return h(
    'div',
    {},
    ...entries.map((entry, i) => {
      const scale = hasSliders ? scaleOf(name, i, option.default) : undefined
      const setOne = (one: unknown) => {
        entries[i] = one
        set([...entries])
      }
      const isNullable = option.accepts(entries.map((other, j) => (j === i ? null : other)))
      return numberControl(`${name} ${i + 1}`, `${id}-${i + 1}`, entry, scale, described, setOne, isNullable)
    }),
  )
}

function numberControl(
  title: string,
  id: string,
  value: unknown,
  scale: Scale | undefined,
  described: Readonly<Record<string, string>>,
  set: Set,
  isNullable = scale === undefined,
): HTMLElement {
  const shown = (value: unknown) => (typeof value === 'number' && !Number.isNaN(value) ? String(value) : '')
  const typed = () =>
    field.value === '' && !field.validity.badInput && isNullable ? null : field.value === '' ? Number.NaN : Number(field.value)
  const onField = () => {
    const value = typed()
    if (slider && value !== null) slider.value = String(scale!.place(value) * FINE)
    set(value)
  }
  const field = h('input', {
    id,
    type: 'number',
    step: 'any',
    value: shown(value),
    placeholder: isNullable ? 'null' : '',
    ...described,
    on: { input: onField },
  })
  const onSlider = () => {
    const value = scale!.value(Number(slider!.value) / FINE)
    field.value = String(value)
    set(value)
  }
  const slider =
    scale &&
    h('input', {
      type: 'range',
      min: '0',
      max: String(FINE),
      step: '1',
      value: String(scale.place(typeof value === 'number' ? value : 0) * FINE),
      'aria-label': `${title}, slider`,
      on: { input: onSlider },
    })
  slider?.setAttribute('aria-valuetext', field.value)
  slider?.addEventListener('input', () => slider.setAttribute('aria-valuetext', field.value))
  return h('div', { className: 'control' }, h('label', { for: id }, title), slider, field)
}
