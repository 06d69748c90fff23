/** `node bench/page.mjs FILE.json`: writes the tables of docs/performance.md from the results of `npm run bench -- --json FILE.json`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { trainings } from './models.mjs'
import { isShort } from './rows.mjs'
import { works } from './works.mjs'

const { date, machine, rows, absent } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const units = new Map([...works, ...trainings].map(({ name, unit }) => [name, unit]))

const digits = (x) => (x >= 100 ? Math.round(x).toLocaleString('en') : x.toPrecision(3))

/** Formats a ratio, with its goal if it is below. */
const ratio = (row) => (row ? `${digits(row.ratio)}×${isShort(row) ? ` (goal ${row.goal})` : ''}` : '')
/** Formats a ratio to a limit as a percentage, with its goal if it is below. */
const share = (row) => (row ? `${Math.round(100 * row.ratio)} %${isShort(row) ? ` (goal ${100 * row.goal} %)` : ''}` : '')

function table(head, body) {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => [...cells[column]].length)))
  const line = (cells) => `| ${cells.map((cell, i) => cell + ' '.repeat(widths[i] - [...cell].length)).join(' | ')} |`
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n')
}

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
function absences() {
  const reasons = new Map()
  for (const { work, peer, reason } of absent) {
    const key = `${peer}: ${reason}`
    reasons.set(key, [...(reasons.get(key) ?? []), work])
  }
  return [...reasons].map(([why, which]) => `- ${why} (${which.slice(0, 3).join(', ')}${which.length > 3 ? ', …' : ''})`).join('\n')
}

const versions = [...new Set(rows.map(({ peer }) => peer.match(/^(PyTorch|TensorFlow\.js|jax-js|onnxruntime-web) [\d.]+/)?.[0]))].filter(
  Boolean,
)
const run = `${date.slice(0, 10)}, ${machine}, ${rows[0].runtime.split(',')[0]}, ${versions.join(', ')}; ${rows.length} rows, ${rows.filter(isShort).length} below their goal.`

const page = new URL('../docs/performance.md', import.meta.url)
const parts = { run, steps: steps(), products: products(), training: training(), starts: starts(), absences: absences() }
const text = Object.entries(parts).reduce(
  (before, [name, part]) =>
    before.replace(new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(\\n<!-- end -->)`), (_, start, end) => `${start}\n${part}\n${end}`),
  readFileSync(page, 'utf8'),
)
writeFileSync(page, text)
