import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { torchFile } from '../../host/io/index.ts'
import { inspect } from '../../host/io/inspect.ts'
import { Call, Name, Persistent, pickled } from '../../host/io/pickle-writer.ts'
import { Tuple } from '../../host/io/python.ts'
import { sourceOf } from '../../host/io/source.ts'
import { torchArchive } from './corpus/files.ts'
import { legacy } from './corpus/legacy.ts'
import { numpy } from './corpus/numpy.ts'
import { pickles } from './corpus/pickles.ts'
import { safetensors } from './corpus/safetensors.ts'
import { tensors } from './corpus/tensors.ts'
import { zips } from './corpus/zips.ts'
import { hostile } from './hostile.ts'
import { Target } from './target.ts'
import { thrown } from './thrown.ts'

/** Number of fuzzer inputs. The default is small; FUZZ=100000 runs 100,000. */
const RUNS = Number(process.env.FUZZ ?? 1500)

it(`each of ${RUNS} hostile inputs loads, or throws a typed error and changes nothing`, { timeout: 60 * RUNS + 60_000 }, () => {
  const target = new Target()
  fc.assert(
    fc.property(hostile, (bytes) => target.attempt(bytes)),
    { numRuns: RUNS, seed: Number(process.env.FUZZ_SEED ?? 1) },
  )
  const { loaded, refused } = target.outcomes
  expect(loaded + refused).toBe(9 * RUNS)
  // If every input failed early, the fuzzer would not reach the deeper code.
  expect(loaded).toBeGreaterThan(RUNS / 3)
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'downhill-hostile-'))

/**
 * Writes the peak memory of a process in KB and its CPU time in microseconds to file descriptor 3: CPU time, because other processes delay
 * it. On Linux, maxRSS includes the peak of the parent process,
 * and VmHWM does not.
 */
const REPORT = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeSync } from 'node:fs'
  process.on('exit', () => {
    let peak = process.resourceUsage().maxRSS
    try {
      peak = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]
    } catch {}
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    writeSync(3, peak + ' ' + (userCPUTime + systemCPUTime))
  })`)}`

function inspected(file: string) {
  const { status, stderr, output } = spawnSync(process.execPath, ['--import', REPORT, join(root, 'dist/cli.js'), 'inspect', file], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  const [peak, time] = output[3]!.split(' ').map(Number)
  return { code: status, err: stderr, megabytes: peak! / 1024, seconds: time! / 1e6 }
}

afterAll(() => rmSync(folder, { recursive: true }))

describe('the hostile corpus', () => {
  const usual = inspected(join(root, 'tests/files/model.pt'))
  const target = new Target()

  it.each([...safetensors, ...pickles, ...tensors, ...zips, ...legacy, ...numpy])('%s', (name, make, message) => {
    const bytes = make()
    if (bytes.length < 1e6) target.attempt(bytes)
    if (message) expect(thrown(() => inspect(sourceOf('', bytes))).message).toMatch(message)
    const file = join(folder, name.replaceAll(/[ /]/g, '-'))
    writeFileSync(file, bytes)
    const { code, err, megabytes, seconds } = inspected(file)
    rmSync(file)
    expect(code).toBe(message ? 2 : 0)
    expect(err).toMatch(message ? /^downhill inspect: \P{Cc}+\n$/u : /^$/)
    expect(seconds).toBeLessThan(10)
    expect(megabytes - usual.megabytes).toBeLessThan(256)
  })
})

it('inspect does not read a large storage for one number', () => {
  const call = new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [
    new Persistent(new Tuple(['storage', new Name('torch', 'FloatStorage'), '0', 'cpu', 250_000])),
    ...[7, new Tuple([]), new Tuple([]), false, null],
  ])
  const source = sourceOf('', torchArchive(pickled({ step: call }), { 0: new Uint8Array(1_000_000) }))
  let read = 0
  const { tensors } = inspect({ size: source.size, at: (start, length) => source.at(start, (read += length) && length) })
  expect(tensors).toEqual([{ name: 'step', dtype: 'float32', shape: [], bytes: 4 }])
  expect(read).toBeLessThan(100_000)
})

it('read throws if many views of one storage would take far more memory than the file', () => {
  const storage = new Persistent(new Tuple(['storage', new Name('torch', 'ByteStorage'), '0', 'cpu', 4096]))
  const tensors = Array.from({ length: 300 }, (_, offset) => {
    return new Call(new Name('torch._utils', '_rebuild_tensor_v2'), [storage, offset, new Tuple([3000]), new Tuple([1]), false, null])
  })
  const bytes = torchArchive(pickled(tensors), { 0: new Uint8Array(4096) })
  expect(thrown(() => torchFile.read(bytes)).message).toMatch(/^the tensors of the file take more than 16 times its bytes$/)
})
