/** Contestants, and interleaved measurements of a work by all of them. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Seconds of a slice, of the warm-up, of all rounds of a work (at least LEAST_ROUNDS rounds), and the timeout of an answer. */
const SLICE = 0.06
const WARM_UP = 0.2
const ENOUGH = 30
const LEAST_ROUNDS = 3
const PATIENCE = 600

/** After two rounds, forms slower than their contestant's fastest by this factor drop out. */
const HOPELESS = 1.5

/** A process with the protocol of contestants/serve.mjs. It starts at the first request. */
export class Contestant {
  #process
  #answers
  #stderr = ''

  /** `title` is the name in rows. Both it and `runtime` include a version. */
  constructor(title, runtime, ...command) {
    this.title = title
    this.runtime = runtime
    this.command = command
  }

  #start() {
    const [command, ...args] = this.command
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stdin.on('error', () => {})
    this.#process.stderr.on('data', (chunk) => (this.#stderr = (this.#stderr + chunk).slice(-2000)))
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async #answer() {
    let timer
    const timeout = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE * 1e3, { value: `{ "reason": "no answer in ${PATIENCE} s" }`, isLate: true })
    })
    const { value, isLate } = await Promise.race([this.#answers.next(), timeout])
    clearTimeout(timer)
    if (isLate) this.stop()
    if (value !== undefined) return JSON.parse(value)
    const last = this.#stderr.trimEnd().split('\n').at(-1)
    this.stop()
    return { reason: `ended: ${last}` }
  }

  async ask(request) {
    if (!this.#process) this.#start()
    this.#process.stdin.write(`${JSON.stringify(request)}\n`)
    return this.#answer()
  }

  stop() {
    // A signal that Chromium's driver receives, so that it closes its browser.
    this.#process?.kill('SIGTERM')
    this.#process = undefined
  }
}

const norm = (numbers) => Math.hypot(...numbers)

/** Returns the distance of two lists of numbers, relative to the second. */
const distance = (numbers, reference) => norm(numbers.map((number, i) => number - reference[i])) / norm(reference)

/** Largest distance of equal results. Muon's iteration is bfloat16 in torch; a training accumulates rounding over 30 steps. */
const TOLERANCE = { step: 0.05, gemm: 1e-3, train: 0.01 }

/** Returns why a form's result is wrong; undefined if it is right. */
function objection({ kind, differs }, name, result, reference) {
  if (result === null || !reference) return undefined
  if (differs?.includes(name)) return norm(result) > 0 ? undefined : 'changes nothing'
  if (kind === 'train' && !(result[1] < result[0])) return `does not reduce the loss: ${result}`
  const apart = distance(result, reference)
  return apart <= TOLERANCE[kind] ? undefined : `has a wrong result: relative distance ${apart.toExponential(1)}`
}

/** Returns the number of turns in a slice. */
const sliceOf = (seconds) => Math.max(1, Math.round(SLICE / seconds))

/** Runs a form until it is warm. Returns the number of turns in a slice. */
async function warmUp(run) {
  let [turns, spent, each] = [1, 0, 0]
  for (let runs = 0; spent < WARM_UP || (runs < 3 && each < WARM_UP); runs++) {
    const seconds = await run(turns)
    spent += seconds
    each = seconds / turns
    turns = Math.min(10 * turns, sliceOf(each))
  }
  return turns
}

/**
 * Measures a work by all contestants, round by round, and keeps each form's least time.
 * `contestants` are [name, Contestant]; `reference` is the expected result, by default that of the first contestant.
 *
 * @returns { times: { name: { form: microseconds per turn } }, results: { name: { form: result } }, reasons: { name: why it was excluded } }
 */
export async function contest(work, contestants, reference, rounds) {
  const [times, results, reasons, entries] = [{}, {}, {}, []]
  let expected = reference
  for (const [name, contestant] of contestants) {
    const { forms = {}, reason } = await contestant.ask({ prepare: work })
    expected ??= Object.values(forms)[0]
    results[name] = forms
    for (const [form, result] of Object.entries(forms)) {
      const why = objection(work, name, result, expected)
      if (why) reasons[name] = `${form} ${why}`.trim()
      else entries.push({ name, form, run: runOf(contestant, form) })
    }
    if (reason) reasons[name] = reason
  }
  for (const entry of entries) await attempt(entry, async () => (entry.turns = await warmUp(entry.run)))
  const began = performance.now()
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() - began > ENOUGH * 1e3) break
    for (const entry of entries.filter((entry) => !entry.isOut)) {
      await attempt(entry, async () => {
        const each = (await entry.run(entry.turns)) / entry.turns
        entry.turns = sliceOf(each)
        const forms = (times[entry.name] ??= {})
        forms[entry.form] = Math.min(forms[entry.form] ?? Infinity, each * 1e6)
      })
    }
    // Alternates the order, so that no form always follows the same one.
    entries.reverse()
    if (round === 1) for (const entry of entries) entry.isOut ||= isHopeless(times[entry.name], entry.form)
  }
  for (const [, contestant] of contestants) await contestant.ask({ release: true })
  return { times, results, reasons }

  async function attempt(entry, action) {
    try {
      await action()
    } catch (reason) {
      entry.isOut = true
      reasons[entry.name] ??= reason
    }
  }
}

const isHopeless = (forms, form) => forms[form] > HOPELESS * Math.min(...Object.values(forms))

function runOf(contestant, form) {
  return async (turns) => {
    const { seconds, reason } = await contestant.ask({ run: form, turns })
    if (reason) throw reason
    return seconds
  }
}
