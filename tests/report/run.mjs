/**
 * report.html in a browser: numbers equal to the receipt's, accessibility, requests, console, and layout at the width of a desktop and of a
 * phone, light and dark; and replays of the receipt in other runtimes. `node tests/report/run.mjs DIR …` checks the reports in these folders
 * instead of made-up ones and a new comparison.
 */
import assert from 'node:assert'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { sideways, violations } from '../accessibility.mjs'
import { runChecks } from '../checks.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { root, temporaryFolder } from '../runtimes/project.mjs'
import { serve } from '../runtimes/serve.mjs'
import { browsers, installed } from '../runtimes/tools.mjs'

/** Resolves ?inline imports like rollup.config.mjs. */
const inline = {
  name: 'inline',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?inline$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace('?inline', '')),
      namespace: 'inline',
    }))
    onLoad({ filter: /.*/, namespace: 'inline' }, ({ path }) => ({ contents: readFileSync(path, 'utf8'), loader: 'text' }))
  },
}

/** Returns the pages of made-up receipts, by name. */
async function madeUp() {
  const contents = `export { fixtures } from './tests/report/fixture.ts'; export { reportPage } from './host/report/page.ts'`
  const outfile = join(temporaryFolder('report'), 'page.mjs')
  await build({ stdin: { contents, resolveDir: root, loader: 'ts' }, bundle: true, format: 'esm', outfile, plugins: [inline] })
  const { fixtures, reportPage } = await import(pathToFileURL(outfile))
  return Object.entries(fixtures).map(([name, fixture]) => [name, () => reportPage(fixture())])
}

/** Returns the page in a folder, which must embed the receipt next to it. */
function written(folder) {
  const page = () => {
    const html = readFileSync(join(folder, 'report.html'), 'utf8')
    const [, embedded] = html.match(/<script type="application\/json" id="report">(.*)<\/script>/s)
    assert.deepEqual(JSON.parse(embedded), JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')))
    return html
  }
  return [folder, page]
}

/** Runs in the page. Returns the numbers that differ from the receipt, those that are missing, and how many were compared. */
function compareNumbers() {
  const report = JSON.parse(document.getElementById('report').textContent)
  const wrong = []
  const paths = new Set()
  for (const { value, dataset, textContent } of document.querySelectorAll('data')) {
    if (!textContent || !Number.isFinite(Number(value))) wrong.push(`${textContent} has the value ${value}`)
    if (!dataset.path) continue
    paths.add(dataset.path)
    const own = dataset.path.split('.').reduce((part, key) => part?.[key], report)
    if (own !== Number(value)) wrong.push(`${dataset.path}: ${value} instead of ${own}`)
  }
  const walk = (part, path) => {
    if (typeof part === 'number' && !paths.has(path)) wrong.push(`${path} is not shown`)
    if (typeof part !== 'object' || part === null) return
    for (const [key, entry] of Object.entries(part)) if (key !== 'curve') walk(entry, `${path}.${key}`)
  }
  for (const key of ['metric', 'results', 'comparisons']) walk(report[key], key)
  return { wrong, compared: paths.size }
}

/** Runs in the page. Returns pairs of curve labels that overlap. */
function overlaps() {
  const found = []
  for (const svg of document.querySelectorAll('svg')) {
    const labels = [...svg.querySelectorAll('.ending')].map((label) => ({ name: label.textContent, box: label.getBoundingClientRect() }))
    labels.forEach(({ name, box }, i) => {
      for (const other of labels.slice(i + 1)) {
        const apart = box.bottom <= other.box.top + 2 || other.box.bottom <= box.top + 2 || box.width === 0
        if (!apart) found.push(`${name} and ${other.name}`)
      }
    })
  }
  return found
}

/** Checks a page at one width, light and dark, with details closed and open. */
async function look(html, width) {
  const { address, close } = await serve(root, { generated: { '/report.html': html } })
  try {
    return await inBrowser('chromium', 'about:blank', async (page) => {
      const [requests, said] = [[], []]
      page.on('request', (request) => requests.push(request.url()))
      page.on('console', (message) => said.push(message.text()))
      page.on('pageerror', (error) => said.push(error.message))
      let count = 0
      for (const scheme of ['light', 'dark']) {
        await page.setViewport({ width, height: 900 })
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
        await page.goto(`${address}/report.html`)
        const { wrong, compared } = await page.evaluate(compareNumbers)
        assert.deepEqual(wrong.slice(0, 10), [])
        count = compared
        for (const open of [false, true]) {
          await page.evaluate((isOpen) => {
            for (const details of document.querySelectorAll('details')) details.open = isOpen
          }, open)
          assert.equal(await sideways(page), '')
          assert.deepEqual(await page.evaluate(overlaps), [])
          assert.deepEqual(await violations(page), [])
        }
        assert(
          await page.evaluate(() => [...document.querySelectorAll('figure')].every((figure) => figure.getBoundingClientRect().height > 40)),
        )
      }
      assert.deepEqual(
        requests.filter((url) => url !== `${address}/report.html` && !url.startsWith('data:')),
        [],
      )
      assert.deepEqual(said, [])
      return `${count} numbers`
    })
  } finally {
    await close()
  }
}

/** Runs a comparison by the command into a folder. */
function compared(folder) {
  const options = ['--epochs', '6', '--trials', '6', '--seeds', '5', '--optimizers', 'SGD,Adam,A=RMSprop,LBFGS', '--out', folder]
  execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'compare', ...options])
  return folder
}

/** Replays a receipt in another runtime. */
function replayed(folder, [command, ...args]) {
  const options = ['--replay', join(folder, 'report.json'), '--out', temporaryFolder('replay')]
  const said = execFileSync(command, [...args, join(root, 'dist/cli.js'), 'compare', ...options], { encoding: 'utf8' })
  assert.match(said, /every number equals the receipt\n$/)
}

const needs = { Chromium: browsers.chromium(), puppeteer: installed('node_modules/puppeteer-core') }
const given = process.argv.slice(2)
const own = given.length ? given : [compared(temporaryFolder('report'))]
const pages = [...(given.length ? [] : await madeUp()), ...own.map(written)]
const runtimes = {
  'Node 24': [installed('node_modules/.bin/node')],
  Deno: [installed('node_modules/.bin/deno'), 'run', '--no-lock', '--no-remote', '-A'],
  Bun: [installed('node_modules/.bin/bun')],
}
await runChecks([
  ...pages.flatMap(([name, page]) =>
    [1280, 390].map((width) => ({ name: `report.html, ${width} pixels: ${name}`, needs, run: () => look(page(), width) })),
  ),
  ...Object.entries(runtimes).map(([runtime, command]) => ({
    name: `a receipt of Node ${process.versions.node} replays in ${runtime} to the same numbers`,
    needs: { [runtime]: command[0] },
    run: () => replayed(own[0], command),
  })),
])
