/**
 * A contestant is a process, or a page of Chromium (chromium.mjs), that runs works on request. It reads lines of JSON and answers each with
 * one line:
 *
 *   { prepare: work }    { forms: { name: result to compare }, reason }; reason: why it lacks the work, or some form of it
 *   { run: form, turns } { seconds } of the turns alone
 *   { release: true }    {}
 */
const isPage = globalThis.document !== undefined

/** Returns the options of the contestant: the argument of its process, or the query of its page. */
export const readOptions = () => JSON.parse((isPage ? decodeURIComponent(location.search.slice(1)) : process.argv[2]) || '{}')

// The output of libraries must not mix with the answers.
console.log = console.info = console.warn = console.error

const AsyncFunction = (async () => {}).constructor

async function run(turn, turns) {
  const began = performance.now()
  if (turn instanceof AsyncFunction) for (let i = 0; i < turns; i++) await turn()
  else for (let i = 0; i < turns; i++) turn()
  return (performance.now() - began) / 1e3
}

/** Returns an error's message as one short line. */
export const shortened = (error) => `${error?.message ?? error}`.split('\n')[0].slice(0, 160)

/**
 * Answers requests. `kinds` has a function for each kind of work, which prepares it and returns
 * { forms: { name: { turn, result } }, reason?, release }. `turn` is timed.
 */
export async function serve(kinds) {
  let prepared
  const answers = {
    async prepare(work) {
      if (!kinds[work.kind]) throw new Error(`does not support ${work.kind}`)
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
  async function answer(line) {
    const request = JSON.parse(line)
    const [verb] = Object.keys(request)
    try {
      return JSON.stringify(await answers[verb](request[verb], request))
    } catch (error) {
      return JSON.stringify({ reason: shortened(error) })
    }
  }
  if (isPage) {
    globalThis.answer = answer
    return
  }
  const { createInterface } = await import('node:readline')
  for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${await answer(line)}\n`)
}

/** Returns the losses of the first and the last step of a training. `step(true)` returns the loss. */
export async function losses(steps, step) {
  const first = await step(true)
  for (let i = 2; i < steps; i++) await step(false)
  return [first, await step(true)]
}
