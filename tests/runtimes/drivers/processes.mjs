/** Runtimes that run a file. */
import { finished } from '../children.mjs'
import { installed } from '../tools.mjs'

const runs = (name, find, args = []) => ({
  name,
  find,
  async run({ folder }) {
    return JSON.parse(await finished(find(), [...args, 'process.mjs'], { cwd: folder }))
  },
})

/** The Node that runs this, a newer one, Deno and Bun. */
export default [
  runs(`Node ${process.versions.node.split('.')[0]}`, () => process.execPath),
  runs('Node 24', () => installed('node_modules/node24/bin/node')),
  runs('Deno', () => installed('node_modules/.bin/deno'), ['run', '--no-lock', '--no-remote', '-A']),
  runs('Bun', () => installed('node_modules/.bin/bun')),
]
