/** Packs the package, installs the tarball in an empty project, and uses it from there. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  const stray = files.filter(
    ({ path }) => !/^(dist|docs|datasets)\/|^(README|CHANGELOG|CONTRIBUTING)\.md$|^LICENSE$|^package\.json$/.test(path),
  )
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

  // Types that need neither the DOM's nor Node's, and bundles for browsers that ask for nothing of Node.
  const use = `
    import { AdamW, Arena, type DType, groupsByName, layerwiseLr, noDecay, OneCycleLR, Parameter, type SGDOptions } from 'downhill'
    import * as nn from 'downhill/nn'
    import { compare, type Report } from 'downhill/compare'
    class Model extends nn.Module {
      readonly layer: nn.Linear
      constructor(arena: Arena) { super(); this.layer = new nn.Linear(arena, 2, 3, { bias: false }) }
      forward(x: Parameters<nn.Linear['forward']>[0]) { return nn.functional.relu(this.layer.forward(x)) }
    }
    export async function train(): Promise<number> {
      const arena = await Arena.create({ maximumBytes: 2 ** 24 })
      const model = new Model(arena)
      const optimizer = new AdamW(layerwiseLr(noDecay(model.namedParameters()), { lr: 1e-3, decay: 0.9 }), { betas: [0.9, 0.99] })
      new AdamW(groupsByName(model.namedParameters(), [[/weight$/, { weightDecay: 0.1 }]]))
      const scheduler = new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: 10 })
      for (const parameter of model.parameters()) parameter.grad = new Float32Array(parameter.size)
      optimizer.step(() => 1)
      scheduler.step()
      // @ts-expect-error an option that does not exist
      new AdamW(model.parameters(), { weight_decay: 1 })
      // @ts-expect-error a dtype that does not exist
      const dtype: DType = 'float16'
      const options: Partial<SGDOptions> = { lr: 1 }
      return scheduler.lrAt(3)[0]! + optimizer.paramGroups[0]!.lr + (options.lr ?? 0) + dtype.length
    }
    export const parts: [typeof compare, typeof Parameter, Report | undefined] = [compare, Parameter, undefined]`
  writeFileSync(join(folder, 'use.ts'), use)
  const tools = join(root, 'node_modules/.bin')
  run(
    [join(tools, 'tsc'), '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--module', 'nodenext', '--types', '', 'use.ts'],
    folder,
  )
  run(
    [
      join(tools, 'esbuild'),
      'use.ts',
      '--bundle',
      '--format=esm',
      '--platform=browser',
      '--log-limit=0',
      '--log-level=warning',
      '--outfile=bundle.js',
    ],
    folder,
  )

  // What nobody imports is not in a bundle.
  writeFileSync(
    join(folder, 'small.mjs'),
    "import { Arena, SGD } from 'downhill'\nimport { Linear, ReLU, Sequential } from 'downhill/nn'\nconsole.log(Arena, SGD, Linear, ReLU, Sequential)",
  )
  run([join(tools, 'esbuild'), 'small.mjs', '--bundle', '--format=esm', '--platform=browser', '--minify', '--outfile=small.js'], folder)
  const small = readFileSync(join(folder, 'small.js'), 'utf8')
  const stowaways = ['numBatchesTracked', 'scaledDotProductAttention', 'maxPool2d', 'lstm', 'AveragedModel takes', 'is for matrices']
  const found = stowaways.filter((name) => small.includes(name))
  if (found.length) throw new Error(`the bundle of a perceptron with SGD has ${found.join(', ')}`)
  console.log(`${filename}: installed elsewhere, imported, stepped; ${files.length} files`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
