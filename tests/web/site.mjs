/** The documentation in a browser: links, requests, console, accessibility, width, sidebar and search. */
import assert from 'node:assert'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sideways, violations } from '../accessibility.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { serve } from '../runtimes/serve.mjs'
import { needsOf } from './visit.mjs'

/** Runs in a page. Returns its links, sources and headings. */
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

const isElsewhere = (address) => (url) => !url.startsWith(`${address}/`) && !url.startsWith('data:')

/**
 * Opens every page reachable by links from the first one, and calls `look` with each. Without the service worker, because Firefox logs an
 * error when a navigation cancels a request that the worker intercepted.
 */
async function crawl(page, address, look) {
  await page.evaluateOnNewDocument(() => delete Navigator.prototype.serviceWorker)
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
  assert.deepEqual(requests.filter(isElsewhere(address)), [])
  return seen
}

async function wholeAndLinked(page, address, folder) {
  const seen = await crawl(page, address)
  const written = readdirSync(folder).filter((name) => name.endsWith('.html'))
  assert.deepEqual([...seen.keys()].map((url) => url.split('/').at(-1)).sort(), written.sort(), 'pages without a link to them')
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
  for (const width of [1280, 390]) {
    await page.setViewport({ width, height: 900 })
    await crawl(page, address, async (opened, url) => {
      for (const violation of await violations(opened)) found.push(`${url} at ${width} pixels: ${violation}`)
    })
  }
  assert.deepEqual(found, [])
}

/** The sidebar, in order. The reference's entry points stand below it. */
const order = {
  Learn: ['index', 'choosing', 'coming-from-pytorch', 'coming-from-tensorflow', 'recipes', 'examples'],
  Do: ['compare', 'tables', 'checkpoints', 'threads', 'runtimes', 'data', 'contributing'],
  'Look up': [
    ...[
      'optimizers',
      'schedulers',
      'api',
      'api-index',
      'api-nn',
      'api-compare',
      'api-io',
      'api-tables',
      'api-fs',
      'errors',
      'differences',
      'numerics',
    ],
    ...['conformance', 'abi', 'performance', 'changes'],
  ],
}

async function sidebarOrder(page, address) {
  for (const name of Object.values(order).flat()) {
    await page.goto(`${address}/docs/${name}.html`)
    const [shown, current] = await page.evaluate(() => {
      const nav = document.querySelector('nav.contents')
      const groups = [...nav.querySelectorAll('.group')].map((heading) => [
        heading.textContent,
        [...heading.nextElementSibling.querySelectorAll('a')].map((link) => link.getAttribute('href').replace('.html', '')),
      ])
      return [groups, [...nav.querySelectorAll('[aria-current="page"]')].map((link) => link.getAttribute('href'))]
    })
    assert.deepEqual(shown, Object.entries(order))
    assert.deepEqual(current, [`${name}.html`])
  }
}

const isShown = (page, selector) => page.$eval(selector, (element) => element.checkVisibility())

async function onAPhone(page, address) {
  await page.setViewport({ width: 390, height: 900 })
  await page.goto(`${address}/docs/optimizers.html`)
  const link = 'details.contents a[href="schedulers.html"]'
  assert(!(await isShown(page, link)))
  await page.click('details.contents > summary')
  assert(await isShown(page, link))
  await page.click('details.toc > summary')
  await page.click('details.toc a[href="#adamw"]')
  assert.equal(new URL(page.url()).hash, '#adamw')
  await page.setViewport({ width: 1440, height: 900 })
  const names = await page.$$eval('nav.toc a', (links) => links.map(({ textContent }) => textContent))
  assert(names.length === 15 && names.includes('AdamW'), `${names}`)
  await page.goto(`${address}/docs/errors.html`)
  assert.equal(await page.$('.toc'), null)
}

/** Queries, with sections that must be among their results. */
const queries = [
  ['weight_decay', ['optimizers.html#adamw', 'coming-from-pytorch.html#optimizers-and-groups']],
  ['weightDecay', ['optimizers.html#adamw']],
  ['weight decay', ['optimizers.html#adamw']],
  ['learning rate schedule', ['schedulers.html#schedulers']],
  ['zero_grad', ['api-index.html#optimizer', 'coming-from-pytorch.html#training-loop']],
  ['zerograd', ['api-index.html#optimizer']],
  ['manual_seed', ['coming-from-pytorch.html#seeds']],
  ['option-range', ['errors.html#option-range']],
  ['frame-missing', ['errors.html#frame-missing']],
  ['file-invalid', ['errors.html#file-invalid']],
  ['adam', ['optimizers.html#adam']],
  ['crosentropy', ['api-nn.html#functionalcrossentropy']],
  ['schedul', ['schedulers.html#schedulers']],
]

/** Types a query and returns the addresses of its results. */
async function resultsOf(page, text) {
  await page.$eval('#search', (input) => {
    input.value = ''
    input.dispatchEvent(new Event('input'))
  })
  await page.focus('#search')
  await page.keyboard.type(text)
  await page.waitForSelector('#search-results:not([hidden]) [aria-selected="true"]')
  return page.$$eval('[role="option"]', (options) => options.map(({ dataset }) => dataset.href))
}

