/** The packed package: its files, manifest, types, use after installation, and sizes in bundles. */
import assert from 'node:assert'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { runChecks } from '../checks.mjs'
import { npm } from '../npm.mjs'
import { finished } from '../runtimes/children.mjs'
import { root, temporaryFolder } from '../runtimes/project.mjs'

const tool = (name) => join(root, 'node_modules/.bin', name)
const folder = temporaryFolder('package')
const inFolder = (command, args) => finished(command, args, { cwd: folder })
const write = (name, text) => writeFileSync(join(folder, name), text)

const packed = await finished(npm[0], [...npm.slice(1), 'pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
const [{ filename, files, size }] = JSON.parse(packed)
write('package.json', '{ "type": "module", "private": true }')
await inFolder(npm[0], [...npm.slice(1), 'install', '--ignore-scripts', '--no-audit', '--no-fund', `./${filename}`])

const use = `
  import assert from 'node:assert'
  import { readFileSync } from 'node:fs'
  import { createRequire } from 'node:module'
  import { AdamW, Arena } from 'downhill'
  import * as nn from 'downhill/nn'
  import * as F from 'downhill/nn/functional'
  import { readTable } from 'downhill/compare'
  assert.equal(F.crossEntropy, nn.functional.crossEntropy)
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
  assert.equal(served.parameter([3]).data.length, 3)
`

/** A program that must compile without the types of the DOM and of Node. */
const types = `
  import { AdamW, Arena, type DType, groupsByName, layerwiseLr, noDecay, OneCycleLR, Parameter, type SGDOptions } from 'downhill'
  import * as nn from 'downhill/nn'
  import { relu } from 'downhill/nn/functional'
  import { compare, type Report } from 'downhill/compare'
  import { writeFile } from 'downhill/fs'
  import { checkpoint, type FileTensor, type Loaded, npz, safetensors } from 'downhill/io'
  import module from 'downhill/downhill.wasm'
  class Model extends nn.Module {
    readonly layer: nn.Linear
    constructor(arena: Arena) { super(); this.layer = new nn.Linear(arena, 2, 3, { bias: false }) }
    forward(x: Parameters<nn.Linear['forward']>[0]) { return nn.functional.relu(relu(this.layer.forward(x))) }
  }
  export const save = (model: Model, optimizer: AdamW) => writeFile('run', checkpoint.save({ model, optimizer, epoch: 3 }))
  export const load = (bytes: Uint8Array, model: Model): Loaded => checkpoint.load(bytes, { model })
  export const arrays = (model: Model): Record<string, FileTensor> => npz.read(npz.write(model.stateDict(), { compressed: true }))
  export const head = async (read: safetensors.ReadRange): Promise<FileTensor> => (await safetensors.open(read)).tensor('head')
  export async function train(): Promise<number> {
    const arena = await Arena.create({ maximumBytes: 2 ** 24, module })
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
    // @ts-expect-error an internal property
    arena.heap
    const options: Partial<SGDOptions> = { lr: 1 }
    return scheduler.lrAt(3)[0]! + optimizer.paramGroups[0]!.lr + (options.lr ?? 0) + dtype.length + arena.generator.uniform()
  }
  export const parts: [typeof compare, typeof Parameter, Report | undefined] = [compare, Parameter, undefined]
`

/** Bundles a program. Returns the text and gzipped bytes of what loads at once, or of all, without the binary. */
async function bundled(contents, conditions, { splitting = true } = {}) {
  const options = { bundle: true, minify: true, format: 'esm', platform: 'browser', write: false, logLevel: 'error' }
  const files = { splitting, outdir: folder, metafile: true, absWorkingDir: folder, external: ['*.wasm'] }
  const { outputFiles, warnings, metafile } = await build({ ...options, ...files, stdin: { contents, resolveDir: folder }, conditions })
  assert.deepEqual(warnings, [])
  const reached = ['stdin.js']
  for (const file of reached) {
    const statements = metafile.outputs[file].imports.filter(({ kind, path }) => kind === 'import-statement' && path in metafile.outputs)
    reached.push(...statements.map(({ path }) => path).filter((path) => !reached.includes(path)))
  }
  const texts = reached.map((name) => outputFiles.find(({ path }) => path === join(folder, name)).text)
  const text = texts.join('\n').replace(/["'`][\w+/=]{50000,}["'`]/, '""')
  return { text, bytes: gzipSync(text, { level: 9 }).length }
}

const KB = 1024
const arenaAndAdamW = "export { AdamW, Arena } from 'downhill'"

/** Checks the gzipped size of a bundle without the binary, for entries with the binary in a file and in the code. */
const small = (what, contents, limit) => ({
  name: `${what}: at most ${limit} KB gzipped without the binary`,
  async run() {
    const [beside, inside] = [await bundled(contents, ['workerd']), await bundled(contents, [])]
    for (const { bytes } of [beside, inside]) assert(bytes <= limit * KB, `${bytes} bytes, ${(bytes / KB).toFixed(1)} KB`)
    return `${(beside.bytes / KB).toFixed(1)} KB with the binary in a file, ${(inside.bytes / KB).toFixed(1)} KB with the binary in the code`
  },
})

const checks = [
  {
    name: 'files in the tarball',
    run() {
      const expected = /^(dist|docs|datasets)\/|^(README|CHANGELOG|CONTRIBUTING)\.md$|^LICENSE$|^package\.json$/
      assert.deepEqual(
        files.map(({ path }) => path).filter((path) => !expected.test(path)),
        [],
      )
      const entries = JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports).match(
        /(?<=")\.\/[^"]*\.\w+(?=")/g,
      )
      const absent = entries.filter(
        (entry) => !files.some(({ path }) => `./${path}` === entry) && !/^\.\/downhill(-relaxed)?\.wasm$/.test(entry),
      )
      assert.deepEqual(absent, [])
      // No entry names the code that loads with the first threads.
      assert(files.some(({ path }) => path === 'dist/crew.js'))
      return `${files.length} files, ${(size / KB).toFixed(0)} KB`
    },
  },
  {
    name: 'an installation imports, steps, and compares by command',
    async run() {
      write('use.mjs', use)
      await inFolder(process.execPath, ['use.mjs'])
      const options = ['--epochs', '1', '--trials', '1', '--seeds', '1', '--out', 'out']
      await inFolder(join(folder, 'node_modules/.bin/downhill'), ['compare', ...options])
    },
  },
  ...[
    ['bundler', 'esnext'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
  ].map(([resolution, module]) => ({
    name: `types of every entry, strict, with moduleResolution ${resolution}`,
    run() {
      write('use.ts', types)
      const lib = ['--strict', '--target', 'es2022', '--lib', 'es2022', '--types', '', '--noEmit']
      return inFolder(tool('tsc'), [...lib, '--module', module, '--moduleResolution', resolution, 'use.ts'])
    },
  })),
  { name: 'publint', run: async () => assert.match(await inFolder(tool('publint'), [filename, '--strict']), /All good/) },
  { name: 'are the types wrong?', run: async () => void (await inFolder(tool('attw'), [filename, '--profile', 'esm-only'])) },
  small('Arena and AdamW', arenaAndAdamW, 12.5),
  small(
    'Arena, AdamW, Linear and crossEntropy',
    "export { AdamW, Arena } from 'downhill'\nexport { Linear } from 'downhill/nn'\nexport { crossEntropy } from 'downhill/nn/functional'",
    22,
  ),
  small('all of downhill and downhill/nn', "export * from 'downhill'\nexport * as nn from 'downhill/nn'", 51.5),
  {
    name: 'the code of threads: at most 8 KB gzipped, in a file of its own, or of an esbuild bundle without splitting',
    async run() {
      const [without, with_] = [await bundled(arenaAndAdamW, []), await bundled(arenaAndAdamW, [], { splitting: false })]
      assert(!without.text.includes('crew-worker'), 'it loads at once')
      assert(with_.text.includes('crew-worker'))
      const bytes = with_.bytes - without.bytes
      assert(bytes <= 8 * KB, `${bytes} bytes`)
      return `${(bytes / KB).toFixed(1)} KB`
    },
  },
  {
    name: 'the binary: at most 64 KB gzipped',
    run() {
      const bytes = gzipSync(readFileSync(join(folder, 'node_modules/downhill/dist/downhill.wasm')), { level: 9 }).length
      assert(bytes <= 64 * KB, `${bytes} bytes`)
      return `${(bytes / KB).toFixed(1)} KB`
    },
  },
  {
    name: 'unused code is tree-shaken',
    async run() {
      const contents =
        "import { Arena, SGD } from 'downhill'\nimport { Linear, ReLU, Sequential } from 'downhill/nn'\nconsole.log(Arena, SGD, Linear, ReLU, Sequential)"
      const { text } = await bundled(contents, [])
      const stowaways = [
        'numBatchesTracked',
        'scaledDotProductAttention',
        'maxPool2d',
        'lstm',
        'multiAvgFn',
        'must have two axes',
        'amsgrad',
        'Adadelta',
        'tMax',
        'wholePow',
      ]
      assert.deepEqual(
        stowaways.filter((name) => text.includes(name)),
        [],
      )
    },
  },
  {
    name: 'the generator is in a bundle only if something draws random numbers',
    async run() {
      const [without, with_] = [
        await bundled("export { Arena } from 'downhill'", []),
        await bundled("export { Arena } from 'downhill'\nexport { Linear } from 'downhill/nn'", []),
      ]
      assert(!without.text.includes('2^53'))
      assert(with_.text.includes('2^53'))
    },
  },
]

await runChecks(checks)
