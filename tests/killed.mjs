/**
 * Kills `downhill train --every 1` at random moments: node tests/killed.mjs [RUNS [SEED]]. Each run must leave either no checkpoint or a
 * complete one, and must resume from it to the same bytes as an uninterrupted run.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Generator } from '../dist/index.js'
import { checkpoint } from '../dist/io.js'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const begin = (file) => [cli, 'train', '--save', file, '--every', '1', '--epochs', '2', '--batch-size', '64', '--optimizer', 'NAdam']
const resume = (file) => [cli, 'train', '--resume', file, '--every', '7']

function finish(args) {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.slice(1).join(' ')} ended with ${status}: ${stderr}`)
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/**
 * Starts a run and kills it the given milliseconds after its start, or after its first checkpoint. Returns whether the kill came before its
 * end, and how long it took.
 */
async function start(file, { afterStart = Number.POSITIVE_INFINITY, afterSave = Number.POSITIVE_INFINITY } = {}) {
  const began = performance.now()
  const child = spawn(process.execPath, begin(file), { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))
  let [isRunning, saved] = [true, Number.POSITIVE_INFINITY]
  ended.then(() => (isRunning = false))
  while (isRunning) {
    const now = performance.now()
    if (saved > now && existsSync(file)) saved = now
    if (now - began >= afterStart || now - saved >= afterSave) child.kill('SIGKILL')
    await sleep(0.5)
  }
  return { isKilled: (await ended) === 'SIGKILL', untilSave: saved - began, afterSave: performance.now() - saved }
}

/**
 * Kills that many runs. Returns how many had saved before, how many finished before the kill, and the number of distinct steps of their
 * checkpoints.
 */
export async function killedRuns(runs, seed = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'downhill-killed-'))
  const random = new Generator(seed)
  try {
    const whole = join(folder, 'whole')
    const { untilSave, afterSave } = await start(whole)
    const wanted = readFileSync(whole)
    const told = { killed: 0, saved: 0, done: 0, steps: new Set() }
    for (let i = 0; told.killed < runs && i < 10 * runs; i++) {
      const file = join(folder, `run-${i}`)
      // One run in four is killed before its first checkpoint or while it is written.
      const when = i % 4 ? { afterSave: random.uniform() * 0.9 * afterSave } : { afterStart: random.uniform() * 1.2 * untilSave }
      const { isKilled } = await start(file, when)
      const isSaved = existsSync(file)
      told[isKilled ? 'killed' : 'done']++
      if (isKilled && isSaved) {
        told.saved++
        told.steps.add(checkpoint.read(readFileSync(file)).run.progress.step)
      }
      finish(isSaved ? resume(file) : begin(file))
      if (!readFileSync(file).equals(wanted)) throw new Error(`run ${i} ended in different bytes`)
      const left = readdirSync(folder).filter((name) => name.includes(`run-${i}.`))
      if (left.length) throw new Error(`run ${i} left ${left.join(', ')}`)
    }
    return { ...told, steps: told.steps.size }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [runs = 200, seed = 1] = process.argv.slice(2).map(Number)
  console.log(await killedRuns(runs, seed))
}
