/** The first view: the race, copying, figures, size, links and accessibility. */
import assert from 'node:assert'
import { gzipSync } from 'node:zlib'
import { example, figures } from '../../web/first-screen.mjs'
import { assertAccessible, needsOf, visit } from './visit.mjs'

const LIMIT = 100 * 1024

const arrived = (page, at) =>
  page.waitForFunction((at) => Number(document.querySelector('.race')?.dataset.at) >= at, { timeout: 30_000, polling: 50 }, at)

/** Replaces the clipboard, which a headless browser refuses, and motion if asked. */
const prepared = (isStill) => (page) =>
  page.evaluateOnNewDocument((isStill) => {
    globalThis.copied = []
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => void copied.push(text) } })
    const real = matchMedia
    globalThis.matchMedia = (query) =>
      query.includes('reduced-motion') ? { matches: isStill, addEventListener() {}, removeEventListener() {} } : real(query)
  }, isStill)

export function checks(address, browser) {
  const start = `${address}/index.html`
  const needs = needsOf(browser)
  return [
    {
      name: `${browser}: the first view starts the race, copies, and shows figures equal to their sources`,
      needs,
      run: () =>
        visit(
          browser,
          start,
          async (page) => {
            await arrived(page, 30)
            for (const button of await page.$$('.home .copy')) await button.click()
            assert.deepEqual(await page.evaluate(() => copied), ['npm install downhill', example()])
            const shown = await page.$$eval('.figures > div', (list) =>
              list.map((figure) => ({
                label: figure.querySelector('dt').textContent,
                value: figure.querySelector('dd').textContent,
                source: figure.querySelector('a').textContent,
                href: figure.querySelector('a').getAttribute('href'),
              })),
            )
            assert.deepEqual(shown, await figures())
            await arrived(page, 400)
            assert.equal(await page.$eval('.race button', (button) => button.textContent), 'Restart')
            await page.click('.race button')
            await page.waitForFunction(() => Number(document.querySelector('.race').dataset.at) < 400)
          },
          prepared(false),
        ),
    },
    {
      name: `${browser}: the first view shows the end of the race with reduced motion`,
      needs,
      run: () =>
        visit(
          browser,
          start,
          async (page) => {
            await arrived(page, 400)
            assert.equal(await page.$eval('.race button', (button) => button.textContent), 'Restart')
          },
          prepared(true),
        ),
    },
    {
      name: `${browser}: the first view loads at most 100 KB gzipped, and every link works`,
      needs,
      async run() {
        const bodies = new Map()
        await visit(
          browser,
          start,
          async (page) => {
            await arrived(page, 400)
            const names = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name))
            for (const name of [start, ...names]) bodies.set(name, Buffer.from(await (await fetch(name)).arrayBuffer()))
            const links = await page.$$eval('.home a', (list) => list.map((link) => link.href))
            for (const link of links) assert.equal((await fetch(link.split('#')[0])).status, 200, link)
            assert.ok(links.length >= 10)
          },
          prepared(true),
        )
        // The service worker fetches the other files afterwards.
        const first = [...bodies].filter(([name]) => !/\/(docs|datasets)\/|sw\.js$|-worker\.js$|-lead\.js$/.test(name))
        const bytes = first.reduce((sum, [, body]) => sum + gzipSync(body, { level: 9 }).length, 0)
        assert.ok(bytes <= LIMIT, `${bytes} bytes: ${first.map(([name]) => name).join(', ')}`)
        return `${(bytes / 1024).toFixed(1)} KB in ${first.length} files`
      },
    },
    ...[390, 1280].flatMap((width) =>
      // Firefox does not emulate the color scheme.
      (browser === 'chromium' ? ['light', 'dark'] : ['light']).map((scheme) => ({
        name: `${browser}: the first view is accessible at ${width} pixels, ${scheme}`,
        needs,
        run: () =>
          visit(
            browser,
            start,
            async (page) => {
              await arrived(page, 400)
              await assertAccessible(page, `${width} ${scheme}`)
              assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width)
            },
            async (page) => {
              await page.setViewport({ width, height: 900 })
              if (browser === 'chromium') await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
              await prepared(true)(page)
            },
          ),
      })),
    ),
  ]
}
