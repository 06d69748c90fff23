import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import commonjs from '@rollup/plugin-commonjs'
import resolve from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import esbuild from 'rollup-plugin-esbuild'

/** `import text from './file?inline'`: the text of a file; a script is bundled first. */
const inline = {
  name: 'inline',
  async resolveId(source, importer) {
    if (!source.endsWith('?inline')) return null
    const file = source.slice(0, -'?inline'.length)
    const path = file.startsWith('.') ? new URL(file, `file://${importer}`).pathname : createRequire(importer).resolve(file)
    return `${path}?inline`
  },
  async load(id) {
    if (!id.endsWith('?inline')) return null
    const path = id.slice(0, -'?inline'.length)
    this.addWatchFile(path)
    if (!path.endsWith('.ts')) return `export default ${JSON.stringify(readFileSync(path, 'utf8'))}`
    const { outputFiles } = await build({ entryPoints: [path], bundle: true, minify: true, format: 'iife', target: 'es2022', write: false })
    return `export default ${JSON.stringify(outputFiles[0].text)}`
  },
}

/** papaparse asks for Node's streams in a function that nothing here calls; bundlers for browsers must not see it. */
const withoutStreams = {
  name: 'without-streams',
  resolveId: (source, importer) => (source === 'stream' && importer?.includes('papaparse') ? '\0none' : null),
  load: (id) => (id === '\0none' ? 'export default {}' : null),
}

/** Entries share their chunks, so that an `Arena` is the same class in each. */
export default {
  input: {
    index: 'host/index.ts',
    nn: 'host/nn/index.ts',
    compare: 'host/compare/index.ts',
    fs: 'host/io/fs.ts',
    opfs: 'host/io/opfs.ts',
    cli: 'host/cli/main.ts',
  },
  output: {
    dir: 'dist',
    format: 'es',
    chunkFileNames: 'chunks/[name].js',
    banner: (chunk) => (chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
  },
  external: [/^node:/],
  plugins: [inline, withoutStreams, resolve({ preferBuiltins: true }), commonjs(), esbuild({ target: 'es2022' })],
  onwarn(warning) {
    throw new Error(warning.message)
  },
}
