/** `npm run bench -- [step|gemm|train|start …] [--json FILE] [--only REGEX] [--rounds N]`: benchmarks downhill and its peers in one run. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Contestant, contest } from './contest.mjs'
import { install, node, python, versions } from './install.mjs'
import { compileLimits } from './limits/compile.mjs'
import { trainings, writeFiles } from './models.mjs'
import { noise, SECOND } from './numbers.mjs'
import { heading, isShort, rowsOf, shown } from './rows.mjs'
import { starts } from './start.mjs'
import { works } from './works.mjs'

const KINDS = ['step', 'gemm', 'train', 'start']
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, only: { type: 'string', default: '' }, rounds: { type: 'string', default: '7' } },
})
const unknown = positionals.find((kind) => !KINDS.includes(kind))
if (unknown) throw new Error(`bench: the kind must be one of ${KINDS.join(', ')}, got ${unknown}`)
const kinds = positionals.length ? positionals : KINDS
const rounds = Number(values.rounds)
if (!(rounds >= 1)) throw new Error(`bench: --rounds must be a number ≥ 1, got ${values.rounds}`)
const only = new RegExp(values.only)
const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}dist/index.js`)) throw new Error('bench: dist is missing; run npm run build')

const pythonVersion = install()
mkdirSync(`${root}build/bench`, { recursive: true })
const limits = await compileLimits()
const script = (name) => fileURLToPath(new URL(`contestants/${name}`, import.meta.url))
const inNode = (title, name, ...args) => new Contestant(title, `Node ${versions.node24}`, node, script(name), ...args)
const contestants = {
  downhill: inNode('downhill', 'downhill.mjs'),
  relaxed: inNode('downhill, relaxed', 'downhill.mjs', '{ "relaxed": true }'),
  plain: inNode('plain JavaScript', 'plain.mjs'),
  tensorflow: inNode(`TensorFlow.js ${versions['@tensorflow/tfjs']} WASM`, 'tensorflow.mjs'),
  jax: inNode(`jax-js ${versions['@jax-js/jax']} WASM`, 'jax.mjs'),
  onnx: inNode(`onnxruntime-web ${versions['onnxruntime-web']}`, 'onnx.mjs'),
  limits: inNode('measured', 'limits.mjs', limits.strict, 'strict'),
  relaxedLimits: inNode('measured', 'limits.mjs', limits.relaxed, 'relaxed'),
}
if (pythonVersion) {
  contestants.torch = new Contestant(`PyTorch ${versions.torch}`, `Python ${pythonVersion}`, python, script('pytorch.py'))
}
const stopAll = () => {
  for (const contestant of Object.values(contestants)) contestant.stop()
}
process.on('exit', stopAll)

const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`
const document = { date: new Date().toISOString(), machine, rows: [], absent: [] }
console.log(`${document.date}, ${machine}`)
if (!pythonVersion) console.log("PYTORCH'S ROWS ARE MISSING: no Python 3 with the packages of bench/requirements.txt")

function save() {
  if (values.json) writeFileSync(values.json, `${JSON.stringify(document, null, 2)}\n`)
}

/** Prints and stores rows, and the reasons of excluded contestants, each once. */
function report(work, unit, rows, reasons) {
  for (const row of rows) console.log(shown(row, unit))
  document.rows.push(...rows)
  for (const [name, reason] of Object.entries(reasons)) {
    const peer = contestants[name].title
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
const isChosen = ({ name, kind }) => kinds.includes(kind) && (only.test(name) || only.test(name.replaceAll('×', 'x')))

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

const short = document.rows.filter(isShort)
console.log(`\n${document.rows.length} rows, ${short.length} below their goal`)
