import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The folder of the project. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** Imports a TypeScript module of the host, with everything it imports, from the sources. */
export async function importHost(path) {
  const options = { bundle: true, format: 'esm', write: false, outdir: '.' }
  const { outputFiles } = await build({ ...options, entryPoints: [join(root, 'host', path)] })
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`)
}
