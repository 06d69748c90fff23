import { readFileSync } from 'node:fs'
import { dirname, resolve as resolvePath } from 'node:path'
import commonjs from '@rollup/plugin-commonjs'
import resolve from '@rollup/plugin-node-resolve'
import esbuild from 'rollup-plugin-esbuild'

/** `import text from './file?inline'`: the text of a file. */
export const inline = {
  name: 'inline',
  resolveId: (source, importer) => (source.endsWith('?inline') ? new URL(source, `file://${importer}`).href : null),
  load(id) {
    if (!id.endsWith('?inline')) return null
    const { pathname } = new URL(id)
    this.addWatchFile(pathname)
    return `export default ${JSON.stringify(readFileSync(pathname, 'utf8'))}`
  },
}

/** papaparse asks for Node's streams in a function that nothing here calls; bundlers for browsers must not see it. */
export const withoutStreams = {
  name: 'without-streams',
  resolveId: (source, importer) => (source === 'stream' && importer?.includes('papaparse') ? '\0none' : null),
  load: (id) => (id === '\0none' ? 'export default {}' : null),
}

const ofEdge = /^(.*)\.(workerd|edge-light)\.ts$/

/**
 * `host/index.workerd.ts` is host/index.ts with the binaries of host/binary/workerd.ts: of the modules on the way there it has copies of its own.
 * The file stays beside the bundle.
 */
const edge = {
  name: 'edge',
  resolveId(source, importer) {
    if (/\.wasm(\?module)?$/.test(source)) return { id: source, external: true }
    if (!importer) return ofEdge.test(source) ? resolvePath(source) : null
    const [, path, runtime] = importer.match(ofEdge) ?? []
    if (!path) return null
    if (source === './binary/inline.ts') return this.resolve(`./binary/${runtime}.ts`, `${path}.ts`)
    const copied = source === './arena.ts' || source === './wasm.ts'
    return copied ? resolvePath(dirname(path), source.replace('.ts', `.${runtime}.ts`)) : this.resolve(source, `${path}.ts`)
  },
  load: (id) => (ofEdge.test(id) ? readFileSync(id.replace(ofEdge, '$1.ts'), 'utf8') : null),
}

const areas = {
  downhill: 'host/index.ts',
  nn: 'host/nn/index.ts',
  io: 'host/io/index.ts',
  compare: 'host/compare/index.ts',
  conformance: 'host/conformance/run.ts',
}

/** Apart from the arena, which has the binary, a chunk for all that an entry reaches and none before it: those of the edge share these. */
function manualChunks(id, { getModuleInfo }) {
  const name = id.replace(`${resolvePath('host')}/`, '')
  if (/^(arena|wasm|binary\/inline|generated\/binary)\.ts$/.test(name)) return name.includes('binary') ? 'binary' : 'arena'
  if (getModuleInfo(id).isEntry || name.startsWith('cli/') || ofEdge.test(name) || name.startsWith('binary/')) return undefined
  const reaches = (from, seen = new Set()) => {
    if (from === id) return true
    seen.add(from)
    return getModuleInfo(from).importedIds.some((next) => !seen.has(next) && !getModuleInfo(next).isExternal && reaches(next, seen))
  }
  return Object.keys(areas).find((area) => reaches(resolvePath(areas[area])))
}

/** Leaves out what declarations say to docs/ alone. */
const undocumented = {
  name: 'undocumented',
  transform: (code) => ({ code: code.replace(/\bdoc`[^`]*`/g, "''"), map: null }),
}

/**
 * Says of every declaration on the top level of a chunk that it may go if nothing uses it, also where it calls, reads or spreads something:
 * bundlers trust a pure call, and analyse no other (esbuild keeps the declared options of an optimizer that nobody imports).
 */
const removable = {
  name: 'removable',
  renderChunk(code) {
    // Apart from the obvious: a power might be one of a BigInt and a number, and a static field of a class is set by a block.
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

/** Two of d3-interpolate's functions call each other, which harms nobody. */
export const isKnownWarning = ({ code, ids = [] }) => code === 'CIRCULAR_DEPENDENCY' && ids.every((id) => id.includes('d3-interpolate'))

/** Entries share their chunks, so that an `Arena` is the same class in each. */
export default {
  input: {
    index: 'host/index.ts',
    nn: 'host/nn/index.ts',
    compare: 'host/compare/index.ts',
    io: 'host/io/index.ts',
    fs: 'host/io/fs.ts',
    opfs: 'host/io/opfs.ts',
    cli: 'host/cli/main.ts',
    'compare-worker': 'host/cli/compare-worker.ts',
    conformance: 'host/conformance/run.ts',
    workerd: 'host/index.workerd.ts',
    'edge-light': 'host/index.edge-light.ts',
  },
  output: {
    dir: 'dist',
    format: 'es',
    chunkFileNames: 'chunks/[name].js',
    manualChunks,
    hoistTransitiveImports: false,
    banner: (chunk) => (chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
  },
  external: [/^node:/],
  plugins: [
    edge,
    inline,
    withoutStreams,
    resolve({ preferBuiltins: true }),
    commonjs(),
    esbuild({ target: 'es2022' }),
    undocumented,
    removable,
  ],
  onwarn(warning) {
    if (!isKnownWarning(warning)) throw new Error(warning.message)
  },
}
