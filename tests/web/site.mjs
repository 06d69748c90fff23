/** The documentation's pages in a browser: links, requests, the console, accessibility, and how they fit a desk and a phone. */
import assert from 'node:assert'
import { readdirSync } from 'node:fs'
import { sideways, violations } from '../accessibility.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { needsOf } from './visit.mjs'

/** In a page: what it links to and shows, and its headings. */
function facts() {
  const sources = [...document.querySelectorAll('img, script, link')].map((part) => part.src ?? part.href)
  return {
    links: [...document.querySelectorAll('a[href]')].map(({ href }) => href),
    sources: sources.filter(Boolean),
    ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
    unanchored: [...document.querySelectorAll('h2, h3, h4, h5, h6')]
      .filter((heading) => !heading.id || heading.querySelector('a.anchor')?.getAttribute('href') !== `#${heading.id}`)
      .map(({ textContent }) => textContent),
    misshapen: [...document.querySelectorAll('msub, msup, mfrac, mover, munder')]
      .filter(({ children }) => children.length !== 2)
      .map(({ outerHTML }) => outerHTML),
    titled: document.querySelectorAll('h1[id]').length === 1 && document.title !== '',
    empty: [...document.images].filter(({ naturalWidth }) => naturalWidth === 0).map(({ src }) => src),
  }
}

/** Opens pages from the first on, as far as links lead within the documentation, and hands each to `look`. */
async function crawl(page, address, look) {
  const start = `${address}/docs/index.html`
  const queue = [start]
  const seen = new Map()
  const said = []
  const requests = []
  page.on('console', (message) => said.push(`${page.url()}: ${message.text()}`))
  page.on('pageerror', (error) => said.push(`${page.url()}: ${error.message}`))
  page.on('request', (request) => requests.push(request.url()))
  for (let url = queue.shift(); url; url = queue.shift()) {
    if (seen.has(url)) continue
    const response = await page.goto(url)
    assert.equal(response.status(), 200, url)
    const found = await page.evaluate(facts)
    seen.set(url, found)
    await look?.(page, url)
    for (const link of found.links) {
      const [to] = link.split('#')
      if (to.startsWith(`${address}/docs/`) && to.endsWith('.html')) queue.push(to)
    }
  }
  assert.deepEqual(said, [])
  const elsewhere = requests.filter((url) => !url.startsWith(`${address}/`) && !url.startsWith('data:'))
  assert.deepEqual(elsewhere, [])
  return seen
}

async function wholeAndLinked(page, address, folder) {
  const seen = await crawl(page, address)
  const written = readdirSync(folder).filter((name) => name.endsWith('.html'))
  assert.deepEqual([...seen.keys()].map((url) => url.split('/').at(-1)).sort(), written.sort(), 'pages that no link leads to')
  const broken = []
  const others = new Map()
  for (const [url, { links, sources, unanchored, misshapen, titled, empty }] of seen) {
    assert.deepEqual([unanchored, misshapen, titled, empty], [[], [], true, []], url)
    for (const link of [...links, ...sources]) {
      if (!link.startsWith(address)) {
        assert(link.startsWith('https://') || link.startsWith('data:'), `${url} leads to ${link}`)
        continue
      }
      const [to, hash] = link.split('#')
      const known = seen.get(to)
      if (!known && !others.has(to)) others.set(to, (await fetch(to)).ok)
      const isThere = known ? !hash || known.ids.includes(decodeURIComponent(hash)) : others.get(to)
      if (!isThere) broken.push(`${url} → ${link}`)
    }
  }
  assert.deepEqual(broken, [])
  return `${seen.size} pages, ${[...seen.values()].reduce((sum, { links }) => sum + links.length, 0)} links`
}

async function fits(page, address, width) {
  await page.setViewport({ width, height: 900 })
  const wide = []
  const seen = await crawl(page, address, async (opened, url) => {
    const look = async (state) => {
      const over = await sideways(opened)
      if (over) wide.push(`${url}${state}: ${over}`)
    }
    await look('')
    await opened.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    await look(', opened')
  })
  assert.deepEqual(wide, [])
  return `${seen.size} pages`
}

async function accessible(page, address, scheme) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  const found = []
  // Colours do not depend on the width, and nothing but them on the scheme.
  for (const width of scheme === 'light' ? [1280, 390] : [1280]) {
    await page.setViewport({ width, height: 900 })
    await crawl(page, address, async (opened, url) => {
      for (const violation of await violations(opened)) found.push(`${url} at ${width} pixels: ${violation}`)
    })
  }
  assert.deepEqual(found, [])
}

/** The checks of the documentation as it was written into `folder` and is served at `address`/docs. */
export function checks(address, browser = 'chromium', folder = new URL('../../build/web/docs', import.meta.url).pathname) {
  const needs = needsOf(browser)
  const inPage = (body) => () => inBrowser(browser, 'about:blank', body)
  const check = (name, body) => ({ name: `documentation, ${browser}: ${name}`, needs, run: inPage(body) })
  return [
    check('every page is linked, and no link, image or heading is amiss', (page) => wholeAndLinked(page, address, folder)),
    ...[1280, 390].map((width) => check(`nothing stands out to the side at ${width} pixels`, (page) => fits(page, address, width))),
    // Firefox's driver cannot choose a scheme.
    ...(browser === 'firefox' ? [] : ['light', 'dark']).map((scheme) =>
      check(`accessibility, ${scheme}`, (page) => accessible(page, address, scheme)),
    ),
  ]
}
