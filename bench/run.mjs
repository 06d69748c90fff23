/**
 * `npm run bench -- [step|gemm|train|start|threads …] [--json FILE] [--only REGEX] [--rounds N] [--threads N]`: benchmarks downhill and its
 * peers in one run.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contest } from './contest.mjs'
import { findChromium, inNode, inPython, titles } from './entrants.mjs'
import { install, versions } from './install.mjs'
import { compileLimits } from './limits/compile.mjs'
import { trainings, writeFiles } from './models.mjs'
import { noise, SECOND } from './numbers.mjs'
import { heading, isShort, rowsOf, shown } from './rows.mjs'
import { starts } from './start.mjs'
import { entrantsOf, measureThreads, threadWorks } from './threads.mjs'
import { works } from './works.mjs'

const KINDS = ['step', 'gemm', 'train', 'start', 'threads']
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: `${availableParallelism()}` },
  },
})
const unknown = positionals.find((kind) => !KINDS.includes(kind))
if (unknown) throw new Error(`bench: the kind must be one of ${KINDS.join(', ')}, got ${unknown}`)
const kinds = positionals.length ? positionals : KINDS
const rounds = Number(values.rounds)
if (!(rounds >= 1)) throw new Error(`bench: --rounds must be a number ≥ 1, got ${values.rounds}`)
const threads = Number(values.threads)
if (!(Number.isInteger(threads) && threads >= 1)) throw new Error(`bench: --threads must be an integer ≥ 1, got ${values.threads}`)
const only = new RegExp(values.only)
const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}dist/index.js`)) throw new Error('bench: dist is missing; run npm run build')

const pythonVersion = install()
mkdirSync(`${root}build/bench`, { recursive: true })
const limits = await compileLimits()
const contestants = {
  downhill: inNode('downhill', 'downhill.mjs'),
  relaxed: inNode('downhill, relaxed', 'downhill.mjs', '{ "relaxed": true }'),
  plain: inNode('plain JavaScript', 'plain.mjs'),
  tensorflow: inNode(titles.tensorflow, 'tensorflow.mjs'),
  jax: inNode(titles.jax, 'jax.mjs'),
  onnx: inNode(`onnxruntime-web ${versions['onnxruntime-web']}`, 'onnx.mjs'),
  limits: inNode('measured', 'limits.mjs', limits.strict, 'strict'),
  relaxedLimits: inNode('measured', 'limits.mjs', limits.relaxed, 'relaxed'),
}
if (pythonVersion) contestants.torch = inPython(titles.torch, pythonVersion)
const inChromium = findChromium()
const entrants = entrantsOf(threads, { pythonVersion, inChromium })
const stopAll = () => {
  for (const contestant of [contestants, entrants.native, entrants.page].flatMap(Object.values)) contestant.stop()
}
process.on('exit', stopAll)

const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`
const document = { date: new Date().toISOString(), machine, threads, rows: [], absent: [] }
console.log(`${document.date}, ${machine}`)
if (!pythonVersion) console.log("PYTORCH'S ROWS ARE MISSING: no Python 3 with the packages of bench/requirements.txt")

function save() {
  if (values.json) writeFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`)
}

/** Prints and stores rows, and the reasons of excluded contestants, each once. */
function report(work, unit, rows, reasons, sides = contestants) {
  for (const row of rows) console.log(shown(row, unit))
  document.rows.push(...rows)
  for (const [name, reason] of Object.entries(reasons)) {
    const peer = sides[name].title
    const isNew = document.absent.every((absence) => absence.peer !== peer || absence.reason !== reason)
    if (isNew) console.log(`  ${peer}: ${reason}`)
    document.absent.push({ work, peer, reason })
  }
  save()
}

/** Returns the positions of a product that every side reports, and the expected entries. */
function sampled({ m, k, n }) {
  const samples = Array.from({ length: 16 }, (_, i) => [(i * 7919) % m, (i * 104_729) % n])
  const entry = ([i, j]) => Array.from({ length: k }, (_, l) => noise(i * k + l) * noise(SECOND + l * n + j)).reduce((a, b) => a + b)
  return { samples, reference: samples.map(entry) }
}

/** --only also matches x for ×, which is hard to type. */
const isNamed = ({ name }) => only.test(name) || only.test(name.replaceAll('×', 'x'))
const isChosen = (work) => kinds.includes(work.kind) && isNamed(work)

let [kind, key] = []
for (const work of [...works, ...trainings].filter(isChosen)) {
  if (work.kind !== kind) console.log(`\n${heading(work.kind, work.unit.name)}`)
  if (work.key !== key) stopAll()
  ;({ kind, key } = work)
  if (kind === 'train') writeFiles(work)
  const { samples, reference } = kind === 'gemm' ? sampled(work) : {}
  const entrants = ['downhill', ...work.contestants].filter((name) => contestants[name]).map((name) => [name, contestants[name]])
  const { times, reasons } = await contest({ ...work, samples }, entrants, reference, rounds)
  report(work.name, work.unit, rowsOf(work, times, contestants), reasons)
}
stopAll()

if (kinds.includes('start')) {
  console.log(`\n${heading('start', 'ms')}`)
  const { rows, reasons } = starts(contestants, rounds)
  report('start', { of: (microseconds) => microseconds / 1e3 }, rows, reasons)
}

if (kinds.includes('threads')) {
  if (!inChromium) console.log("CHROMIUM'S ROWS ARE MISSING: tests/runtimes/install installs its driver")
  let kind
  const reportThreads = (work, rows, reasons, sides) => {
    if (work.kind !== kind) console.log(`\n${heading(`threads: ${work.kind}`, work.unit.name)}`)
    kind = work.kind
    report(`threads: ${work.name}`, work.unit, rows, reasons, sides)
  }
  const prepared = (work) => {
    if (work.kind === 'train') writeFiles(work)
    return work.kind === 'gemm' ? sampled(work) : {}
  }
  await measureThreads(threadWorks.filter(isNamed), threads, { entrants, rounds, prepared, report: reportThreads, stopAll })
}

const short = document.rows.filter(isShort)
console.log(`\n${document.rows.length} rows, ${short.length} below their goal`)
