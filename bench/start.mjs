/** Cold starts: a process that imports a library, compiles it and takes one step of Adam, beside a process that does nothing. */
import { spawnSync } from 'node:child_process'
import { extname } from 'node:path'
import { against, rowOf } from './rows.mjs'

const programmes = { downhill: 'downhill.mjs', tensorflow: 'tensorflow.mjs', jax: 'jax.mjs', torch: 'pytorch.py' }

/** Milliseconds from a process's start to its end, and those that it says it took from import to step. */
function once(command, file) {
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(command, [new URL(`start/${file}`, import.meta.url).pathname], { encoding: 'utf8' })
  const process = performance.now() - began
  if (status !== 0) throw new Error(stderr.trimEnd().split('\n').at(-1))
  return { process, inside: Number(stdout.trimEnd().split('\n').at(-1)) }
}

/** Rows of the cold starts, and { name: why it did not take part }. `contestants` are { name: { title, runtime, command } }. */
export function starts(contestants, rounds) {
  const sides = Object.keys(programmes).filter((name) => contestants[name])
  const reasons = {}
  const least = Object.fromEntries(sides.map((name) => [name, { process: Infinity, empty: Infinity, inside: Infinity }]))
  for (let round = 0; round < rounds; round++) {
    for (const name of sides.filter((name) => !reasons[name])) {
      const [command] = contestants[name].command
      const file = programmes[name]
      const keep = (what, milliseconds) => (least[name][what] = Math.min(least[name][what], milliseconds))
      try {
        keep('empty', once(command, `empty${extname(file)}`).process)
        const { process, inside } = once(command, file)
        keep('process', process)
        keep('inside', inside)
      } catch ({ message }) {
        reasons[name] = message
      }
    }
  }
  const [ours, ...peers] = sides.filter((name) => !reasons[name])
  const rows = peers.flatMap((peer) => {
    const { title, runtime } = contestants[peer]
    const ran = against(contestants[ours].runtime, runtime)
    const more = (name) => (least[name].process - least[name].empty) * 1e3
    return [
      rowOf('start, a process less an empty one', title, more(ours), more(peer), ran),
      rowOf('start, from import to first step', title, least[ours].inside * 1e3, least[peer].inside * 1e3, ran),
    ]
  })
  return { rows, reasons }
}
