/** Cold starts: a process that imports a library, compiles it and takes one step of Adam, and an empty process. */
import { spawnSync } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { against, rowOf } from './rows.mjs'

const programs = { downhill: 'downhill.mjs', tensorflow: 'tensorflow.mjs', jax: 'jax.mjs', torch: 'pytorch.py' }

/** Returns milliseconds from a process's start to its end, and from import to step as the process reports them. */
function once(command, file) {
  const began = performance.now()
  const { status, stdout, stderr } = spawnSync(command, [fileURLToPath(new URL(`start/${file}`, import.meta.url))], { encoding: 'utf8' })
  const process = performance.now() - began
  if (status !== 0) throw new Error(stderr.trimEnd().split('\n').at(-1))
  return { process, inside: Number(stdout.trimEnd().split('\n').at(-1)) }
}

/** Returns the rows of cold starts, and { name: why it was excluded }. `contestants` are { name: { title, runtime, command } }. */
export function starts(contestants, rounds) {
  const sides = Object.keys(programs).filter((name) => contestants[name])
  const reasons = {}
  const least = {}
  const keep = (what, milliseconds) => (least[what] = Math.min(least[what] ?? Infinity, milliseconds))
  for (let round = 0; round < rounds; round++) {
    for (const name of sides.filter((name) => !reasons[name])) {
      const [command] = contestants[name].command
      const file = programs[name]
      try {
        keep(command, once(command, `empty${extname(file)}`).process)
        const { process, inside } = once(command, file)
        keep(`${name} process`, process)
        keep(`${name} inside`, inside)
      } catch ({ message }) {
        reasons[name] = message
      }
    }
  }
  const [ours, ...peers] = sides.filter((name) => !reasons[name])
  const rows = peers.flatMap((peer) => {
    const { title, runtime } = contestants[peer]
    const ran = against(contestants[ours].runtime, runtime)
    const more = (name) => (least[`${name} process`] - least[contestants[name].command[0]]) * 1e3
    const inside = (name) => least[`${name} inside`] * 1e3
    return [
      rowOf('start, a process less an empty one', title, more(ours), more(peer), ran),
      rowOf('start, from import to first step', title, inside(ours), inside(peer), ran),
    ]
  })
  return { rows, reasons }
}
