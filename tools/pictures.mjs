/**
 * The pictures of docs/: what `npm start` prints and the report it writes, at the width of a desk and of a phone.
 *
 *   node tools/pictures.mjs        after npm run build, with the browser of tests/runtimes/install
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inBrowser } from '../tests/runtimes/drivers/puppeteer.mjs'
import { serve } from '../tests/runtimes/serve.mjs'

const root = new URL('..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'downhill-pictures-'))
const { stdout } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'compare', '--out', folder], { cwd: folder, encoding: 'utf8' })
const printed = stdout.replaceAll(folder, 'downhill-compare').replaceAll('&', '&amp;').replaceAll('<', '&lt;').trimEnd()
const terminal = `<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; padding: 24px 28px; width: max-content; background: #12161c; color: #dfe6ee; font: 15px/1.45 "DejaVu Sans Mono", monospace }
  b { color: #8fd3a6; font-weight: 400 }
</style><body><pre><b>$ npm start</b>\n\n${printed}</pre>`
const report = readFileSync(join(folder, 'report.html'), 'utf8')

/** Takes a picture of a page: of all of it, or of as much as `height` shows. */
async function picture(address, name, { width, height, scheme = 'light', fullPage = false }) {
  await inBrowser('chromium', 'about:blank', async (page) => {
    await page.setViewport({ width, height, deviceScaleFactor: width < 500 ? 2 : 1 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await page.goto(address)
    await page.screenshot({ path: join(root, 'docs', `${name}.png`), fullPage })
  })
}

const { address, close } = await serve(root, { generated: { '/terminal.html': terminal, '/report.html': report } })
try {
  await picture(`${address}/terminal.html`, 'terminal', { width: 980, height: 600, fullPage: true })
  await picture(`${address}/report.html`, 'report', { width: 1280, height: 1480 })
  await picture(`${address}/report.html`, 'report-dark', { width: 1280, height: 1480, scheme: 'dark' })
  await picture(`${address}/report.html`, 'report-phone', { width: 390, height: 1600 })
} finally {
  await close()
  rmSync(folder, { recursive: true })
}
