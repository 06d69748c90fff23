/**
 * A contestant in a page of Chromium, cross-origin isolated, so that it may start workers over shared memory:
 *
 *   node chromium.mjs SCRIPT OPTIONS
 *
 * It relays requests to the page (serve.mjs).
 */
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { inBrowser } from '../../tests/runtimes/drivers/puppeteer.mjs'
import { serve } from '../../tests/runtimes/serve.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const [script, options] = process.argv.slice(2)
const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
const imports = {
  '@jax-js/jax': '/bench/node_modules/@jax-js/jax/dist/index.js',
  '@tensorflow/tfjs': '/build/bench/tensorflow.js',
  '@tensorflow/tfjs-backend-wasm': '/build/bench/tensorflow.js',
}

/** The packages of TensorFlow.js share a module, which must exist once. */
if (script === 'tensorflow.mjs')
  await build({
    stdin: {
      contents: Object.keys(imports)
        .filter((name) => name.startsWith('@tensorflow'))
        .map((name) => `export * from '${name}'`)
        .join('\n'),
      resolveDir: `${root}bench`,
    },
    ...{ bundle: true, format: 'esm', platform: 'browser', logLevel: 'error', outfile: `${root}build/bench/tensorflow.js` },
  })

const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/bench/contestants/${script}"></script>`
const { address, close } = await serve(root, { headers, generated: { '/bench.html': page } })
await inBrowser('chromium', `${address}/bench.html?${encodeURIComponent(options)}`, async (page) => {
  await page.waitForFunction('globalThis.answer', { polling: 50 })
  await page.exposeFunction('respond', (answer) => process.stdout.write(`${answer}\n`))
  // Puppeteer limits the time of a call, so the call does not wait for the answer.
  const ask = (line) => void setTimeout(async () => globalThis.respond(await globalThis.answer(line)))
  for await (const line of createInterface({ input: process.stdin })) await page.evaluate(ask, line)
})
await close()
