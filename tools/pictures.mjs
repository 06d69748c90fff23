/**
 * Takes the screenshots of docs/: the output and the report of `npm start`, and the views of the page, at the width of a desktop and of a
 * phone, light and dark.
 *
 *   node tools/pictures.mjs        after npm run build, with the browser of tests/runtimes/install
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inBrowser } from '../tests/runtimes/drivers/puppeteer.mjs'
import { isolation, serve } from '../tests/runtimes/serve.mjs'
import '../web/build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-pictures-'))
const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'compare', '--out', folder], { cwd: folder, encoding: 'utf8' })
const printed = stdout.replaceAll(folder, 'downhill-compare').replaceAll('&', '&amp;').replaceAll('<', '&lt;').trimEnd()
const terminal = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; padding: 24px 28px; width: max-content; background: #12161c; color: #dfe6ee; font: 15px/1.45 "DejaVu Sans Mono", monospace }
  b { color: #8fd3a6; font-weight: 400 }
</style><body><pre><b>$ npm start</b>\n\n${printed}</pre>`
const report = readFileSync(join(folder, 'report.html'), 'utf8')

/** Takes a screenshot of a whole page, or of its first `height` pixels. */
async function picture(address, name, { width, height, scheme = 'light', fullPage = false }) {
  await inBrowser('chromium', 'about:blank', async (page) => {
    await page.setViewport({ width, height, deviceScaleFactor: width < 500 ? 2 : 1 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await page.goto(address)
    await page.screenshot({ path: join(root, 'docs', `${name}.png`), fullPage })
  })
}

/** Starts each view of the page and waits for its content. */
const views = {
  home: (page) => page.waitForFunction(() => Number(document.querySelector('[data-at]')?.dataset.at) >= 120, { timeout: 60_000 }),
  compare: async (page) => {
    await page.waitForSelector('button.primary')
    await page.click('button.primary')
    await page.waitForSelector('#receipt', { timeout: 120_000 })
  },
  predict: async (page) => {
    await (await page.waitForSelector('#table')).uploadFile(join(root, 'datasets/diabetes.csv'))
    await page.waitForSelector('#target', { visible: true })
    await page.select('#target', 'progression')
    await page.click('button.primary')
    await page.waitForSelector('.cells', { visible: true, timeout: 120_000 })
    await page.click('.cells button')
    await page.waitForSelector('.prediction data')
  },
  surface: (page) => page.waitForFunction(() => document.querySelector('.surface')?.dataset.at === '300', { timeout: 60_000 }),
  bits: async (page) => {
    await page.waitForSelector('main button')
    await page.click('main button')
    await page.waitForSelector('main table', { timeout: 120_000 })
  },
}

async function pictureOfView(address, name, width, scheme) {
  await inBrowser('chromium', 'about:blank', async (page) => {
    await page.setViewport({ width, height: width < 500 ? 1400 : 1000 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await page.goto(`${address}/build/web/index.html#/${name}`)
    await views[name](page)
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: join(root, 'docs/page', `${name}-${width}-${scheme}.png`) })
  })
}

const { address, close } = await serve(root, { headers: isolation, generated: { '/terminal.html': terminal, '/report.html': report } })
try {
  await picture(`${address}/terminal.html`, 'terminal', { width: 980, height: 600, fullPage: true })
  await picture(`${address}/report.html`, 'report', { width: 1280, height: 1480 })
  await picture(`${address}/report.html`, 'report-dark', { width: 1280, height: 1480, scheme: 'dark' })
  await picture(`${address}/report.html`, 'report-phone', { width: 390, height: 1600 })
  mkdirSync(join(root, 'docs/page'), { recursive: true })
  for (const name of Object.keys(views))
    for (const width of [1280, 390]) for (const scheme of ['light', 'dark']) await pictureOfView(address, name, width, scheme)
} finally {
  await close()
  rmSync(folder, { recursive: true })
}
