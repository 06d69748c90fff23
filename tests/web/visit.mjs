/** A visit to the page, in which nothing is said in the console and nothing is asked of another origin. */
import assert from 'node:assert'
import { sideways, violations } from '../accessibility.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { browsers, installed } from '../runtimes/tools.mjs'

export const needsOf = (browser) => ({ [browser]: browsers[browser](), puppeteer: installed('node_modules/puppeteer-core') })

/** Opens an address, hands the page over, and looks at what was said and asked meanwhile. `prepare` has the page before anything is loaded. */
export function visit(browser, address, body, prepare = () => {}) {
  return inBrowser(browser, 'about:blank', async (page) => {
    const [said, asked] = [[], []]
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    page.on('request', (request) => asked.push(request.url()))
    await page.setViewport({ width: 1280, height: 900 })
    await prepare(page)
    await page.goto(address)
    const result = await body(page)
    assert.deepEqual(said, [])
    const { origin } = new URL(address)
    const elsewhere = asked.filter((url) => /^https?:/.test(url) && new URL(url).origin !== origin)
    assert.deepEqual(elsewhere, [])
    return result
  })
}

/** Asserts that axe finds nothing, and that nothing but a table scrolls sideways. */
export async function assertAccessible(page, where) {
  assert.deepEqual(await violations(page), [], where)
  assert.equal(await sideways(page), '', where)
}
