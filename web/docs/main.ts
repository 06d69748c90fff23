/** The documentation's script: the search box, and the service worker that caches the pages for use without a network. */
import { h } from '../element.ts'
import type { Found } from './search.ts'
import { termsOf, words } from './terms.mjs'

const EXCERPT_LENGTH = 150

const input = document.querySelector<HTMLInputElement>('#search')!
const list = document.querySelector<HTMLElement>('#search-results')!
const status = document.querySelector<HTMLElement>('#search-status')!
let search: Promise<(text: string) => Found[]> | undefined
let results: readonly Found[] = []
let chosen = 0

function load() {
  search ??= import('./search.ts').then(({ loadSearch }) => loadSearch('search.json'))
  // The next attempt loads the index again.
  search.catch(() => {
    search = undefined
  })
  return search
}

function show(isOpen: boolean): void {
  list.hidden = !isOpen
  input.setAttribute('aria-expanded', String(isOpen))
  if (!isOpen) input.removeAttribute('aria-activedescendant')
}

function choose(index: number): void {
  chosen = index
  for (const [i, option] of [...list.children].entries()) option.setAttribute('aria-selected', String(i === index))
  const option = list.children[index]
  if (!option) return
  input.setAttribute('aria-activedescendant', option.id)
  option.scrollIntoView({ block: 'nearest' })
}

/** Highlights the words of a text that contain one of the terms. */
function marked(text: string, terms: readonly string[]): (string | Node)[] {
  const isMatch = (word: string) => termsOf(word).some((term) => terms.includes(term))
  return text
    .split(/([\p{L}\p{N}]+(?:[_-][\p{L}\p{N}]+)*)/u)
    .map((part) => (words(part)[0] === part && isMatch(part) ? h('mark', {}, part) : part))
}

/** Cuts the text around the first match of the longest term. */
function excerptOf({ excerpt, terms }: Found): (string | Node)[] {
  const longest = terms.toSorted((a, b) => b.length - a.length)
  const all = words(excerpt).map((word) => ({ word, terms: termsOf(word) }))
  const first = longest.flatMap((term) => all.find((one) => one.terms.includes(term))?.word ?? [])[0]
  const at = first ? Math.max(0, excerpt.indexOf(first) - EXCERPT_LENGTH / 3) : 0
  const from = at && excerpt.indexOf(' ', at) + 1
  const text = excerpt.slice(from, from + EXCERPT_LENGTH).replace(excerpt.length > from + EXCERPT_LENGTH ? /\s+\S*$/ : '', '')
  return [from ? '… ' : '', ...marked(text, terms), from + text.length < excerpt.length ? ' …' : '']
}

async function query(): Promise<void> {
  const text = input.value
  if (!words(text).length) {
    results = []
    status.textContent = ''
    return show(false)
  }
  try {
    const find = await load()
    if (input.value !== text) return
    results = find(text)
    status.textContent = results.length ? `${results.length} results` : `No results for “${text}”`
  } catch {
    results = []
    status.textContent = 'The search index did not load. Try again.'
  }
  const options = results.map((found, i) =>
    h(
      'li',
      {
        id: `search-result-${i}`,
        role: 'option',
        'aria-selected': 'false',
        'data-href': found.href,
        on: { click: () => open(i), mousemove: () => choose(i) },
      },
      h('span', { className: 'found' }, h('strong', {}, ...marked(found.title, found.terms)), h('span', {}, found.page)),
      h('span', { className: 'excerpt' }, ...excerptOf(found)),
    ),
  )
  list.replaceChildren(...options)
  show(options.length > 0)
  choose(0)
}

function open(index: number): void {
  const found = results[index]
  if (!found) return
  show(false)
  input.blur()
  location.assign(found.href)
}

input.addEventListener('focus', () => {
  void load().catch(() => {})
  if (input.value) void query()
})
input.addEventListener('input', () => void query())
input.addEventListener('keydown', (event) => {
  const { key } = event
  if (key === 'Escape') {
    if (list.hidden) input.blur()
    show(false)
  } else if (list.hidden) {
    if (key === 'ArrowDown') void query()
    // The index may still be loading.
    if (key === 'Enter') void query().then(() => open(0))
    return
  } else if (key === 'ArrowDown') choose((chosen + 1) % results.length)
  else if (key === 'ArrowUp') choose((chosen + results.length - 1) % results.length)
  else if (key === 'Enter') open(chosen)
  else return
  event.preventDefault()
})
// Pressing a pointer in the list must not move the focus from the field.
list.addEventListener('mousedown', (event) => event.preventDefault())
input.addEventListener('blur', () => show(false))

addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select')
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return
  event.preventDefault()
  input.focus()
  input.select()
})

if ('serviceWorker' in navigator) addEventListener('load', () => void navigator.serviceWorker.register('../sw.js').catch(() => {}))
