/** Accessibility of a page, checked by axe-core, and its width. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/**
 * Returns axe-core's violations, with the elements that cause them. The driver injects axe, because the page's policy allows other scripts
 * from its own origin only.
 */
export async function violations(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await globalThis.axe.run({ resultTypes: ['violations'] })).violations)
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('; ')}`)
}

/** Returns a page's width and its window's as text if the page overflows horizontally; '' otherwise. */
export async function sideways(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  return wide > room ? `${wide} pixels in ${room}` : ''
}
