/**
 * `node bench/page.mjs FILE.json`: writes the tables of docs/performance.md, and its drawing, from the results of
 * `npm run bench -- --json FILE.json`. Parts that were not measured stay as they are.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { digits, ratio, share, table } from './cells.mjs'
import { trainings } from './models.mjs'
import { isShort } from './rows.mjs'
import { drawing } from './threads-drawing.mjs'
import { isOfThreads, tablesOfThreads } from './threads-tables.mjs'
import { works } from './works.mjs'

const { date, machine, threads, rows: all, absent: allAbsent } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const rows = all.filter(({ work }) => !isOfThreads(work))
const absent = allAbsent.filter(({ work }) => !isOfThreads(work))
const threadRows = all.filter(({ work }) => isOfThreads(work))
const units = new Map([...works, ...trainings].map(({ name, unit }) => [name, unit]))

/** Returns works of a kind in order: [name, our time in its unit, a function from the start of a peer's name to its row]. */
function of(kind, unitOf = (name) => units.get(name)) {
  const names = [...new Set(rows.filter(({ work }) => work.startsWith(kind)).map(({ work }) => work))]
  return names.map((name) => {
    const own = rows.filter(({ work }) => work === name)
    return [
      name.slice(kind.length).replace(/^[:, ]+/, ''),
      unitOf(name).of(own[0].ours),
      (peer) => own.find((row) => row.peer.startsWith(peer)),
    ]
  })
}

const withoutSuffix = (name) => units.get(name) ?? units.get(name.replace(/ (strict|relaxed)$/, ''))

function steps() {
  const head = ['step', 'parameters', 'ns a parameter', 'PyTorch', 'TensorFlow.js', 'plain JavaScript', 'of the sweep']
  const body = of('step').map(([name, time, against]) => {
    const [, optimizer, size] = name.match(/^(\D+?) (\d.*)$/)
    return [
      optimizer,
      size,
      digits(time),
      ...['PyTorch', 'TensorFlow', 'plain'].map((peer) => ratio(against(peer))),
      share(against('measured')),
    ]
  })
  return table(head, body)
}

function products() {
  const head = ['m × k × n', 'GFLOP/s', 'of the peak', 'TensorFlow.js', 'onnxruntime-web', 'jax-js', 'best of these', 'PyTorch']
  const body = of('gemm', withoutSuffix).map(([name, speed, against]) => [
    name,
    digits(speed),
    share(against('measured')),
    ...['TensorFlow', 'onnx', 'jax', 'best', 'PyTorch'].map((peer) => ratio(against(peer))),
  ])
  return table(head, body)
}

function training() {
  const head = ['training step', 'µs', 'PyTorch', 'TensorFlow.js', 'jax-js']
  const body = of('train', (name) => ({ of: (microseconds) => (name ? microseconds : 0) })).map(([name, time, against]) => [
    name,
    digits(time),
    ...['PyTorch', 'TensorFlow', 'jax'].map((peer) => ratio(against(peer))),
  ])
  return table(head, body)
}

function starts() {
  const head = ['start', 'ms', 'PyTorch', 'TensorFlow.js', 'jax-js']
  const body = of('start', () => ({ of: (microseconds) => microseconds / 1e3 })).map(([name, time, against]) => [
    name,
    digits(time),
    ...['PyTorch', 'TensorFlow', 'jax'].map((peer) => ratio(against(peer))),
  ])
  return table(head, body)
}

/** Returns a list of excluded peers, with one line per reason. */
function absences(absent) {
  const reasons = new Map()
  for (const { work, peer, reason } of absent) {
    const key = `${peer}: ${reason}`
    reasons.set(key, [...(reasons.get(key) ?? []), work])
  }
  return [...reasons].map(([why, which]) => `- ${why} (${which.slice(0, 3).join(', ')}${which.length > 3 ? ', …' : ''})`).join('\n')
}

const versionsOf = (rows) => {
  const names = rows.map(({ peer }) => peer.match(/^(PyTorch|TensorFlow\.js|jax-js|onnxruntime-web) [\d.]+/)?.[0])
  return [...new Set(names)].filter(Boolean)
}
const runOf = (rows) =>
  `${date.slice(0, 10)}, ${machine}, ${rows[0].runtime.split(',')[0]}, ${versionsOf(rows).join(', ')}; ${rows.length} rows, ${rows.filter(isShort).length} below their goal.`

const page = new URL('../docs/performance.md', import.meta.url)
const measured = (kind, make) => (rows.some(({ work }) => work.startsWith(kind)) ? make() : undefined)
const parts = {
  run: rows.length ? runOf(rows) : undefined,
  steps: measured('step', steps),
  products: measured('gemm', products),
  training: measured('train', training),
  starts: measured('start', starts),
  absences: rows.length ? absences(absent) : undefined,
  ...(threadRows.length && {
    threads: runOf(threadRows),
    ...tablesOfThreads(threadRows, threads),
    'threads absences': absences(allAbsent.filter(({ work }) => isOfThreads(work))),
  }),
}
const text = Object.entries(parts).reduce(
  (before, [name, part]) =>
    part === undefined
      ? before
      : before.replace(new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`), (_, start, end) => `${start}\n${part}\n${end}`),
  readFileSync(page, 'utf8'),
)
writeFileSync(page, text)
if (threadRows.length) writeFileSync(new URL('../docs/threads.svg', import.meta.url), drawing(threadRows, threads, machine))
