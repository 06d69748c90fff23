import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { AdamW, Arena, Generator, StepLR } from '../../host/index.ts'
import { checkpoint, npz, safetensors, torchFile } from '../../host/io/index.ts'
import { inspect, startOf } from '../../host/io/inspect.ts'
import { Call, Name, Persistent, pickled } from '../../host/io/pickle-writer.ts'
import { Tuple } from '../../host/io/python.ts'
import { sourceOf } from '../../host/io/source.ts'
import * as nn from '../../host/nn/index.ts'
import { legacyFile } from './corpus/files.ts'
import { thrown } from './thrown.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-inspect-'))
const cases = join(root, 'tests/conformance/cases/torch-file')

function downhill(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), 'inspect', ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

function file(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes)
  return name
}

async function run() {
  const arena = await Arena.create()
  const model = new nn.Sequential(new nn.Linear(arena, 3, 4), new nn.Linear(arena, 4, 2))
  const optimizer = new AdamW(
    [
      { params: [...model.layers[0]!.parameters()], weightDecay: 0.1 },
      { params: [...model.layers[1]!.parameters()], lr: 0.5 },
    ],
    { lr: 0.25 },
  )
  const scheduler = new StepLR(optimizer, { stepSize: 2 })
  for (let step = 0; step < 3; step++) {
    for (const parameter of model.parameters()) parameter.grad = new Float32Array(parameter.size).fill(1)
    optimizer.step()
    scheduler.step()
  }
  return { model, optimizer, scheduler, generator: new Generator(7), epoch: 3, note: 'so far, so good' }
}

/** An array of 256 MB. */
const zeros = npz.write({ a: { dtype: 'float64', shape: [2 ** 25], data: new Float64Array(2 ** 25) } }, { compressed: true })

afterAll(() => rmSync(folder, { recursive: true }))

