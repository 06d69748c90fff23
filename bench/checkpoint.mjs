/**
 * Times saving and loading a model of 10 million parameters with Adam's state, against a plain copy of the same bytes to and from a file:
 * milliseconds, interleaved in one run, the best of each. `node bench/checkpoint.mjs [FOLDER]`
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { open, readFile as readWhole } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFile, writeFile } from '../dist/fs.js'
import { Adam, Arena } from '../dist/index.js'
import { checkpoint } from '../dist/io.js'
import * as nn from '../dist/nn.js'

const ROUNDS = 7
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'downhill-bench-'))
const [file, plainFile] = [join(folder, 'checkpoint'), join(folder, 'plain')]

const arena = await Arena.create()
const model = new nn.Sequential(...Array.from({ length: 10 }, () => new nn.Linear(arena, 1000, 1000)))
const optimizer = new Adam(model.parameters())
for (const parameter of model.parameters()) parameter.grad = parameter.data
optimizer.step()
optimizer.zeroGrad()
const parts = { model, optimizer }

/** The checkpoint in one piece, the source and target of the plain copies. */
const whole = checkpoint.save(parts).slice()

async function plainSave() {
  const copy = new Uint8Array(whole.length)
  copy.set(whole)
  const handle = await open(plainFile, 'w')
  await handle.writeFile(copy)
  await handle.sync()
  await handle.close()
}

async function plainLoad() {
  whole.set(await readWhole(plainFile))
}

const save = () => writeFile(file, checkpoint.save(parts))
const load = async () => checkpoint.load(await readFile(file), parts)
const copy = () => new Uint8Array(whole.length).set(whole)

async function milliseconds(action) {
  const began = performance.now()
  await action()
  return performance.now() - began
}

/** Returns the best times of two actions over several interleaved rounds, after a warm-up round. */
async function best(ours, plain) {
  const times = []
  for (let round = 0; round <= ROUNDS; round++) times.push([await milliseconds(ours), await milliseconds(plain)])
  return [0, 1].map((i) => Math.min(...times.slice(1).map((pair) => pair[i])))
}

try {
  const size = (whole.length / 2 ** 20).toFixed(0)
  const count = [...model.parameters()].reduce((sum, parameter) => sum + parameter.size, 0)
  console.log(`${count} parameters with Adam's state: ${size} MB, best of ${ROUNDS}, Node ${process.versions.node}\n`)
  console.log('                   checkpoint    plain   ratio')
  const lines = [
    ['save, in memory', () => checkpoint.save(parts), copy],
    ['save, to a file', save, plainSave],
    ['load, from a file', load, plainLoad],
  ]
  for (const [name, ours, plain] of lines) {
    const [a, b] = await best(ours, plain)
    console.log(`${name.padEnd(18)} ${a.toFixed(0).padStart(7)} ms ${b.toFixed(0).padStart(5)} ms ${(a / b).toFixed(2).padStart(7)}`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
