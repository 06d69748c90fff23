/** Visits to the page that fail on console output and on requests to other origins. */
import assert from 'node:assert'
import { sideways, violations } from '../accessibility.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { browsers, installed } from '../runtimes/tools.mjs'

export const needsOf = (browser) => ({ [browser]: browsers[browser](), puppeteer: installed('node_modules/puppeteer-core') })

/**
 * Opens an address and passes the page to `body`, then checks the console and the requests. `prepare` gets the page before the address
 * loads.
 */
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

/** Asserts that axe finds no violations and that the page does not overflow horizontally. */
export async function assertAccessible(page, where) {
  assert.deepEqual(await violations(page), [], where)
  assert.equal(await sideways(page), '', where)
}
