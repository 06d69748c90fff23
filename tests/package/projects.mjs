/** Projects that use the packed package, and the bundlers that build them. */
import assert from 'node:assert'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import resolve from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { createServer } from 'vite'
import { finished } from '../runtimes/children.mjs'
import { installPacked, root, temporaryFolder } from '../runtimes/project.mjs'
import { isolation } from '../runtimes/serve.mjs'
import { load } from '../runtimes/tools.mjs'

const train = (options) => `
import { AdamW, Arena, clipGradNorm, CosineAnnealingLR } from 'downhill'
import * as nn from 'downhill/nn'

/** Trains a perceptron on exclusive or for thirty steps. Returns the losses, which are the same everywhere. */
export async function train() {
  const arena = await Arena.create(${options})
  // Threads divide even the shortest computations.
  arena.crew?.divideFrom(1)
  const model = new nn.Sequential(new nn.Linear(arena, 2, 8), new nn.Tanh(), new nn.Linear(arena, 8, 2))
  const optimizer = new AdamW(model.parameters(), { lr: 0.2 })
  const scheduler = new CosineAnnealingLR(optimizer, { tMax: 30 })
  const losses = Array.from({ length: 30 }, () =>
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
  return { losses, threads: arena.threads, jobs: arena.crew?.jobs ?? 0 }
}
`

const pages = {
  'package.json': '{ "private": true, "type": "module", "dependencies": { "downhill": "*" } }',
  'print.js': "import { train } from './train.js'\nconsole.log(JSON.stringify(await train()))\n",
  'page.js':
    "import { train } from './train.js'\ntrain().then((answer) => (globalThis.result = JSON.stringify(answer)), (error) => (globalThis.result = JSON.stringify({ error: error.stack })))\n",
  'index.html': '<!doctype html><title>downhill</title><script type="module" src="./page.js"></script>\n',
}
const edge = {
  'answer.js': `
import { Arena } from 'downhill'
import { train } from './train.js'

/** Trains, and asks for threads, which are refused. */
export async function answer() {
  const refused = await Arena.create({ threads: 2 }).catch(({ code, message }) => [code, message])
  return JSON.stringify({ ...(await train()), refused })
}
`,
  'worker.js': "import { answer } from './answer.js'\nexport default { fetch: async () => new Response(await answer()) }\n",
  'edge.js':
    "import { answer } from './answer.js'\naddEventListener('fetch', (event) => event.respondWith(answer().then((text) => new Response(text))))\n",
}
const handedOver = "{ threads: 2, worker: () => new Worker(new URL('./static/crew-worker.js', import.meta.url), { type: 'module' }) }"

/** Files of each project. */
const files = {
  plain: { ...pages, 'train.js': train('') },
  threads: { ...pages, 'train.js': train('{ threads: 2 }') },
  worker: { ...pages, 'train.js': train(handedOver) },
  edge: { ...edge, 'train.js': train("{ threads: 'auto' }") },
}

const folder = temporaryFolder('bundlers')
installPacked(folder)

/** Returns the path of a file or folder of the projects. */
export const folderOf = (path) => join(folder, path)

/** Folders of the projects, by name. */
export const projects = Object.fromEntries(Object.keys(files).map((name) => [name, folderOf(name)]))
for (const [project, texts] of Object.entries(files)) {
  mkdirSync(projects[project])
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(projects[project], name), text)
}

const outOf = (bundler, project, entry) => join(folder, `${bundler}-${project}-${entry.replace('.', '-')}`)

export async function vite(project) {
  const out = outOf('vite', project, 'page.js')
  const options = ['build', '--logLevel', 'warn', '--emptyOutDir', '--outDir', out]
  await finished(join(root, 'node_modules/.bin/vite'), options, { cwd: projects[project] })
  return out
}

/** Starts Vite's development server, with what docs/threads.md says of it. */
export async function viteServer(project) {
  const server = await createServer({
    root: projects[project],
    configFile: false,
    logLevel: 'warn',
    cacheDir: outOf('vite-server', project, 'page.js'),
    optimizeDeps: { exclude: ['downhill'] },
    // The package lies beside the project, not in it.
    server: { headers: isolation, port: 0, fs: { allow: [folder] } },
  })
  return server.listen()
}

export const webpackFor = (target, entry) => async (project) => {
  const { default: webpack } = await load('webpack')
  const path = outOf('webpack', project, entry)
  const compiler = webpack({
    context: projects[project],
    mode: 'production',
    target,
    entry: `./${entry}`,
    output: { path, filename: entry },
    performance: { hints: false },
  })
  const stats = await new Promise((done, fail) => compiler.run((error, found) => (error ? fail(error) : done(found))))
  assert(!stats.hasErrors() && !stats.hasWarnings(), stats.toString())
  return path
}

/** The entries of a bundler that does not know workers: the program, and the worker beside it where the program has threads. */
const entriesOf = (project, entry, out = 'crew-worker') => ({
  [entry.replace('.js', '')]: join(projects[project], entry),
  ...(['threads', 'worker'].includes(project) && { [out]: 'downhill/crew-worker' }),
})

export const rolledUp =
  (entry, options = {}) =>
  async (project) => {
    const warnings = []
    const input = entriesOf(project, entry)
    const bundle = await rollup({
      input,
      plugins: [resolve({ rootDir: folder, ...options })],
      onwarn: ({ message }) => warnings.push(message),
    })
    const out = outOf('rollup', project, entry)
    await bundle.write({ dir: out, format: 'es' })
    assert.deepEqual(warnings, [])
    return out
  }

/** @param settings.out name of the worker's file */
export const esbuilt =
  (entry, { out, ...settings } = {}) =>
  async (project) => {
    const outdir = outOf(settings.splitting ? 'splitting' : 'esbuild', project, entry)
    const entryPoints = entriesOf(project, entry, out)
    const options = { bundle: true, minify: true, format: 'esm', platform: 'browser', logLevel: 'silent', ...settings }
    const { warnings } = await build({ absWorkingDir: folder, entryPoints, outdir, ...options })
    assert.deepEqual(warnings, [])
    return outdir
  }

/** Returns the files of a bundle that load at once: the entry, the scripts of a page, and what they import with statements. */
export function initialFiles(out, entry, seen = []) {
  if (seen.includes(entry)) return seen
  seen.push(entry)
  const text = readFileSync(join(out, entry), 'utf8')
  const imports = /(?:from|import|src=|href=)\s*["'](\.?\/[^"']+\.js)["']/g
  for (const [, path] of text.matchAll(imports))
    initialFiles(out, posix.join(path.startsWith('/') ? '.' : posix.dirname(entry), path).replace(/^\//, ''), seen)
  return seen
}
