import { readFileSync } from 'node:fs'
import { dirname, join, resolve as resolvePath, sep } from 'node:path'
import commonjs from '@rollup/plugin-commonjs'
import resolve from '@rollup/plugin-node-resolve'
import esbuild from 'rollup-plugin-esbuild'

/** `import text from './file?inline'` imports the text of a file. */
export const inline = {
  name: 'inline',
  resolveId: (source, importer) => (source.endsWith('?inline') ? join(dirname(importer), source) : null),
  load(id) {
    if (!id.endsWith('?inline')) return null
    const file = id.replace('?inline', '')
    this.addWatchFile(file)
    return `export default ${JSON.stringify(readFileSync(file, 'utf8'))}`
  },
}

/** papaparse imports Node's streams in a function that is never called here; bundlers for browsers must not see the import. */
export const withoutStreams = {
  name: 'without-streams',
  resolveId: (source, importer) => (source === 'stream' && importer?.includes('papaparse') ? '\0none' : null),
  load: (id) => (id === '\0none' ? 'export default {}' : null),
}

const ofEdge = /^(.*)\.(workerd|edge-light)\.ts$/

/** Modules between an entry and the binary. Entries for edge runtimes have their own copies. */
const COPIED = ['./memory/arena.ts', '../memory/arena.ts', '../wasm/compile.ts']

/**
 * `host/index.workerd.ts` stands for host/index.ts with the binary of host/wasm/workerd.ts instead of host/wasm/inline.ts, and with alone.ts
 * instead of host/threads/crew.ts. The .wasm file stays beside the bundle.
 */
const edge = {
  name: 'edge',
  resolveId(source, importer) {
    if (/\.wasm(\?module)?$/.test(source)) return { id: source, external: true }
    if (!importer) return ofEdge.test(source) ? resolvePath(source) : null
    const [, path, runtime] = importer.match(ofEdge) ?? []
    if (!path) return null
    if (source === './inline.ts') return this.resolve(`./${runtime}.ts`, `${path}.ts`)
    if (source === '../threads/crew.ts') return this.resolve('../threads/alone.ts', `${path}.ts`)
    if (COPIED.includes(source)) return resolvePath(dirname(path), source.replace('.ts', `.${runtime}.ts`))
    return this.resolve(source, `${path}.ts`)
  },
  load: (id) => (ofEdge.test(id) ? readFileSync(id.replace(ofEdge, '$1.ts'), 'utf8') : null),
}

/** Modules that an entry exports as a namespace, by the entry, and their files in dist. */
const NAMESPACES = {
  'host/nn/index.ts': { '../autograd/functions.ts': './functional.js' },
  'host/io/index.ts': { './safetensors.ts': './safetensors.js' },
}

/**
 * Leaves `export * as functional` and `export * as safetensors` to the user's bundler, which drops unused functions. Bundled here, the namespace
 * would be an object with all of them.
 */
const namespaces = {
  name: 'namespaces',
  resolveId(source, importer) {
    const [, files] = Object.entries(NAMESPACES).find(([entry]) => importer === resolvePath(entry)) ?? []
    return files && Object.hasOwn(files, source) ? { id: files[source], external: true, moduleSideEffects: false } : null
  },
}

/** Areas, in the order in which modules are assigned to chunks. */
const areas = {
  downhill: 'host/index.ts',
  functional: 'host/autograd/functions.ts',
  nn: 'host/nn/index.ts',
  safetensors: 'host/io/safetensors.ts',
  io: 'host/io/index.ts',
  tables: 'host/tables/index.ts',
  compare: 'host/compare/index.ts',
  conformance: 'host/conformance/run.ts',
}

/**
 * Chunks: the binary; the modules between it and the entries, which edge runtimes replace; and for each area the modules that no earlier area
 * reaches.
 */
function manualChunks(id, { getModuleInfo }) {
  const name = id.replace(`${resolvePath('host')}${sep}`, '').replaceAll(sep, '/')
  if (/^wasm\/(inline|generated\/(binary|kernel))\.ts$/.test(name)) return 'binary'
  if (/^(memory\/arena|wasm\/compile)\.ts$/.test(name)) return 'arena'
  if (getModuleInfo(id).isEntry || name.startsWith('cli/') || ofEdge.test(name) || /^wasm\/(workerd|edge-light|imported)/.test(name))
    return undefined
  const reaches = (from, seen = new Set()) => {
    if (from === id) return true
    seen.add(from)
    return getModuleInfo(from).importedIds.some((next) => !seen.has(next) && !getModuleInfo(next).isExternal && reaches(next, seen))
  }
  return Object.keys(areas).find((area) => reaches(resolvePath(areas[area])))
}

