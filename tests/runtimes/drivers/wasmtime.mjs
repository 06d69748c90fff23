/** Python's wasmtime, which replays calls of the update rules, recorded in Node, through the binary's interface alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from '../children.mjs'
import { root } from '../project.mjs'
import { installed } from '../tools.mjs'

const find = () => installed('python/bin/python')

export default [
  {
    name: 'wasmtime',
    find,
    rulesOnly: true,
    async run({ folder }) {
      writeFileSync(join(folder, 'recorded.json'), await finished(process.execPath, ['record.mjs'], { cwd: folder }))
      const rules = join(root, 'tests/runtimes/rules.py')
      const binary = join(folder, 'node_modules/downhill/dist/downhill.wasm')
      return { engine: 'Cranelift', hashes: {}, ...JSON.parse(await finished(find(), [rules, binary, 'recorded.json'], { cwd: folder })) }
    },
  },
]
