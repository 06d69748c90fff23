/**
 * A contestant is a process that does works when told to. It reads lines of JSON and answers each with one:
 *
 *   { prepare: work }    { forms: { name: what it computed, to be compared }, reason } why it cannot do the work, or not in some form
 *   { run: form, turns } { seconds }, of the turns alone
 *   { release: true }    {}
 */
import { createInterface } from 'node:readline'

const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
// What libraries say is not for the coordinator to read.
console.log = console.info = console.warn = console.error

const AsyncFunction = (async () => {}).constructor

async function run(turn, turns) {
  const began = performance.now()
  if (turn instanceof AsyncFunction) for (let i = 0; i < turns; i++) await turn()
  else for (let i = 0; i < turns; i++) turn()
  return (performance.now() - began) / 1e3
}

/** A reason in one short line. */
export const shortened = (error) => `${error?.message ?? error}`.split('\n')[0].slice(0, 160)

/**
 * `kinds`: for each kind of work a function that prepares it and gives { forms: { name: { turn, result } }, reason?, release }: `turn` is
 * what is timed.
 */
export async function serve(kinds) {
  let prepared
  const answers = {
    async prepare(work) {
      if (!kinds[work.kind]) throw new Error(`does no ${work.kind}`)
      prepared = await kinds[work.kind](work)
      const forms = Object.fromEntries(Object.entries(prepared.forms).map(([name, { result }]) => [name, result]))
      return { forms, reason: prepared.reason }
    },
    run: async (form, { turns }) => ({ seconds: await run(prepared.forms[form].turn, turns) }),
    async release() {
      await prepared?.release()
      prepared = undefined
      return {}
    },
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    const [verb] = Object.keys(request)
    try {
      answer(await answers[verb](request[verb], request))
    } catch (error) {
      answer({ reason: shortened(error) })
    }
  }
}

/** Losses of the first and the last of the steps of a training, which `step(true)` gives. */
export async function losses(steps, step) {
  const first = await step(true)
  for (let i = 2; i < steps; i++) await step(false)
  return [first, await step(true)]
}
