/** The facts of the first view, read from the project's own files at build time. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name) => readFileSync(join(root, name), 'utf8')
const cells = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

/** Returns the gzipped bytes of a bundle of `Arena` and `AdamW`, without the binary. */
async function bundleSize() {
  const stdin = { contents: "export { AdamW, Arena } from 'downhill'", resolveDir: root }
  const options = { bundle: true, minify: true, format: 'esm', write: false, conditions: ['workerd'], external: ['*.wasm'] }
  const { outputFiles } = await build({ ...options, stdin })
  return gzipSync(outputFiles[0].text, { level: 9 }).length
}

/** Returns the four figures, each with its source. */
export async function figures() {
  const runtimes = read('docs/runtimes.md')
    .match(/<!-- table -->([\s\S]*?)<!-- end -->/)[1]
    .split('\n')
    .filter((line) => line.includes('`'))
    .map(cells)
  const hashes = new Set(runtimes.map(([, , , hash]) => hash))
  if (hashes.size !== 1) throw new Error(`the runtimes of docs/runtimes.md have ${hashes.size} hashes`)
  const [, , torch, tensorflow] = cells(read('README.md').match(/^\| step of Adam, 16 K parameters .*$/m)[0])
  const size = Math.round((await bundleSize()) / 1024)
  return [
    { label: 'runtimes with the same bits', value: String(runtimes.length), source: 'Runtimes', href: 'docs/runtimes.html' },
    {
      label: 'times as long per step of Adam: PyTorch (one thread), TensorFlow.js',
      value: `${torch}, ${tensorflow}`,
      source: 'Performance',
      href: 'docs/performance.html',
    },
    { label: 'of code for Arena and AdamW, gzipped', value: `${size} KB`, source: 'Size', href: 'docs/runtimes.html' },
    { label: 'cases against PyTorch 2.13', value: runtimes[0][4], source: 'Conformance', href: 'docs/conformance.html' },
  ]
}

/** Returns the first example of the README. */
export const example = () =>
  read('README.md')
    .match(/^```js\n([\s\S]*?)^```/m)[1]
    .trimEnd()

/** Rollup plugin: provides `import { example, figures } from 'virtual:first-screen'`. */
export const firstScreen = {
  name: 'first-screen',
  resolveId: (source) => (source === 'virtual:first-screen' ? '\0first-screen' : null),
  load: async (id) =>
    id === '\0first-screen'
      ? `export const example = ${JSON.stringify(example())}\nexport const figures = ${JSON.stringify(await figures())}`
      : null,
}
