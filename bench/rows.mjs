/** Converts times to rows { work, peer, ours, theirs, ratio, goal, runtime }, in microseconds per turn, and formats rows. */
import { goalOf } from './goals.mjs'

/** Our contestants for each kind of work, and their suffix in a row. */
const ours = {
  step: { downhill: '' },
  gemm: { downhill: ' strict', relaxed: ' relaxed' },
  train: { downhill: '', relaxed: ' relaxed' },
}

/** The limits that each of our contestants is compared with. */
const limitOf = { downhill: 'limits', relaxed: 'relaxedLimits' }
const limits = Object.values(limitOf)

const inWasm = ['tensorflow', 'onnx', 'jax']

/** Returns the runtimes of both sides. */
export const against = (own, theirs) => (own === theirs ? own : `${own}, theirs ${theirs}`)

export function rowOf(work, peer, ours, theirs, runtime) {
  return { work, peer, ours, theirs, ratio: theirs / ours, goal: goalOf(work, peer), runtime }
}

/** Returns the rows of a work. `times` is { name: { form: microseconds } }, `contestants` is { name: { title, runtime } }. */
export function rowsOf(work, times, contestants) {
  const rows = []
  for (const [side, suffix] of Object.entries(ours[work.kind])) {
    if (!times[side]) continue
    const peers = work.contestants.filter(
      (name) => times[name] && !(name in ours[work.kind]) && (!limits.includes(name) || name === limitOf[side]),
    )
    const fastest = peers.map((name) => {
      const [[form, microseconds]] = Object.entries(times[name]).sort(([, a], [, b]) => a - b)
      const { title, runtime } = contestants[name]
      return { name, title: `${title} ${form}`.trim(), microseconds, runtime }
    })
    const add = ({ title, microseconds, runtime }) => {
      const ran = against(contestants[side].runtime, runtime)
      rows.push(rowOf(`${work.name}${suffix}`, title, times[side][''], microseconds, ran))
    }
    fastest.forEach(add)
    const [best] = fastest.filter(({ name }) => inWasm.includes(name)).sort((a, b) => a.microseconds - b.microseconds)
    if (work.kind === 'gemm' && best) add({ ...best, title: `best in WASM: ${best.title}` })
  }
  return rows
}

export const isShort = ({ ratio, goal }) => goal !== null && ratio < goal

/** Formats a number with about three digits. */
const short = (x) => (x === null ? '' : x >= 100 ? Math.round(x).toLocaleString('en') : x.toPrecision(3))

const line = (work, peer, ...cells) => [work.padEnd(58), peer.padEnd(46), ...cells.map((cell) => cell.padStart(9))].join(' ').trimEnd()

export const heading = (kind, unit) => line(kind, unit, 'ours', 'theirs', 'ratio', 'goal')

export function shown(row, { of }) {
  return line(
    row.work,
    row.peer,
    short(of(row.ours)),
    short(of(row.theirs)),
    short(row.ratio),
    short(row.goal),
    isShort(row) ? 'below' : '',
  )
}
