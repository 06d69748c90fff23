/** A finished comparison: the report, and files to save. */
import { capitalized } from '../../host/compare/shown.ts'
import { h } from '../element.ts'
import type { Finished } from './messages.ts'

export interface Outcome {
  readonly element: HTMLElement
  show(finished: Finished, title: string): void
  /** Saves a file. */
  save(name: string, bytes: Uint8Array<ArrayBuffer>): void
  clear(): void
}

interface Actions {
  weights(kind: 'safetensors' | 'pt'): void
  again(): void
}

/** Yields to the page's other work. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

export function makeOutcome({ weights, again }: Actions): Outcome {
  const element = h('section', { className: 'outcome', 'aria-label': 'Report', hidden: true })
  let addresses: string[] = []
  const addressOf = (parts: BlobPart[], type: string) => {
    const address = URL.createObjectURL(new Blob(parts, { type }))
    addresses.push(address)
    return address
  }
  const link = (name: string, text: string, type: string) =>
    h('a', { className: 'button', download: name, href: addressOf([text], type) }, name)
  function clear(): void {
    element.replaceChildren()
    element.hidden = true
    for (const address of addresses) URL.revokeObjectURL(address)
    addresses = []
  }
  function downloads({ json, html, weightsOf }: Finished): HTMLElement {
    const weightsButton = (kind: 'safetensors' | 'pt') =>
      h('button', { type: 'button', className: kind, on: { click: () => weights(kind) } }, `Weights of ${weightsOf}, .${kind}`)
    return h(
      'div',
      { className: 'row', role: 'group', 'aria-label': 'Files' },
      link('report.json', json, 'application/json'),
      link('report.html', html, 'text/html'),
      weightsOf !== undefined && weightsButton('safetensors'),
      weightsOf !== undefined && weightsButton('pt'),
      h('button', { type: 'button', on: { click: () => again() } }, 'New comparison'),
    )
  }
  function verdict({ replayed }: Finished): HTMLElement | false {
    if (!replayed) return false
    const { file, difference } = replayed
    return difference === undefined
      ? h('p', { className: 'verdict' }, `✓ Every number equals ${file}.`)
      : h('p', { className: 'verdict error' }, `✗ The numbers differ from ${file}, first at ${difference}.`)
  }
  return {
    element,
    clear,
    show(finished, title) {
      clear()
      const heading = h('h2', { tabIndex: -1 }, capitalized(title))
      const receipt = h('script', { type: 'application/json', id: 'receipt' })
      receipt.textContent = finished.json
      const report = h('div', { className: 'report' })
      element.append(heading, verdict(finished) || '', h('p', { className: 'recommendation' }, finished.lead), downloads(finished), report)
      element.hidden = false
      heading.focus()
      void (async () => {
        for (const section of finished.sections) {
          await pause()
          report.insertAdjacentHTML('beforeend', section)
        }
        element.append(receipt)
      })()
    },
    save(name, bytes) {
      const anchor = h('a', { download: name, href: addressOf([bytes], 'application/octet-stream') })
      anchor.click()
    },
  }
}
