/** The view "Same bits": runs the conformance program in the visitor's browser and compares its hashes with the published ones. */
import { h, type View } from '../element.ts'

interface Answer {
  readonly hashes?: Readonly<Record<string, string>>
  readonly seconds?: number
  readonly error?: string
}

async function fetched(path: string): Promise<Response> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path} could not be read: ${response.status}`)
  return response
}

/** Returns the first digits of a SHA-256, in groups. */
function short(hash: string): string {
  return hash.slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ')
}

function table(published: Readonly<Record<string, string>>, own: Readonly<Record<string, string>>): HTMLElement {
  const rows = Object.keys(published).map((name) => {
    const isSame = own[name] === published[name]
    return h(
      'tr',
      { className: isSame ? 'same' : 'other' },
      h('th', { scope: 'row' }, name),
      h('td', {}, h('code', { title: published[name] }, short(published[name]!))),
      h('td', {}, h('code', { title: own[name] ?? '' }, own[name] ? short(own[name]!) : '–')),
      h('td', { className: 'words' }, isSame ? '✓ equal' : '✗ different'),
    )
  })
  const head = ['optimizer', 'published', 'in this browser', 'verdict'].map((title) => h('th', { scope: 'col' }, title))
  return h(
    'div',
    { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Hashes' },
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)),
  )
}

export const view: View = {
  title: 'Same bits',
  mount(place) {
    const said = h('p', { role: 'status', 'aria-live': 'polite' })
    const result = h('div')
    const button = h('button', { className: 'primary', type: 'button', on: { click: () => void run() } }, 'Compute hashes')
    let worker: Worker | undefined
    const stop = () => {
      worker?.terminate()
      worker = undefined
    }
    const fail = (why: unknown) => {
      said.className = 'error'
      said.textContent = why instanceof Error ? why.message : String(why)
      button.disabled = false
      stop()
    }
    async function run(): Promise<void> {
      button.disabled = true
      said.className = ''
      said.textContent = 'Training with all fifteen optimizers …'
      try {
        const [published, csv] = await Promise.all([
          fetched('hashes.json').then((response) => response.json() as Promise<Record<string, string>>),
          fetched('datasets/digits.csv').then((response) => response.text()),
        ])
        worker = new Worker('bits-worker.js', { type: 'module' })
        worker.onerror = ({ message }) => fail(message || 'the worker did not start')
        worker.onmessage = ({ data: { hashes, seconds, error } }: MessageEvent<Answer>) => {
          if (!hashes) return fail(error)
          const names = Object.keys(published)
          const same = names.filter((name) => hashes[name] === published[name]).length
          said.textContent =
            same === names.length
              ? `All ${same} hashes equal the published ones: this browser computed the same bits, in ${seconds!.toFixed(1)} s.`
              : `${same} of ${names.length} hashes equal the published ones. Please report this browser.`
          result.replaceChildren(table(published, hashes))
          button.disabled = false
          stop()
        }
        worker.postMessage(csv)
      } catch (error) {
        fail(error)
      }
    }
    place.append(
      h('h1', {}, 'The same bits, everywhere'),
      h(
        'p',
        { className: 'lead' },
        'Every optimizer trains a perceptron in float64 and a convolutional network in float32 on handwritten digits, with dropout, clipping and schedules, saved and resumed halfway. Each run ends in a SHA-256 of all parameters, states and losses. The published hashes are from Node, Deno, Bun, workerd, Chromium, Firefox and WebKitGTK; this view runs the same program here.',
      ),
      h('div', { className: 'row' }, button),
      said,
      result,
    )
    return stop
  },
}