/** Removes the text of declarations that only docs/ needs. */
const undocumented = {
  name: 'undocumented',
  transform: (code) => ({ code: code.replace(/\bdoc`[^`]*`/g, "''"), map: null }),
}

/**
 * Marks every top-level declaration of a chunk as removable if unused, also where it calls, reads or spreads something: bundlers trust pure
 * calls and do not analyze others (esbuild keeps the declared options of an unused optimizer).
 */
const removable = {
  name: 'removable',
  renderChunk(code) {
    // Including two subtle cases: a power may mix a BigInt and a number, and a block initializes a static field of a class.
    const acts = ({ type, operator }) => /^(Call|New|Member)Expression$|^SpreadElement$|^StaticBlock$/.test(type) || operator === '**'
    const mayAct = (node) => {
      if (typeof node !== 'object' || node === null || /Function/.test(node.type)) return false
      return acts(node) || (node.type === 'MethodDefinition' && node.computed) || Object.values(node).some(mayAct)
    }
    const edits = this.parse(code).body.flatMap((statement) => {
      const { type, id, start, end } = statement
      if (type === 'ClassDeclaration') return mayAct(statement.body) ? [{ start, end, before: `const ${id.name} = ` }] : []
      if (type !== 'VariableDeclaration' || statement.kind !== 'const') return []
      return statement.declarations.filter(({ init }) => mayAct(init)).map(({ init }) => ({ start: init.start, end: init.end, before: '' }))
    })
    const pure = (text, { start, end, before }) =>
      `${text.slice(0, start)}${before}/* @__PURE__ */ (() => (${text.slice(start, end)}))()${text.slice(end)}`
    return edits.reverse().reduce(pure, code)
  },
}

/** Two functions of d3-interpolate call each other, which is harmless. */
export const isKnownWarning = ({ code, ids = [] }) => code === 'CIRCULAR_DEPENDENCY' && ids.every((id) => id.includes('d3-interpolate'))

const onwarn = (warning) => {
  if (!isKnownWarning(warning)) throw new Error(warning.message)
}

/** Entries share their chunks, so that an `Arena` is the same class in each. */
const entries = {
  input: {
    index: 'host/index.ts',
    printing: 'host/printing/index.ts',
    nn: 'host/nn/index.ts',
    compare: 'host/compare/index.ts',
    io: 'host/io/index.ts',
    tables: 'host/tables/index.ts',
    fs: 'host/io/fs.ts',
    opfs: 'host/io/opfs.ts',
    cli: 'host/cli/main.ts',
    'compare-worker': 'host/cli/compare-worker.ts',
    conformance: 'host/conformance/run.ts',
    functional: 'host/autograd/functions.ts',
    safetensors: 'host/io/safetensors.ts',
    workerd: 'host/index.workerd.ts',
    'edge-light': 'host/index.edge-light.ts',
    'tables-workerd': 'host/tables/index.workerd.ts',
    'tables-edge-light': 'host/tables/index.edge-light.ts',
  },
  output: {
    dir: 'dist',
    format: 'es',
    // Chunks that refer to a file stay beside it: the .wasm file, crew-worker.js.
    chunkFileNames: ({ name }) => (/\.(workerd|edge-light)$|^crew$/.test(name) ? '[name].js' : 'chunks/[name].js'),
    manualChunks,
    hoistTransitiveImports: false,
    banner: (chunk) => (chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
  },
  external: [/^node:/],
  plugins: [
    edge,
    namespaces,
    inline,
    withoutStreams,
    resolve({ preferBuiltins: true }),
    commonjs(),
    esbuild({ target: 'es2022' }),
    undocumented,
    removable,
  ],
  onwarn,
}

/** The worker of threads is one file without imports, so that bundlers can copy it. */
export const crewWorker = { input: 'host/threads/worker.ts', external: [/^node:/], plugins: [esbuild({ target: 'es2022' })], onwarn }

export default [entries, { ...crewWorker, output: { file: 'dist/crew-worker.js', format: 'es', inlineDynamicImports: true } }]
