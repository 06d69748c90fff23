/** The view "Same bits" in a browser, and the page without a network. */
import assert from 'node:assert'
import { assertAccessible, needsOf, visit } from './visit.mjs'

async function sameBits(page) {
  await page.waitForSelector('main button')
  await page.keyboard.press('Tab')
  await page.focus('main button')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('main table'), { timeout: 120_000, polling: 100 })
  const said = await page.$eval('main [role=status]', ({ textContent }) => textContent)
  assert.match(said, /^All 15 hashes equal the published ones/)
  assert.equal(await page.$$eval('main tr.same', (rows) => rows.length), 15)
  await assertAccessible(page)
  await page.setViewport({ width: 390, height: 900 })
  await assertAccessible(page)
  return said
}

async function withoutNetwork(page) {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null, { polling: 100 })
  await page.setOfflineMode(true)
  try {
    await page.reload()
    await page.waitForFunction(() => document.querySelector('main h1'), { polling: 100 })
    await sameBits(page)
  } finally {
    await page.setOfflineMode(false)
  }
}

export const checks = (address, browser) => [
  {
    name: `${browser}, same bits: every hash equals the published one`,
    needs: needsOf(browser),
    run: () => visit(browser, `${address}/index.html#/bits`, sameBits),
  },
  // Firefox's driver cannot go offline.
  ...(browser === 'chromium'
    ? [
        {
          name: `${browser}: the page works without a network after the first visit`,
          needs: needsOf(browser),
          run: () => visit(browser, `${address}/index.html#/bits`, withoutNetwork),
        },
      ]
    : []),
]
