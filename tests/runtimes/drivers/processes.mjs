/** Drivers of the runtimes that run a file. */
import { finished } from '../children.mjs'
import { installed } from '../tools.mjs'

const runs = (name, find, args = []) => ({
  name,
  find,
  async run({ folder }) {
    const output = (file) => finished(find(), [...args, file], { cwd: folder, timeout: 600_000 })
    return { ...JSON.parse(await output('process.mjs')), printed: await output('printing.mjs') }
  },
})

/** The current Node, a newer one, Deno and Bun. */
export default [
  runs(`Node ${process.versions.node.split('.')[0]}`, () => process.execPath),
  runs('Node 24', () => installed('node_modules/node24/bin/node')),
  runs('Deno', () => installed('node_modules/.bin/deno'), ['run', '--no-lock', '--no-remote', '-A']),
  runs('Bun', () => installed('node_modules/.bin/bun')),
]
