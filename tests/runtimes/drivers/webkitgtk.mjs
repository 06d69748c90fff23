/** WebKitGTK, Safari's engine on Linux, driven over the WebDriver protocol. */
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, start, within } from '../children.mjs'
import { pageFor } from '../project.mjs'
import { ISOLATED, serve } from '../serve.mjs'
import { onMachine } from '../tools.mjs'

const driver = () => onMachine('WebKitWebDriver')
const browser = () =>
  onMachine('/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser')
const display = () => onMachine('xvfb-run')

async function send(address, method, path, body) {
  const response = await fetch(address + path, { method, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(60_000) })
  const { value } = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error} ${value.message}`)
  return value
}

async function ready(address) {
  for (;;) {
    try {
      return await send(address, 'GET', '/status')
    } catch {
      await sleep(100)
    }
  }
}

/** Waits for the page's `result`. */
async function result(address, session) {
  for (;;) {
    const value = await send(address, 'POST', `/session/${session}/execute/sync`, { script: 'return globalThis.result ?? null', args: [] })
    if (value !== null) return JSON.parse(value)
    await sleep(200)
  }
}

export default [
  {
    name: 'WebKitGTK',
    isPage: true,
    find: () => browser() && display() && driver(),
    async run({ folder }) {
      const port = await freePort()
      const address = `http://127.0.0.1:${port}`
      // WebKitGTK isolates the page but, unlike Safari, does not turn on shared memory for it.
      const env = { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', JSC_useSharedArrayBuffer: '1' }
      const server = start(display(), ['-a', driver(), `--port=${port}`], { env })
      const generated = { '/page.html': pageFor(folder) }
      const [isolated, bare] = [await serve(folder, { generated, headers: ISOLATED }), await serve(folder, { generated })]
      try {
        await within(30_000, 'WebKitWebDriver', ready(address))
        const asked = { 'webkitgtk:browserOptions': { binary: browser(), args: ['--automation'] } }
        const { sessionId, capabilities } = await send(address, 'POST', '/session', { capabilities: { alwaysMatch: asked } })
        const outcome = async (url) => {
          await send(address, 'POST', `/session/${sessionId}/url`, { url })
          return within(600_000, 'WebKitGTK', result(address, sessionId))
        }
        const found = await outcome(`${isolated.address}/page.html`)
        const refused = await outcome(`${bare.address}/page.html?threads`)
        await send(address, 'DELETE', `/session/${sessionId}`)
        return { version: capabilities.browserVersion, engine: 'JavaScriptCore', ...found, bare: refused }
      } finally {
        await server.stop()
        await isolated.close()
        await bare.close()
      }
    },
  },
]
