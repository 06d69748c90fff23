/** What axe-core finds in a page. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Violations with what violates: under a page's policy a script comes from its origin or from the driver, which is what this is. */
export async function violations(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await globalThis.axe.run({ resultTypes: ['violations'] })).violations)
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join('; ')}`)
}

/** How far a page stands out to the side of its window, in words; nothing if it fits. */
export async function sideways(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  return wide > room ? `${wide} pixels in ${room}` : ''
}
