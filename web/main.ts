/** The page. It shows one view at a time, which the address names after #. */
import { h, type View } from './element.ts'

const views: Readonly<Record<string, () => Promise<{ view: View }>>> = {
  home: () => import('./home/view.ts'),
  compare: () => import('./compare/view.ts'),
  predict: () => import('./predict/view.ts'),
  surface: () => import('./surface/view.ts'),
  bits: () => import('./bits/view.ts'),
}

const place = document.getElementById('view')!
let takeDown = () => {}
let shown = ''

async function show(): Promise<void> {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  const name = Object.hasOwn(views, path) ? path : 'home'
  // A view writes its own state into the query, which must not rebuild it.
  if (name === shown) return
  shown = name
  takeDown()
  takeDown = () => {}
  const { view } = await views[name]!()
  if (shown !== name) return
  document.title = name === 'home' ? `downhill · ${view.title}` : `${view.title} · downhill`
  for (const link of document.querySelectorAll('.top nav a')) {
    if (link.getAttribute('href') === `#/${name}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  place.replaceChildren()
  try {
    takeDown = await view.mount(place, new URLSearchParams(query))
  } catch (error) {
    place.replaceChildren(h('h1', {}, view.title), h('p', { className: 'error', role: 'alert' }, String((error as Error).message ?? error)))
  }
}

addEventListener('hashchange', () => {
  void show().then(() => place.focus())
})
void show()
if ('serviceWorker' in navigator) addEventListener('load', () => void navigator.serviceWorker.register('sw.js').catch(() => {}))
