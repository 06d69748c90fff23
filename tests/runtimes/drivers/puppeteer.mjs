/** Chromium and Firefox, both driven by puppeteer. */
import { within } from '../children.mjs'
import { pageFor } from '../project.mjs'
import { ISOLATED, serve } from '../serve.mjs'
import { browsers, installed, load } from '../tools.mjs'

const options = {
  chromium: { browser: 'chrome', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] },
  firefox: {
    browser: 'firefox',
    // Firefox must not fetch anything outside the test.
    extraPrefsFirefox: {
      'app.update.enabled': false,
      'datareporting.policy.dataSubmissionEnabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'services.settings.server': 'data:,',
    },
  },
}

/** Opens a page in a browser, passes it to `body`, and closes the browser. */
export async function inBrowser(name, address, body) {
  const { default: puppeteer } = await load('puppeteer-core')
  const launched = puppeteer.launch({ executablePath: browsers[name](), headless: true, ...options[name] })
  const browser = await within(60_000, `starting ${name}`, launched)
  try {
    const page = await browser.newPage()
    await page.goto(address)
    return await body(page, browser)
  } finally {
    const child = browser.process()
    await within(10_000, `closing ${name}`, browser.close()).catch(() => {})
    child?.kill('SIGKILL')
  }
}

const engines = {
  chromium: async (page) => `V8 ${(await (await page.createCDPSession()).send('Browser.getVersion')).jsVersion}`,
  firefox: async () => 'SpiderMonkey',
}

const runs = (title, name) => ({
  name: title,
  isPage: true,
  find: () => installed('node_modules/puppeteer-core') && browsers[name](),
  async run({ folder }) {
    const generated = { '/page.html': pageFor(folder) }
    const [isolated, bare] = [await serve(folder, { generated, headers: ISOLATED }), await serve(folder, { generated })]
    try {
      return await inBrowser(name, `${isolated.address}/page.html`, async (page, browser) => {
        const outcome = async () => {
          const done = page.waitForFunction(() => globalThis.result, { timeout: 600_000, polling: 200 })
          return JSON.parse(await (await done).jsonValue())
        }
        const result = await outcome()
        const version = (await browser.version()).replace(/^.*\//, '')
        const engine = await engines[name](page)
        await page.goto(`${bare.address}/page.html?threads`)
        return { version, engine, ...result, bare: await outcome() }
      })
    } finally {
      await isolated.close()
      await bare.close()
    }
  },
})

export default [runs('Chromium', 'chromium'), runs('Firefox', 'firefox')]
