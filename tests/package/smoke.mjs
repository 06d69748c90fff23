/** Packs the package, installs the tarball in an empty project, and uses it from there. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npm } from '../npm.mjs'

const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'downhill-package-'))

function run([command, ...args], cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

try {
  const [{ filename, files }] = JSON.parse(run([...npm, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  const stray = files.filter(({ path }) => !/^(dist|datasets)\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$/.test(path))
  if (stray.length) throw new Error(`the tarball holds ${stray.map(({ path }) => path).join(', ')}`)

  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }')
  run([...npm, 'install', '--ignore-scripts', '--no-audit', '--no-fund', `./${filename}`], folder)
  writeFileSync(
    join(folder, 'use.mjs'),
    `import assert from 'node:assert'
     import { readFileSync } from 'node:fs'
     import { createRequire } from 'node:module'
     import { AdamW, Arena } from 'downhill'
     import * as nn from 'downhill/nn'
     import { readTable } from 'downhill/compare'
     const arena = await Arena.create()
     const w = arena.parameter([2], { data: [1, -1] })
     const optimizer = new AdamW([w], { lr: 0.1, weightDecay: 0 })
     w.grad = [3, -4]
     optimizer.step()
     assert.deepEqual([...w.data].map((x) => x.toFixed(6)), ['0.900000', '-0.900000'])
     const layer = new nn.Linear(arena, 2, 3)
     assert.deepEqual(arena.frame(() => [...layer.forward(arena.tensor([1, 2], [1, 2])).shape]), [1, 3])
     assert.equal(readTable('a\\n1\\n').rows, 1)
     const file = createRequire(import.meta.url).resolve('downhill/downhill.wasm')
     const served = await Arena.create({ module: new WebAssembly.Module(readFileSync(file)) })
     assert.equal(served.parameter([3]).data.length, 3)`,
  )
  run([process.execPath, 'use.mjs'], folder)
  const command = join(folder, 'node_modules/.bin/downhill')
  run([command, 'compare', '--epochs', '1', '--trials', '1', '--seeds', '1', '--out', 'out'], folder)
  console.log(`${filename}: installed elsewhere, imported, stepped; ${files.length} files`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
