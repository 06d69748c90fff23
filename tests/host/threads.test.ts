import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { Arena } from '../../host/index.ts'
import * as job from '../../host/threads/job.ts'
import { crowded, productIn, worker } from './crowd.ts'
import { thrown } from './thrown.ts'

const folder = mkdtempSync(join(tmpdir(), 'downhill-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

const refusal = async (promise: Promise<unknown>) => {
  const { code, message } = (await promise.then(
    () => ({}),
    (error) => error,
  )) as { code?: string; message?: string }
  return `${code}: ${message}`
}

describe('the option threads', () => {
  const range = "option-range: Arena.create: threads must be 'auto' or an integer in [1, 64], got "

  it.each([
    [0, '0'],
    [1.5, '1.5'],
    [65, '65'],
    ['all', "'all'"],
    [Number.NaN, 'NaN'],
  ])('rejects %s', async (threads, shown) => {
    expect(await refusal(Arena.create({ threads: threads as number }))).toBe(range + shown)
  })

  it('cannot be combined with a module, nor with synchronous creation', async () => {
    const module = await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))
    expect(await refusal(Arena.create({ threads: 2, module }))).toMatch(
      /^option-range: Arena.create: threads and module cannot be combined, /,
    )
    expect(thrown(() => Arena.createSync({ threads: 2 }))).toMatchObject({
      code: 'option-range',
      message: 'Arena.createSync: threads must be 1; Arena.create starts workers, got 2',
    })
    expect(Arena.createSync({ threads: 1 }).threads).toBe(1)
  })

  it('is 1 by default, and the number of processors for auto', async () => {
    const given = [await Arena.create(), await Arena.create({ threads: 1 }), await crowded(3), await crowded('auto')]
    expect(given.map(({ threads }) => threads)).toEqual([1, 1, 3, os.availableParallelism()])
    expect(given.map(({ memory }) => memory instanceof SharedArrayBuffer)).toEqual([false, false, true, os.availableParallelism() > 1])
    for (const arena of given) arena.dispose()
  })
})

/** A worker that claims a part of the first job it sees, and then does something else. */
const faulty = (rest: string) => () =>
  new Worker(
    `const { parentPort } = require('node:worker_threads')
    parentPort.once('message', ({ memory, block }) => {
      const words = new Int32Array(memory.buffer, block, 192)
      parentPort.postMessage(null)
      for (let ticket; ; ) {
        ticket = Atomics.load(words, ${job.TICKET})
        const part = ticket & 255
        if (Atomics.load(words, ${job.EPOCH}) && part < words[${job.PARTS}] && Atomics.compareExchange(words, ${job.TICKET}, ticket, ticket + 1) === ticket) break
      }
      ${rest}
    })`,
    { eval: true },
  )

const LOST = (reason: string) =>
  `a thread of the arena was lost: ${reason}; its numbers may be incomplete; load a checkpoint into a new arena`

describe('a thread that is lost', () => {
  it('before a job makes every divided call throw', async () => {
    const workers: Worker[] = []
    const arena = await Arena.create({
      threads: 3,
      worker: () => {
        workers.push(worker())
        return workers.at(-1)!
      },
    })
    const product = productIn(arena)
    expect(product()).toBeTypeOf('number')
    await workers[1]!.terminate()
    for (let i = 0; i < 2; i++) expect(thrown(product)).toMatchObject({ code: 'thread-failed', message: LOST('it ended') })
    const ended = new Promise((resolve) => workers[0]!.once('exit', resolve))
    arena.dispose()
    await ended
  })

  it.each([
    ['hangs', 'Atomics.wait(words, 127, 0)'],
    ['computes forever', 'for (;;);'],
    ['ends', 'process.exit()'],
  ])('in the middle of a job throws, and so do later calls: it %s', async (_, rest) => {
    const arena = await Arena.create({ threads: 2, worker: faulty(rest) })
    const product = productIn(arena)
    // The caller may have taken all parts before the worker looks.
    let start = 0
    const failed = thrown(() => {
      for (;;) {
        start = performance.now()
        product()
      }
    })
    // 0.8 s on an idle machine.
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(failed).toMatchObject({ code: 'thread-failed', message: expect.stringMatching(/: it did not return within [\d.]+ s; /) })
    expect(thrown(product)).toEqual(failed)
    arena.dispose()
  })

  it('because its kernel trapped throws', async () => {
    const arena = await crowded(2)
    arena.crew!.divideFrom(1)
    const beyond = 2 ** 32 - 65_536
    expect(thrown(() => arena.kernels.float32.exp(40_000, beyond, beyond))).toMatchObject({
      code: 'thread-failed',
      message: LOST('its kernel trapped'),
    })
    arena.dispose()
  })
})

describe('a worker that cannot start', () => {
  it.each([
    ['throws', () => new Worker('throw new Error("broken")', { eval: true }), 'Error: broken'],
    ['has no file', () => new Worker(join(folder, 'missing.js')), "Error: Cannot find module '.*missing.js'"],
    ['ends', () => new Worker('', { eval: true }), 'it ended'],
  ])('makes Arena.create throw: it %s', async (_, create, reason) => {
    const pattern = `^runtime-unsupported: Arena.create: threads: a worker could not be started: ${reason}`
    expect(await refusal(Arena.create({ threads: 2, worker: create }))).toMatch(new RegExp(pattern))
  })

  it('leaves none of the others running', async () => {
    const exits: Promise<unknown>[] = []
    const create = () => {
      if (exits.length === 2) throw new Error('no more')
      const one = worker()
      exits.push(new Promise((resolve) => one.once('exit', resolve)))
      return one
    }
    expect(await refusal(Arena.create({ threads: 4, worker: create }))).toMatch(/could not be started: Error: no more$/)
    await Promise.all(exits)
  })
})

it('dispose ends the workers, and a second call has no effect', async () => {
  const exits: Promise<unknown>[] = []
  const create = () => {
    const one = worker()
    exits.push(new Promise((resolve) => one.once('exit', resolve)))
    return one
  }
  const arena = await Arena.create({ threads: 4, worker: create })
  productIn(arena)()
  arena.dispose()
  arena.dispose()
  expect(await Promise.all(exits)).toHaveLength(3)
  expect(thrown(() => arena.parameter([1]))).toMatchObject({ code: 'disposed' })
})

describe('a process with an idle crew', () => {
  const dist = JSON.stringify(new URL('../../dist/', import.meta.url))
  const program = (rest: string) => `
    const { Arena } = await import(${dist} + 'index.js')
    const nn = await import(${dist} + 'nn.js')
    const arena = await Arena.create({ threads: 3 })
    const w = arena.parameter([300, 300])
    arena.frame(() => nn.functional.matmul(w, w))
    ${rest}`
  const run = (rest: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program(rest)], { encoding: 'utf8', timeout: 50_000 })

  it('exits by itself', () => {
    const { status, stdout, stderr } = run('console.log(arena.threads)')
    expect([status, stdout, stderr]).toEqual([0, '3\n', ''])
  })

  it('takes no processor time', () => {
    const { stdout } = run(`
      const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
      await pause(1000)
      const before = process.cpuUsage()
      await pause(2000)
      const { user, system } = process.cpuUsage(before)
      console.log((user + system) / 1000)`)
    expect(Number(stdout)).toBeGreaterThan(0)
    expect(Number(stdout)).toBeLessThan(50)
  })
})
