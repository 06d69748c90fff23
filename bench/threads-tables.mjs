/** Tables of docs/performance.md on threads. */
import { digits, ratio, table } from './cells.mjs'
import { threadWorks } from './threads.mjs'

/** Whether a row is of `npm run bench -- threads`. */
export const isOfThreads = (work) => /^(threads|\d+ (threads?|processes)( |,|:))/.test(work)

const SIDED = / (strict|relaxed)$/
const units = new Map(threadWorks.map(({ name, unit }) => [name, unit]))
const unitOf = (name) => units.get(name) ?? units.get(name.replace(SIDED, ''))
const shown = (name, microseconds) => {
  const { name: unit, of } = unitOf(name)
  return unit === 'µs' && microseconds >= 1e5 ? `${digits(microseconds / 1e3)} ms` : `${digits(of(microseconds))} ${unit}`
}

/** Returns the names of the rows' works, without the number of threads, and a function that finds a row. */
export function rowsBy(rows, where = '') {
  const pattern = new RegExp(`^(\\d+) threads?${where}: (.*)$`)
  const parsed = rows.flatMap((row) => {
    const [, n, name] = pattern.exec(row.work) ?? []
    return name ? [{ n: Number(n), name, row }] : []
  })
  const names = [...new Set(parsed.map(({ name }) => name))]
  const find = (name, n, peer) => parsed.find((one) => one.name === name && one.n === n && one.row.peer.startsWith(peer))?.row
  const counts = [...new Set(parsed.map(({ n }) => n))].sort((a, b) => a - b)
  return { names, counts, find }
}

export const ONE = 'downhill, 1 thread'

function growth(rows, threads) {
  const { names, counts, find } = rowsBy(rows)
  const more = counts.filter((n) => n > 1)
  const head = [
    ...['work', '1 thread', ...more.map((n) => `${n} threads`), `${more.at(-1)} against ${threads}`],
    ...['PyTorch, 1 each', `PyTorch, ${threads} each`],
  ]
  const body = names.map((name) => [
    name,
    shown(name, find(name, more[0], ONE).theirs),
    ...more.map((n) => ratio(find(name, n, ONE))),
    ratio(find(name, more.at(-1), `downhill, ${threads} threads`)),
    ratio(find(name, 1, 'PyTorch')),
    ratio(find(name, threads, 'PyTorch')),
  ])
  return table(head, body)
}

function inChromium(rows, threads) {
  const { names, find } = rowsBy(rows, ', Chromium')
  const head = ['work', `${threads} threads`, 'against 1 thread', `TensorFlow.js, ${threads} each`, `jax-js, ${threads} each`]
  const body = names.map((name) => {
    const { ours } = find(name, threads, '')
    return [
      name,
      shown(name, ours),
      ratio(find(name, threads, ONE)),
      ratio(find(name, threads, 'TensorFlow')),
      ratio(find(name, threads, 'jax')),
    ]
  })
  return table(head, body)
}

/** What independent processes gain. */
function limits(rows, threads) {
  const own = rows.filter(({ work }) => work.includes('processes: '))
  const gains = own.map(({ work, ratio }) => `${work.split(': ')[1]} ${digits(ratio)}×`)
  return `${threads} processes at the same time did this many times the work of one alone: ${gains.join(', ')}.`
}

export function tablesOfThreads(rows, threads) {
  return { growth: growth(rows, threads), chromium: inChromium(rows, threads), 'machine limits': limits(rows, threads) }
}
