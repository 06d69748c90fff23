/** The first view: a summary, the install command, a race, four measured figures, and an example. */
import { example, figures } from 'virtual:first-screen'
import { h, type View } from '../element.ts'
import { Race } from './race.ts'

/** Returns a button that copies a text and shows a confirmation for two seconds. */
function copyButton(text: string, what: string): HTMLElement {
  const button = h('button', { type: 'button', className: 'copy', 'aria-label': `Copy ${what}` }, 'Copy')
  const said = h('span', { className: 'said', role: 'status' })
  button.addEventListener('click', () => {
    void navigator.clipboard.writeText(text).then(
      () => (said.textContent = 'Copied'),
      () => (said.textContent = 'Copying failed'),
    )
    setTimeout(() => (said.textContent = ''), 2000)
  })
  return h('span', { className: 'copying' }, said, button)
}

const ways = [
  ['#/compare', 'Compare', 'Find the optimizer for your own table, in this browser.'],
  ['#/predict', 'Predict', 'Train a model on your own table, and predict new rows.'],
  ['#/surface', 'Surfaces', 'Watch any optimizer on any surface, option by option.'],
  ['#/bits', 'Same bits', 'Compute the published hashes on your machine.'],
  ['docs/choosing.html', 'Guide', 'Choose an optimizer, with measured reasons.'],
  ['docs/index.html', 'Documentation', 'Learn, do, look up. Works offline.'],
] as const

const install = 'npm install downhill'

export const view: View = {
  title: 'PyTorch’s optimizers for every JavaScript runtime',

  async mount(place) {
    const race = new Race()
    place.append(
      h(
        'div',
        { className: 'home' },
        h(
          'section',
          { className: 'hero' },
          h(
            'div',
            { className: 'claim' },
            h('h1', {}, 'PyTorch’s optimizers, bit for bit, in every JavaScript runtime'),
            h(
              'p',
              { className: 'lead' },
              'One SIMD WebAssembly binary with torch’s names and torch’s numbers: train in Node, Deno, Bun, browsers and edge workers.',
            ),
            h('p', { className: 'install' }, h('code', {}, install), copyButton(install, 'the install command')),
            h(
              'p',
              { className: 'ways-in' },
              h('a', { className: 'button primary', href: '#/compare' }, 'Compare optimizers'),
              h('a', { className: 'button', href: 'docs/index.html' }, 'Read the documentation'),
            ),
          ),
          race.element,
        ),
        h(
          'dl',
          { className: 'figures' },
          ...figures.map(({ value, label, source, href }) =>
            h('div', {}, h('dt', {}, label), h('dd', {}, value), h('dd', { className: 'source' }, h('a', { href }, source))),
          ),
        ),
        h(
          'section',
          { className: 'example' },
          h('h2', {}, 'Train a model in ten lines'),
          h(
            'div',
            { className: 'code' },
            h('pre', { tabIndex: 0, role: 'region', 'aria-label': 'Example' }, h('code', {}, example)),
            copyButton(example, 'the example'),
          ),
        ),
        h(
          'nav',
          { className: 'cards', 'aria-label': 'More' },
          ...ways.map(([href, title, text]) => h('a', { href }, h('strong', {}, title), h('span', {}, text))),
        ),
      ),
    )
    await race.begin()
    return () => race.dispose()
  },
}
