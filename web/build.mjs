/** Builds the page and its documentation as static files in build/web. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import commonjs from '@rollup/plugin-commonjs'
import nodeResolve from '@rollup/plugin-node-resolve'
import { transformSync } from 'esbuild'
import { rollup } from 'rollup'
import esbuild from 'rollup-plugin-esbuild'
import { crewWorker, inline, isKnownWarning, withoutStreams } from '../rollup.config.mjs'
import { isolation } from '../tests/runtimes/serve.mjs'
import { equations } from './equations.mjs'
import { firstScreen } from './first-screen.mjs'
import { writeSite } from './site.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const out = join(root, 'build/web')

/** Forbids other origins, code from text except WebAssembly, and inline styles and scripts. */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** The headers that a host should send with every file. */
export const headers = { 'Content-Security-Policy': `${policy}; frame-ancestors 'none'`, ...isolation }

/** Resolves the package's entries to the sources. */
const own = {
  name: 'own',
  resolveId(source) {
    const entries = {
      downhill: 'index.ts',
      'downhill/nn': 'nn/index.ts',
      'downhill/io': 'io/index.ts',
      'downhill/compare': 'compare/index.ts',
      'downhill/tables': 'tables/index.ts',
    }
    return Object.hasOwn(entries, source) ? join(root, 'host', entries[source]) : null
  },
}

/** Replaces the binary in the code with a separate file (web/binary.ts). */
const besideCode = {
  name: 'beside-code',
  resolveId: (source, importer) =>
    source === './inline.ts' && importer === join(root, 'host/wasm/compile.ts') ? join(root, 'web/binary.ts') : null,
}

async function bundle() {
  const built = await rollup({
    input: {
      main: join(root, 'web/main.ts'),
      'docs/main': join(root, 'web/docs/main.ts'),
      'compare-lead': join(root, 'web/compare/lead.ts'),
      'compare-worker': join(root, 'web/compare/worker.ts'),
      'predict-worker': join(root, 'web/predict/worker.ts'),
      'bits-worker': join(root, 'web/bits/worker.ts'),
    },
    // Keeps the docs of declarations, because the page shows them.
    plugins: [
      own,
      besideCode,
      firstScreen,
      inline,
      withoutStreams,
      nodeResolve({ browser: true }),
      commonjs(),
      esbuild({ target: 'es2022', minify: true, define: { VERSION: JSON.stringify(version) } }),
      equations,
    ],
    onwarn(warning) {
      if (!isKnownWarning(warning)) throw new Error(warning.message)
    },
  })
  await built.write({ dir: out, format: 'es', chunkFileNames: 'chunks/[name]-[hash].js', hoistTransitiveImports: false })
  await built.close()
  const worker = await rollup({ ...crewWorker, plugins: [esbuild({ target: 'es2022', minify: true })] })
  // Beside the chunk that refers to it.
  await worker.write({ file: join(out, 'chunks/crew-worker.js'), format: 'es' })
  await worker.close()
}

/** Returns the styles of the shell and the views, and the report's, nested in the class `report` so that it affects nothing else. */
function style() {
  const views = readdirSync(join(root, 'web')).map((name) => join('web', name, 'style.css'))
  const files = ['web/style.css', ...views.filter((name) => existsSync(join(root, name)))]
  const report = `.report {\n${readFileSync(join(root, 'host/report/style.css'), 'utf8')}\n}`
  const text = [report, ...files.map((name) => readFileSync(join(root, name), 'utf8'))].join('\n')
  return transformSync(text, { loader: 'css', minify: true, target: ['chrome110', 'firefox110', 'safari16'] }).code
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await bundle()
for (const name of ['digits.csv', 'diabetes.csv', 'kjv.tsv']) cpSync(join(root, 'datasets', name), join(out, 'datasets', name))
cpSync(join(root, 'web/icon.svg'), join(out, 'icon.svg'))
cpSync(join(root, 'dist/downhill.wasm'), join(out, 'downhill.wasm'))
writeFileSync(join(out, 'style.css'), style())
cpSync(join(root, 'tests/runtimes/hashes.json'), join(out, 'hashes.json'))
writeFileSync(join(out, 'index.html'), readFileSync(join(root, 'web/index.html'), 'utf8').replace('POLICY', policy))
await writeSite(join(out, 'docs'), policy)

const files = readdirSync(out, { recursive: true, encoding: 'utf8' })
  // The service worker does not cache the guide's receipts, because they are larger than everything else.
  .filter((name) => !name.startsWith(join('docs', 'receipts')) && statSync(join(out, name)).isFile())
  .sort()
const checksum = createHash('sha256')
for (const name of files) checksum.update(name).update(readFileSync(join(out, name)))
const list = JSON.stringify([`downhill-${checksum.digest('hex').slice(0, 16)}`, ['./', ...files]])
writeFileSync(join(out, 'sw.js'), readFileSync(join(root, 'web/sw.js'), 'utf8').replace('LIST', list))