describe('downhill inspect', () => {
  it('shows the tensors, options, step and schedule of a checkpoint', async () => {
    const { code, out, err } = downhill(file('run.checkpoint', checkpoint.save(await run())))
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^run\.checkpoint: checkpoint, \d\.\d KB\n\n/)
    expect(out).toMatch(/^model\.0\.weight {3,}float32 {3}\[4, 3\] {3}48 B$/m)
    expect(out).toMatch(/^optimizer\.1\.bias\.exp_avg_sq {3,}float32 +\[2\] +8 B$/m)
    expect(out).toMatch(/^12 tensors, 312 B$/m)
    expect(out).toMatch(
      /^optimizer: AdamW, step 3\n {2}group 0: 2 parameters, weight_decay 0\.1, lr 0\.025, betas \[0\.9,0\.999\], .*\n {2}group 1: /m,
    )
    expect(out).toMatch(/^scheduler: StepLR, step_size 2, gamma 0\.1, base_lrs \[0\.25,0\.5\], last_epoch 3, /m)
    expect(out).toMatch(/^generator: seed 7, position 0$/m)
    expect(out).toMatch(/^epoch: 3\nnote: "so far, so good"$/m)
  })

  it('prints the same as JSON', async () => {
    const { code, out } = downhill(file('run.checkpoint', checkpoint.save(await run())), '--json')
    const found = JSON.parse(out)
    expect([code, found.file, found.format, found.tensors.length]).toEqual([0, 'run.checkpoint', 'checkpoint', 12])
    expect(found.tensors[0]).toEqual({ name: 'model.0.bias', dtype: 'float32', shape: [4], bytes: 16 })
    expect(found.parts.map(({ name, kind }: { name: string; kind: string }) => `${name}: ${kind}`)).toEqual([
      ...['model: model', 'optimizer: optimizer', 'scheduler: scheduler', 'generator: generator', 'epoch: value', 'note: value'],
    ])
    expect(found.parts[1]).toMatchObject({
      className: 'AdamW',
      step: 3,
      groups: [{ lr: 0.025, params: ['0.weight', '0.bias'] }, { params: ['1.weight', '1.bias'] }],
    })
  })

  it('shows a torch.save bundle and single state dicts', async () => {
    const bundle = downhill(join(cases, 'file-adam-named-onecycle.pt'))
    expect(bundle.out).toMatch(/torch\.save file, 7\.2 KB$/m)
    expect(bundle.out).toMatch(/^optimizer\.state\.2\.max_exp_avg_sq +float32 +\[2, 1, 2, 2\] +32 B$/m)
    expect(bundle.out).toMatch(/^optimizer: step 10\n {2}group 0: 2 parameters, weight_decay 0\.1, lr 0\.0452/m)
    expect(bundle.out).toMatch(/^epoch: 10$/m)
    expect(downhill(join(cases, 'file-rprop-plain.pt')).out).toMatch(
      /^state\.3\.prev .*\n[\s\S]*^optimizer: step 10\n {2}group 0: 4 parameters, lr 0\.02, /m,
    )
    for (const name of ['model.pt', 'legacy/model.pt'])
      expect(downhill(join(root, 'tests/files', name)).out).toMatch(/^13 tensors, 592 B\n\nmodel$/m)
    const legacy = downhill(join(root, 'tests/files/legacy/file-asgd-linear.pt')).out
    expect(legacy.split('\n').slice(1)).toEqual(downhill(join(cases, 'file-asgd-linear.pt')).out.split('\n').slice(1))
  })

  it('shows tensors of every dtype, and metadata', () => {
    const { out } = downhill(join(root, 'tests/files/values.safetensors'))
    for (const dtype of ['float64', 'float16', 'bfloat16', 'int64', 'int16', 'int8', 'uint8', 'uint32', 'bool'])
      expect(out).toContain(` ${dtype} `)
    expect(out).toMatch(/^metadata: format "pt", made by "torch"$/m)
    const header = '{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    const bytes = new TextEncoder().encode(`${String.fromCharCode(header.length)}${'\0'.repeat(7)}${header}\0\0`)
    expect(downhill(file('f8', bytes)).out).toMatch(/^a {3}float8_e4m3fn {3}\[2\] {3}2 B$/m)
  })

  it('lists the arrays of NumPy files', () => {
    const stored = downhill(join(root, 'tests/files/stored.npz'))
    expect(stored.out).toMatch(/stored\.npz: \.npz file, 4\.8 KB\n\n/)
    expect(stored.out).toMatch(/^fortran {7}float32 {3}\[2, 3, 4\] +96 B$/m)
    expect(stored.out).toMatch(/^big-int16 +int16 /m)
    expect(stored.out).toMatch(/^19 tensors, /m)
    const compressed = downhill(join(root, 'tests/files/compressed.npz'), '--json')
    expect(JSON.parse(compressed.out).tensors.at(-2)).toEqual({ name: 'zeros', dtype: 'float64', shape: [100, 50], bytes: 40_000 })
    expect(downhill(join(root, 'tests/files/version-2.npy')).out).toMatch(/\.npy file, 144 B\n\narray {3}float32 {3}\[2, 2\] {3}16 B\n/)
    expect(downhill(join(root, 'tests/files/objects.npy')).err).toMatch(/objects\.npy: the array holds pickled Python objects/)
  })

  it('unpacks only the headers of arrays', () => {
    const { bytes, tensors } = inspect(sourceOf('', zeros))
    expect([bytes < 400_000, tensors]).toEqual([true, [{ name: 'a', dtype: 'float64', shape: [2 ** 25], bytes: 2 ** 28 }]])
  })

  it('lists the tensors of an index with their files', () => {
    const index = join(root, 'tests/files/model.safetensors.index.json')
    expect(downhill(index).out).toBe(`${index}: index of safetensors files, 543 B

embed.weight   float32   [2, 2]   16 B   model-00001-of-00002.safetensors
head.bias      float32      [1]    4 B   model-00001-of-00002.safetensors
head.weight    float16      [6]   12 B   model-00002-of-00002.safetensors
3 tensors, 32 B

metadata: total_size 32
`)
    const { format, bytes, tensors } = JSON.parse(downhill(index, '--json').out)
    expect([format, bytes, tensors[2]]).toEqual([
      ...['safetensors-index', 543],
      { name: 'head.weight', dtype: 'float16', shape: [6], bytes: 12, file: 'model-00002-of-00002.safetensors' },
    ])
  })

  it('truncates long values and escapes control characters', () => {
    const { out } = downhill(file('odd', checkpoint.save({ note: '\u001b[2J\n\u202e', long: Array(1000).fill(1) })))
    expect(out).toContain('note: "\\u001b[2J\\n\\u202e"')
    expect(out).toMatch(/^long: \[1,.{90,100}…$/m)
    expect(startOf({ a: [1, { b: Number.NaN }], c: 2n }, 100)).toBe('{"a":[1,{"b":"NaN"}],"c":"2"}')
  })

  it.each<[string[], RegExp]>([
    [['none'], /none cannot be read: no such file or folder$/],
    [['.'], /\. cannot be read: it is not a file$/],
    [[file('empty', new Uint8Array(0))], /empty: this is not a checkpoint, or a file of safetensors, torch\.save or NumPy$/],
    [[file('cut.pt', torchFile.save({ a: 1 }).subarray(0, 100))], /cut\.pt: this is not a zip archive: it has no directory at its end$/],
    [
      [file('cut.safetensors', safetensors.write({}).subarray(0, 9))],
      /cut\.safetensors: this is not a safetensors file: its header should have 8 bytes, but 1 follow$/,
    ],
    [[join(root, 'tests/files/whole-module.pt')], /refers to 'torch\.nn\.modules\.container\.Sequential', which is not allowed/],
    [
      [file('index.json', new TextEncoder().encode('{"weight_map":{"a":"gone.safetensors"}}'))],
      /index\.json: gone\.safetensors cannot be read: no such file or folder$/,
    ],
    [
      [file('wrong.json', new TextEncoder().encode('{"weight_map":{"a":"empty"}}'))],
      /wrong\.json: empty: this is not a safetensors file: it must have at least 8 bytes, got 0$/,
    ],
    [['a', 'b'], /exactly one file must be given/],
    [[], /exactly one file must be given/],
    [['empty', '--jsn'], /Unknown option '--jsn'/],
  ])('%j exits with code 2', (args, message) => {
    const { code, out, err } = downhill(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(new RegExp(message.source, 'm'))
    expect(err).not.toMatch(/\n {4}at /)
  })

  it('reads no storages of a torch file from before 1.6', () => {
    const id = new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', 1_000_000, null]))
    const call = new Call(new Name('torch._utils', '_rebuild_tensor'), [id, 0, new Tuple([1000, 1000]), new Tuple([1000, 1])])
    const source = sourceOf('', legacyFile(pickled({ a: call }), { 0: new Uint8Array(4_000_000) }))
    let read = 0
    const { tensors } = inspect({ size: source.size, at: (start, length) => source.at(start, (read += length) && length) })
    expect(tensors).toEqual([{ name: 'a', dtype: 'float32', shape: [1000, 1000], bytes: 4_000_000 }])
    expect(read).toBeLessThan(100_000)
  })

  it('reads only the parts of a file that it shows', () => {
    const bytes = safetensors.write({ a: { dtype: 'float32', shape: [1_000_000], data: new Float32Array(1_000_000) } })
    let read = 0
    const source = sourceOf('', bytes)
    inspect({ size: source.size, at: (start, length) => source.at(start, (read += length) && length) })
    expect(read).toBeLessThan(200)
    expect(thrown(() => inspect(sourceOf('', new Uint8Array(20)))).code).toBe('file-invalid')
  })
})
