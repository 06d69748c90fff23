/**
 * `npm run bench -- threads [--threads N]`: how speed grows with threads, and ours against the peers with the same number of threads. Ours
 * and PyTorch run in Node and Python; ours, TensorFlow.js and jax-js in pages of Chromium, because Node gives the latter no workers.
 */
import { contest } from './contest.mjs'
import { inNode, inPython, titles } from './entrants.mjs'
import { miniLM, trainings } from './models.mjs'
import { against, rowOf } from './rows.mjs'
import { gemm, step } from './works.mjs'

const sizes = { '4K': 2 ** 12, '16K': 2 ** 14, '256K': 2 ** 18, '4M': 2 ** 22 }
const trained = /perceptron (64-32|784-512)|CNN|GPT/

export const threadWorks = [
  ...['AdamW', 'SGD'].flatMap((label) => Object.entries(sizes).map(([at, n]) => step(label, at, [[n]]))),
  ...[64, 128, 240, 480, 960].map((n) => gemm(`${n}×${n}×${n}`)),
  ...trainings.filter(({ name }) => trained.test(name)),
  miniLM,
]

/** Works that independent processes compute at the same time, to see what the machine has to give. */
const independent = /AdamW (256K|4M)|gemm (480|960)/
const isIndependent = ({ name }) => independent.test(name)

const plural = (n) => (n === 1 ? '1 thread' : `${n} threads`)
const title = (n, isRelaxed) => `downhill${isRelaxed ? ' relaxed' : ''}, ${plural(n)}`

/** Returns numbers of threads: powers of two below N, N itself, and two and four times N, which have no processor of their own. */
function countsOf(threads) {
  const counts = [1]
  while (counts.at(-1) * 2 < threads) counts.push(counts.at(-1) * 2)
  return [...new Set([...counts, threads, 2 * threads, 4 * threads])].filter((n) => n <= 64)
}

/** Returns entrants by name: those of Node and Python, and those of Chromium. */
export function entrantsOf(threads, { pythonVersion, inChromium }) {
  const native = {}
  for (const n of countsOf(threads)) native[`strict ${n}`] = inNode(title(n), 'downhill.mjs', JSON.stringify({ threads: n }))
  for (const n of new Set([1, threads]))
    native[`relaxed ${n}`] = inNode(title(n, true), 'downhill.mjs', JSON.stringify({ threads: n, relaxed: true }))
  if (pythonVersion)
    for (const n of new Set([1, threads]))
      native[`torch ${n}`] = inPython(`${titles.torch}, ${plural(n)}`, pythonVersion, JSON.stringify({ threads: n }))
  const page = {}
  if (inChromium) {
    for (const n of new Set([1, threads])) {
      page[`strict ${n}`] = inChromium(title(n), 'downhill.mjs', { threads: n })
      page[`relaxed ${n}`] = inChromium(title(n, true), 'downhill.mjs', { threads: n, relaxed: true })
    }
    page[`tensorflow ${threads}`] = inChromium(`${titles.tensorflow}, ${plural(threads)}`, 'tensorflow.mjs', { threads })
    page[`jax ${threads}`] = inChromium(`${titles.jax}, ${plural(threads)}`, 'jax.mjs', { threads })
  }
  return { native, page }
}

/** Whether an entrant takes part in a work. */
function takesPart({ kind, contestants }, name) {
  const [side] = name.split(' ')
  return side === 'strict' || (side === 'relaxed' ? kind === 'gemm' : contestants.includes(side))
}

const fastest = (forms) => Object.entries(forms).sort(([, a], [, b]) => a - b)[0]

/** Returns the rows of a work. `where` is the suffix of the number of threads. */
function rowsOf(work, times, entrants, threads, where) {
  const suffix = (side) => (work.kind === 'gemm' ? ` ${side}` : '')
  const rows = []
  const compare = (side, n, peer) => {
    const [own, theirs] = [`${side} ${n}`, times[peer]]
    if (!times[own] || !theirs || own === peer) return
    const [form, microseconds] = fastest(theirs)
    const name = `${plural(n)}${where}: ${work.name}${suffix(side)}`
    const runtime = against(entrants[own].runtime, entrants[peer].runtime)
    rows.push(rowOf(name, `${entrants[peer].title.replace(' relaxed', '')} ${form}`.trim(), fastest(times[own])[1], microseconds, runtime))
  }
  for (const side of ['strict', 'relaxed']) {
    const counts = Object.keys(times).flatMap((name) => (name.startsWith(`${side} `) ? [Number(name.split(' ')[1])] : []))
    for (const n of counts.sort((a, b) => a - b)) if (n > 1) compare(side, n, `${side} 1`)
    for (const n of counts) if (threads > 1 && n === 4 * threads) compare(side, n, `${side} ${threads}`)
    for (const peer of ['torch', 'tensorflow', 'jax']) for (const n of new Set([1, threads])) compare(side, n, `${peer} ${n}`)
  }
  return rows
}

/** Throws if threads changed bits. */
function requireSameBits({ name }, results) {
  for (const side of ['strict', 'relaxed']) {
    const all = Object.keys(results).filter((entrant) => entrant.startsWith(side))
    const differs = all.find((entrant) => JSON.stringify(results[entrant]) !== JSON.stringify(results[all[0]]))
    if (differs) throw new Error(`bench: ${name}: ${differs} and ${all[0]} computed different bits`)
  }
}

/**
 * Measures a work in one process alone, and in `count` processes at the same time.
 *
 * @returns microseconds per turn alone, and of `count` turns at the same time
 */
async function together(work, processes, rounds) {
  for (const process of processes) await process.ask({ prepare: work })
  const run = async (some, turns) => {
    const answers = await Promise.all(some.map((process) => process.ask({ run: '', turns })))
    return (Math.max(...answers.map(({ seconds }) => seconds)) / turns) * 1e6
  }
  const turns = Math.ceil(1e5 / (await run(processes, 3)))
  const [alone, all] = [[], []]
  for (let round = 0; round < rounds; round++) {
    alone.push(await run(processes.slice(0, 1), turns))
    all.push(await run(processes, turns))
  }
  for (const process of processes) process.stop()
  return { alone: Math.min(...alone), all: Math.min(...all) }
}

/** Returns the row of what the machine's processors have to give: N times the work in one time, which is no goal but the limit of all others. */
async function limitOf(work, threads, rounds) {
  const processes = Array.from({ length: threads }, () => inNode(title(1), 'downhill.mjs'))
  const { alone, all } = await together(work, processes, rounds)
  return rowOf(`${threads} processes: ${work.name}`, 'one process alone', all / threads, alone, processes[0].runtime)
}

/**
 * Measures works.
 *
 * @param prepared returns a work with its samples and reference
 * @param report is called with the works' rows
 */
export async function measureThreads(works, threads, { entrants, rounds, prepared, report, stopAll }) {
  let key
  for (const work of works) {
    if (work.key !== key) stopAll()
    key = work.key
    const { reference, ...rest } = prepared(work)
    for (const [group, where] of [
      [entrants.native, ''],
      [entrants.page, ', Chromium'],
    ]) {
      const sides = Object.entries(group).filter(([name]) => takesPart(work, name))
      const { times, results, reasons } = await contest({ ...work, ...rest }, sides, reference, rounds)
      requireSameBits(work, results)
      report(work, rowsOf(work, times, group, threads, where), reasons, group)
    }
    if (isIndependent(work)) report(work, [await limitOf({ ...work, ...rest }, threads, rounds)], {}, {})
  }
  stopAll()
}
