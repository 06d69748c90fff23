/**
 * Projects with the packed package, built by each bundler and run in the bundle's target: with one thread and with two. Every bundle must compute
 * the losses of Node, and only a program that asks for threads may load the code for them.
 */
import assert from 'node:assert'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks } from '../checks.mjs'
import { finished } from '../runtimes/children.mjs'
import { inBrowser } from '../runtimes/drivers/puppeteer.mjs'
import { answerOf, workerdFile } from '../runtimes/drivers/workerd.mjs'
import { isolation, serve } from '../runtimes/serve.mjs'
import { browsers, installed, load } from '../runtimes/tools.mjs'
import { esbuilt, folderOf, initialFiles, projects, rolledUp, vite, viteServer, webpackFor } from './projects.mjs'

const printed = async (file) => JSON.parse(await finished(process.execPath, [file]))
const expected = await printed(join(projects.plain, 'print.js'))
assert(expected.losses[29] < expected.losses[0] / 2, `no learning: ${expected.losses}`)

/** Checks what a program printed: the losses, and whether its threads computed jobs together. */
function judge({ losses, threads, jobs, error }, project) {
  assert.equal(error, undefined)
  assert.deepEqual(losses, expected.losses)
  assert.equal(threads, project === 'plain' ? 1 : 2)
  assert.equal(jobs > 0, project !== 'plain', `${jobs} jobs`)
}

/** Checks the answer of an edge runtime, which has one thread. */
function judgeEdge({ refused, ...answer }) {
  judge(answer, 'plain')
  assert.deepEqual(refused, ['runtime-unsupported', 'Arena.create: threads: this runtime has no workers'])
}

/** Opens a page in Chromium and checks its answer. */
async function visit(address, project) {
  const answer = await inBrowser('chromium', address, async (page) => {
    const handle = await page.waitForFunction(() => globalThis.result, { timeout: 60_000, polling: 50 })
    return JSON.parse(await handle.jsonValue())
  })
  judge(answer, project)
}

/** Serves a folder's index.html, or a generated one that loads page.js, and opens it. */
async function inChromium(out, project) {
  const generated = { '/index.html': '<!doctype html><title>downhill</title><script type="module" src="./page.js"></script>' }
  const headers = project === 'plain' ? {} : isolation
  const { address, close } = await serve(out, { headers, ...(readdirSync(out).includes('index.html') ? {} : { generated }) })
  try {
    await visit(`${address}/index.html`, project)
  } finally {
    await close()
  }
}

const inNode = async (out, project) => judge(await printed(join(out, 'print.js')), project)

/** A sentence that only the code of threads has. */
const OF_THREADS = 'its numbers may be incomplete'

/** Asserts that the files which a bundle loads at once have no code of threads, and that another file has it. */
function assertWithoutThreads(out, entry) {
  const initial = initialFiles(out, entry)
  const all = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'))
  const having = all.filter((name) => readFileSync(join(out, name), 'utf8').includes(OF_THREADS))
  assert(having.length > 0, `no file of ${all} has the code of threads`)
  assert.deepEqual(
    having.filter((name) => initial.includes(name)),
    [],
  )
}

const sizeOf = (out, name) => `${(statSync(join(out, name)).size / 1024).toFixed(0)} KB of code`
const chromium = { Chromium: browsers.chromium(), puppeteer: installed('node_modules/puppeteer-core') }
const withWebpack = { webpack: installed('node_modules/webpack') }

/** A bundler, how its bundle runs, and the entry of the bundle. `build` takes the name of a project and returns a folder. */
const bundlers = [
  { name: 'Vite, in Chromium', needs: chromium, build: vite, run: inChromium, entry: 'index.html' },
  { name: 'webpack, in Chromium', needs: { ...chromium, ...withWebpack }, build: webpackFor('web', 'page.js'), run: inChromium },
  { name: 'webpack, in Node', needs: withWebpack, build: webpackFor('node', 'print.js'), run: inNode, entry: 'print.js' },
  { name: 'Rollup, in Chromium', needs: chromium, build: rolledUp('page.js', { browser: true }), run: inChromium },
  { name: 'Rollup, in Node', build: rolledUp('print.js'), run: inNode, entry: 'print.js' },
  { name: 'esbuild with --splitting, in Chromium', needs: chromium, build: esbuilt('page.js', { splitting: true }), run: inChromium },
  {
    name: 'esbuild with --splitting, in Node',
    build: esbuilt('print.js', { splitting: true, platform: 'node' }),
    run: inNode,
    entry: 'print.js',
  },
]

const checks = [
  ...bundlers.flatMap(({ name, needs, build, run, entry = 'page.js' }) => [
    {
      name: `${name}: one thread, without the code of threads in what loads at once`,
      needs,
      async run() {
        const out = await build('plain')
        assertWithoutThreads(out, entry)
        await run(out, 'plain')
      },
    },
    { name: `${name}: two threads`, needs, run: async () => run(await build('threads'), 'threads') },
  ]),
  {
    name: "Vite's development server, in Chromium: two threads",
    needs: chromium,
    async run() {
      const server = await viteServer('threads')
      try {
        await visit(server.resolvedUrls.local[0], 'threads')
      } finally {
        await server.close()
      }
    },
  },
  {
    name: 'esbuild without --splitting, in Chromium: one thread',
    needs: chromium,
    run: async () => inChromium(await esbuilt('page.js')('plain'), 'plain'),
  },
  {
    name: 'esbuild without --splitting, in Chromium: two threads, from the option worker',
    needs: chromium,
    run: async () => inChromium(await esbuilt('page.js', { out: 'static/crew-worker' })('worker'), 'worker'),
  },
  {
    name: 'esbuild with the condition workerd, in workerd',
    needs: { workerd: workerdFile() },
    async run() {
      const out = await esbuilt('worker.js', { conditions: ['workerd'], loader: { '.wasm': 'copy' } })('edge')
      const modules = readdirSync(out).sort((a) => (a === 'worker.js' ? -1 : 1))
      judgeEdge(await answerOf(out, modules))
      const code = readFileSync(join(out, 'worker.js'), 'utf8')
      assert(code.length < 100_000, 'the worker has the binary in its code')
      assert(!code.includes(OF_THREADS), 'the worker has the code of threads')
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
      const out = await esbuilt('edge.js', { conditions: ['edge-light'], format: 'iife', plugins: [modules] })('edge')
      const module = await WebAssembly.compile(readFileSync(join(folderOf('node_modules/downhill'), 'dist/downhill.wasm')))
      const { EdgeRuntime } = await load('edge-runtime')
      const runtime = new EdgeRuntime({
        initialCode: readFileSync(join(out, 'edge.js'), 'utf8'),
        extend: (context) => Object.assign(context, { wasm_downhill: module }),
      })
      const response = await runtime.dispatchFetch('http://localhost/')
      judgeEdge(await response.json())
      return sizeOf(out, 'edge.js')
    },
  },
]

await runChecks(checks)
