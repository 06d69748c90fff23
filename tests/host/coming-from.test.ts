/** Runs every row of the pages for PyTorch and TensorFlow.js users and compares it with the recorded results. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as downhill from '../../host/index.ts'
import * as fs from '../../host/io/fs.ts'
import * as io from '../../host/io/index.ts'
import * as nn from '../../host/nn/index.ts'

interface Result {
  /** The row's value; undefined if there is none or it depends on random numbers. */
  readonly value?: unknown
  /** The parameter `w` after the row; undefined if unchanged, null if it depends on random numbers. */
  readonly w?: { readonly data: readonly number[]; readonly grad?: readonly number[] | null } | null
}

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')

/** Rows whose results differ on purpose, as the page's difference column says. */
const different = new Set([
  'nn.init.normal_(w, generator=torch.Generator().manual_seed(7))',
  'w.assign(tf.initializers.randomNormal({ stddev: 0.02, seed: 7 }).apply([2]))',
  'tf.train.adadelta(1, 0.95, 1e-6).applyGradients({ [w.name]: tf.tensor1d([3, 4]) })',
])

/** Converts tensors, arrays and numbers to one form; a one-element tensor becomes a number. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array)
  if (Array.isArray(value)) return value.flatMap((one) => plain(one))
  if (typeof value !== 'object' || value === null || !('data' in value)) return value
  const { shape, data } = value as { shape: number[]; data: number[] }
  return shape.length ? Array.from(data) : data[0]
}

const shapeOf = (value: unknown) => (value instanceof downhill.Tensor ? value.shape : undefined)

function expectClose(got: unknown, expected: unknown): void {
  const [a, b] = [plain(got), plain(expected)]
  if (typeof b === 'number') expect(a).toBeCloseTo(b, 5)
  else if (Array.isArray(b) && b.every((one) => typeof one === 'number')) {
    expect(a).toHaveLength(b.length)
    for (const [i, one] of b.entries()) expect((a as number[])[i]).toBeCloseTo(one, 5)
  } else expect(a).toEqual(b)
}

const scope: Readonly<Record<string, unknown>> = { ...downhill, ...io, ...fs, nn }
const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<unknown>

/** Adds `return` before the last statement if that is an expression. */
function returning(code: string): string {
  const at = code.lastIndexOf('; ') + 1
  return /^\s*(for|const)\b/.test(code.slice(at)) ? code : `${code.slice(0, at)} return (${code.slice(at)})`
}

/** Runs a row after the page's setup, in a frame unless it awaits. Returns its value and `w` in plain form. */
async function run(setup: string, code: string): Promise<{ value: unknown; shape: unknown; w: Result['w'] }> {
  const body = /\bawait\b/.test(code)
    ? `const value = await (async () => { ${returning(code)} })(); return done(value)`
    : `return arena.frame(() => { const value = (() => { ${returning(code)} })(); return done(value) })`
  const script = `${setup.replace(/^import .*\n/gm, '')}
    const parameter = () => (arena.disposed ? undefined : { data: plain(w.data), grad: plain(w.grad) })
    const done = (value) => ({ value: plain(value), shape: shapeOf(value), w: parameter() })
    ${body}`
  const names = { ...scope, plain, shapeOf }
  return (await new AsyncFunction(...Object.keys(names), script)(...Object.values(names))) as Awaited<ReturnType<typeof run>>
}

describe.each([
  ['docs/coming-from-pytorch.md', 'tests/conformance/coming-from-pytorch.json', 140],
  ['docs/coming-from-tensorflow.md', 'tests/conformance/coming-from-tensorflow.json', 75],
])('%s', (page, results, least) => {
  const text = read(page)
  const recorded: Readonly<Record<string, Result>> = JSON.parse(read(results))
  const [, setup] = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code!)
  const rows = [...text.matchAll(/^\| `(.+?)` \| `(.+?)` \|/gm)].map(([, there, here]) => ({ there: there!, here: here! }))
  const before = process.cwd()
  const folder = mkdtempSync(`${tmpdir()}/coming-from-`)

  beforeAll(() => {
    process.chdir(folder)
    vi.spyOn(console, 'log').mockImplementation(() => {})
  })
  afterAll(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
    vi.restoreAllMocks()
  })

  it('has a recorded result for each row', () => {
    expect(rows.length).toBeGreaterThan(least)
    expect(rows.map(({ there }) => there)).toEqual(Object.keys(recorded))
    // Rows with more than one piece of code in a cell would be skipped.
    expect(rows).toHaveLength(text.match(/^\| (?!---|PyTorch|TensorFlow)/gm)!.length)
  })

  it.each(rows)('$there: $here', async ({ there, here }) => {
    const { w: start } = await run(setup!, 'null')
    const { value, shape, w } = await run(setup!, here)
    const { value: expected, w: after = start } = recorded[there] ?? {}
    if (different.has(there)) return
    // In-place methods of torch return the tensor.
    if (expected !== undefined && !(value === undefined && recorded[there]?.w)) expectClose(value, expected)
    else if (typeof value === 'number') expect(value).not.toBeNaN()
    if (shape && (expected as { shape?: unknown })?.shape) expect(shape).toEqual((expected as { shape: unknown }).shape)
    if (!after || !w) return
    expectClose(w.data, after.data)
    // TensorFlow.js does not keep gradients.
    if (setup!.includes('w.grad') && after.grad !== undefined) expectClose(w.grad, after.grad)
  })
})
