/** A project with the packed package, built by each bundler and run in the bundle's target. Every bundle must compute the losses of Node. */
import assert from 'node:assert'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import resolve from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { runChecks } from '../checks.mjs'
import { finished } from '../runtimes/children.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { answerOf, workerdFile } from '../runtimes/drivers/workerd.mjs'
import { installPacked, root, temporaryFolder } from '../runtimes/project.mjs'
import { serve } from '../runtimes/serve.mjs'
import { browsers, installed, load } from '../runtimes/tools.mjs'

const train = `
import { AdamW, Arena, clipGradNorm, CosineAnnealingLR } from 'downhill'
import * as nn from 'downhill/nn'

/** Trains a perceptron on exclusive or for thirty steps. Returns the losses, which are the same everywhere. */
export async function train() {
  const arena = await Arena.create()
  const model = new nn.Sequential(new nn.Linear(arena, 2, 8), new nn.Tanh(), new nn.Linear(arena, 8, 2))
  const optimizer = new AdamW(model.parameters(), { lr: 0.2 })
  const scheduler = new CosineAnnealingLR(optimizer, { tMax: 30 })
  return Array.from({ length: 30 }, () =>
    arena.frame(() => {
      const loss = nn.functional.crossEntropy(model.forward(arena.tensor([0, 0, 0, 1, 1, 0, 1, 1], [4, 2])), [0, 1, 1, 0])
      loss.backward()
      clipGradNorm(model.parameters(), 1)
      optimizer.step()
      optimizer.zeroGrad()
      scheduler.step()
      return loss.item()
    }),
  )
}
`
const files = {
  'package.json': '{ "private": true, "type": "module", "dependencies": { "downhill": "*" } }',
  'train.js': train,
  'print.js': "import { train } from './train.js'\nconsole.log(JSON.stringify(await train()))\n",
  'page.js':
    "import { train } from './train.js'\ntrain().then((losses) => (globalThis.result = JSON.stringify(losses)), (error) => (globalThis.result = JSON.stringify({ error: error.stack })))\n",
  'index.html': '<!doctype html><title>downhill</title><script type="module" src="./page.js"></script>\n',
  'worker.js': "import { train } from './train.js'\nexport default { fetch: async () => Response.json(await train()) }\n",
  'edge.js': `
import { Arena } from 'downhill'
import { train } from './train.js'

async function answer() {
  const { threads } = await Arena.create({ threads: 'auto' })
  const refused = await Arena.create({ threads: 2 }).catch(({ code, message }) => code + ': ' + message)
  return new Response(JSON.stringify({ losses: await train(), threads, refused }))
}

addEventListener('fetch', (event) => event.respondWith(answer()))
`,
}

const folder = temporaryFolder('bundlers')
installPacked(folder)
for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
const expected = JSON.parse(await finished(process.execPath, ['print.js'], { cwd: folder }))
assert(expected[29] < expected[0] / 2, `no learning: ${expected}`)

/** Opens a folder's index.html, or a generated one that loads page.js, in Chromium, and compares the losses. */
async function inChromium(out) {
  const generated = { '/index.html': '<!doctype html><title>downhill</title><script type="module" src="./page.js"></script>' }
  const { address, close } = await serve(out, readdirSync(out).includes('index.html') ? {} : { generated })
  try {
    const losses = await inBrowser('chromium', `${address}/index.html`, async (page) => {
      const handle = await page.waitForFunction(() => globalThis.result, { timeout: 60_000, polling: 50 })
      return JSON.parse(await handle.jsonValue())
    })
    assert.deepEqual(losses, expected)
  } finally {
    await close()
  }
}

const sizeOf = (out, name) => `${(statSync(join(out, name)).size / 1024).toFixed(0)} KB of code`
const esbuilt = (name, options) =>
  build({ absWorkingDir: folder, bundle: true, minify: true, format: 'esm', outdir: name, logLevel: 'error', ...options })
const chromium = { Chromium: browsers.chromium(), puppeteer: installed('node_modules/puppeteer-core') }

const checks = [
  {
    name: 'Vite, in Chromium',
    needs: chromium,
    async run() {
      await finished(join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'warn', '--outDir', 'vite'], { cwd: folder })
      await inChromium(join(folder, 'vite'))
    },
  },
  {
    name: 'webpack, in Chromium',
    needs: { ...chromium, webpack: installed('node_modules/webpack') },
    async run() {
      const { default: webpack } = await load('webpack')
      const compiler = webpack({
        context: folder,
        mode: 'production',
        entry: './page.js',
        output: { path: join(folder, 'webpack'), filename: 'page.js' },
        performance: { hints: false },
      })
      const stats = await new Promise((done, fail) => compiler.run((error, found) => (error ? fail(error) : done(found))))
      assert(!stats.hasErrors() && !stats.hasWarnings(), stats.toString())
      await inChromium(join(folder, 'webpack'))
    },
  },
  {
    name: 'esbuild, in Chromium',
    needs: chromium,
    async run() {
      const { warnings } = await esbuilt('browser', { entryPoints: ['page.js'], platform: 'browser' })
      assert.deepEqual(warnings, [])
      await inChromium(join(folder, 'browser'))
    },
  },
  {
    name: 'Rollup, in Node',
    async run() {
      const warnings = []
      const input = join(folder, 'print.js')
      const bundle = await rollup({ input, plugins: [resolve()], onwarn: (warning) => warnings.push(warning.message) })
      await bundle.write({ dir: join(folder, 'rollup'), format: 'es' })
      assert.deepEqual(warnings, [])
      assert.deepEqual(JSON.parse(await finished(process.execPath, ['rollup/print.js'], { cwd: folder })), expected)
    },
  },
  {
    name: 'esbuild with the condition workerd, in workerd',
    needs: { workerd: workerdFile() },
    async run() {
      await esbuilt('worker', { entryPoints: ['worker.js'], conditions: ['workerd'], loader: { '.wasm': 'copy' } })
      const out = join(folder, 'worker')
      const modules = readdirSync(out).sort((a) => (a === 'worker.js' ? -1 : 1))
      assert.deepEqual(await answerOf(out, modules), expected)
      assert(statSync(join(out, 'worker.js')).size < 100_000, 'the worker has the binary in its code')
      return sizeOf(out, 'worker.js')
    },
  },
  {
    name: "esbuild with the condition edge-light, in Vercel's edge runtime",
    needs: { 'edge-runtime': installed('node_modules/edge-runtime') },
    async run() {
      // Like Next: the build compiles a file imported with ?module, and the code finds it under a global name.
      const modules = {
        name: 'modules',
        setup(plugins) {
          plugins.onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: 'module' }))
          plugins.onLoad({ filter: /./, namespace: 'module' }, () => ({ contents: 'export default wasm_downhill' }))
        },
      }
      await esbuilt('edge', { entryPoints: ['edge.js'], conditions: ['edge-light'], format: 'iife', plugins: [modules] })
      const module = await WebAssembly.compile(readFileSync(join(folder, 'node_modules/downhill/dist/downhill.wasm')))
      const { EdgeRuntime } = await load('edge-runtime')
      const runtime = new EdgeRuntime({
        initialCode: readFileSync(join(folder, 'edge/edge.js'), 'utf8'),
        extend: (context) => Object.assign(context, { wasm_downhill: module }),
      })
      const response = await runtime.dispatchFetch('http://localhost/')
      const refused = 'runtime-unsupported: Arena.create: threads: this runtime has no workers'
      assert.deepEqual(await response.json(), { losses: expected, threads: 1, refused })
      return sizeOf(join(folder, 'edge'), 'edge.js')
    },
  },
]

await runChecks(checks)