async function findsSections(page, address) {
  const requests = []
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(`${address}/docs/index.html`)
  assert(!requests.some((url) => url.includes('search')), 'the index loads before the search opens')
  for (const [text, expected] of queries) {
    const found = await resultsOf(page, text)
    for (const href of expected) assert(found.includes(href), `${text}: ${href} is not among ${found.join(' ')}`)
  }
  assert.equal(requests.filter((url) => url.endsWith('/search.json')).length, 1)
  assert.deepEqual(requests.filter(isElsewhere(address)), [])
  for (const text of ['<b>&', '"', '_', '-', 'a'.repeat(500), '日本', '%00']) {
    await page.$eval('#search', (input, text) => Object.assign(input, { value: text }) && input.dispatchEvent(new Event('input')), text)
  }
  await page.$eval('#search', (input) => Object.assign(input, { value: 'qqqzzzqqq' }) && input.dispatchEvent(new Event('input')))
  await page.waitForFunction(() => document.querySelector('#search-status').textContent === 'No results for “qqqzzzqqq”')
}

async function byKeys(page, address) {
  await page.goto(`${address}/docs/index.html`)
  const active = () => page.evaluate(() => document.activeElement.id)
  const selected = () => page.$$eval('[role="option"]', (options) => options.findIndex((option) => option.ariaSelected === 'true'))
  const described = () => page.$eval('#search', (input) => [input.ariaExpanded, input.getAttribute('aria-activedescendant')])
  await page.keyboard.press('/')
  assert.equal(await active(), 'search')
  assert.deepEqual(await described(), ['false', null])
  const found = await resultsOf(page, 'adamw/')
  assert.deepEqual(await described(), ['true', 'search-result-0'])
  await page.keyboard.press('ArrowDown')
  assert.deepEqual(await described(), ['true', 'search-result-1'])
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowUp')
  assert.equal(await selected(), found.length - 1)
  await page.keyboard.press('ArrowDown')
  assert.equal(await selected(), 0)
  await page.keyboard.press('Escape')
  assert.deepEqual(await described(), ['false', null])
  assert.equal(await active(), 'search')
  await page.keyboard.press('ArrowDown')
  await page.waitForSelector('[role="option"]')
  await page.waitForFunction(() => document.querySelector('#search').ariaExpanded === 'true')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  assert.notEqual(await active(), 'search')
  await page.keyboard.press('/')
  await page.waitForFunction(() => document.querySelector('#search').ariaExpanded === 'true')
  await page.keyboard.press('ArrowDown')
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
  assert.equal(page.url(), `${address}/docs/${found[1]}`)
  await page.click('#search')
  await page.keyboard.type('frame-missing')
  await page.waitForSelector('[data-href="errors.html#frame-missing"]')
  await Promise.all([page.waitForNavigation(), page.click('[data-href="errors.html#frame-missing"]')])
  assert.equal(page.url(), `${address}/docs/errors.html#frame-missing`)
}

/** Serves the site from a folder below the root, visits one page, and stops the server: pages and search go on working. */
async function withoutNetwork(page, folder) {
  const root = mkdtempSync(join(tmpdir(), 'downhill-site-'))
  cpSync(join(folder, '..'), join(root, 'my site'), { recursive: true })
  const { address, close } = await serve(root)
  try {
    await page.goto(`${address}/my%20site/docs/choosing.html`)
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready
      const isKept = async () => Boolean(await caches.match('search.json'))
      while (!(navigator.serviceWorker.controller && (await isKept()))) await new Promise((resolve) => setTimeout(resolve, 50))
    })
    await close()
    await page.goto(`${address}/my%20site/docs/schedulers.html`)
    assert.equal(await page.$eval('h1', ({ textContent }) => textContent), 'Schedulers')
    const [first] = await resultsOf(page, 'option-range')
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
    assert.equal(page.url(), `${address}/my%20site/docs/${first}`)
  } finally {
    await close().catch(() => {})
    rmSync(root, { recursive: true })
  }
}

async function searchAccessible(page, address, scheme) {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  for (const width of [1280, 390]) {
    await page.setViewport({ width, height: 900 })
    await page.goto(`${address}/docs/optimizers.html`)
    await resultsOf(page, 'weight_decay')
    assert.deepEqual(await violations(page), [], `${width} pixels`)
    assert.equal(await sideways(page), '', `${width} pixels`)
    const box = await page.$eval('#search-results', (list) => list.getBoundingClientRect().toJSON())
    assert(box.left >= 0 && box.right <= width, JSON.stringify(box))
  }
}

/** The checks of the documentation that was written into `folder` and is served at `address`/docs. */
export function checks(address, browser = 'chromium', folder = fileURLToPath(new URL('../../build/web/docs', import.meta.url))) {
  const needs = needsOf(browser)
  const inPage = (body) => () => inBrowser(browser, 'about:blank', body)
  const check = (name, body) => ({ name: `documentation, ${browser}: ${name}`, needs, run: inPage(body) })
  return [
    check('every page has a link, and links, images and headings are valid', (page) => wholeAndLinked(page, address, folder)),
    check('the sidebar is in order and marks the current page', (page) => sidebarOrder(page, address)),
    check('pages and headings collapse on a phone', (page) => onAPhone(page, address)),
    check('the search finds sections', (page) => findsSections(page, address)),
    check('the search works by keyboard', (page) => byKeys(page, address)),
    check('pages and search work without a network, below the root', (page) => withoutNetwork(page, folder)),
    ...[1280, 390].map((width) => check(`nothing overflows at ${width} pixels`, (page) => fits(page, address, width))),
    // Firefox's driver cannot emulate a color scheme.
    ...(browser === 'firefox' ? [] : ['light', 'dark']).flatMap((scheme) => [
      check(`pages are accessible, ${scheme}`, (page) => accessible(page, address, scheme)),
      check(`the open search is accessible, ${scheme}`, (page) => searchAccessible(page, address, scheme)),
    ]),
  ]
}
