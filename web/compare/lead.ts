/** The worker that runs a comparison: it reads tables, plans, distributes runs to other workers, stores them, and creates the report. */

import { CONDITION, HIDDEN, type ProblemSpec } from '../../host/compare/bundled.ts'
import type { Problem } from '../../host/compare/problem.ts'
import { checkSettings, compare, type Progress, protocolOf, type Settings } from '../../host/compare/protocol.ts'
import { type Asked, checkSame, differenceOf, Kept, parseReceipt } from '../../host/compare/receipt.ts'
import type { Report, Source } from '../../host/compare/report.ts'
import { shownMetric } from '../../host/compare/shown.ts'
import { Arena } from '../../host/memory/arena.ts'
import { planSentence } from '../../host/report/plan.ts'
import { bytesOf, factsOf, type OwnTable, tableOf } from '../table.ts'
import { finished, weights } from './finished.ts'
import { Live } from './live.ts'
import type { Ask, Choice, Summary, Tell } from './messages.ts'
import { Cancelled, startThreads, type Threads } from './pool.ts'
import { runtimeName } from './runtime.ts'
import { commandOf, problemOf, settingsOf, specOf } from './source.ts'
import * as store from './store.ts'

/** A comparison to run, with its stored runs. */
interface Order {
  readonly spec: ProblemSpec
  readonly source: Source
  readonly problem: Problem
  readonly settings: Settings
  readonly command: string
  readonly kept: Kept
  readonly note?: string | undefined
  /** The receipt to replay. */
  readonly replay?: { readonly file: string; readonly report: Report } | undefined
}

/** Milliseconds between progress messages, and between checks for runs to store. */
const TELL_EVERY = 300
const KEEP_EVERY = 2000

const threads = Math.max(1, Math.min(navigator.hardwareConcurrency || 2, 8))
const arena = Arena.create()
let table: OwnTable | undefined
/** A receipt that waits for its table. */
let waiting: { readonly asked: Asked; readonly file: string } | undefined
let order: Order | undefined
let report: Report | undefined
let running: Threads | undefined

function tell(message: Tell): void {
  postMessage(message)
}

async function read(file: File): Promise<void> {
  const read = await tableOf(file)
  if (waiting) {
    const { asked, file: receipt } = waiting
    checkSame(asked, read.sha256, file.name, receipt)
    table = read
    waiting = undefined
    return replay(asked, receipt)
  }
  const facts = await factsOf(read)
  table = read
  tell({ tell: 'table', ...facts })
}

async function start(choice: Choice): Promise<void> {
  const { condition, ...rest } = choice.source as { condition?: number }
  const source = { ...rest, ...(condition !== undefined && condition !== CONDITION && { condition }) } as Source
  const hidden = choice.asked.hidden ?? HIDDEN
  const spec = await specOf(source, { hidden }, table)
  const problem = await problemOf(spec)
  const { settings, note } = settingsOf(choice, problem, await arena, threads)
  checkSettings(settings)
  order = { spec, source, problem, settings, command: commandOf(source, settings, problem, { hidden }), kept: new Kept([]), note }
  await run(order)
}

/** Returns the settings of a receipt, once its table is known. */
async function orderOf(asked: Asked): Promise<Order> {
  const { source, hidden, dropout, settings, command, runs } = asked
  checkSettings(settings)
  const spec = await specOf(source, { hidden, dropout }, table)
  return { spec, source, problem: await problemOf(spec), settings, command, kept: new Kept(runs) }
}

async function replay(asked: Asked, file: string): Promise<void> {
  const { source } = asked
  if ('data' in source && table?.sha256 !== asked.sha256) {
    waiting = { asked, file }
    tell({ tell: 'wanted', table: source.data, receipt: file })
    return
  }
  order = { ...(await orderOf(asked)), replay: asked.report && { file, report: asked.report } }
  checkSame(asked, order.spec.sha256, order.spec.name, file)
  await run(order)
}

async function goOn(): Promise<void> {
  if (!order) {
    const found = await store.kept()
    if (!found) throw new Error('The stored comparison is gone: this browser has cleared its storage.')
    const asked = parseReceipt(found.unfinished, 'the stored comparison')
    if ('data' in asked.source) {
      table = { name: asked.source.data, text: found.table ?? '', notes: [], sha256: asked.sha256 }
    }
    order = await orderOf(asked)
  }
  await run(order)
}

/** Stores completed runs, until a write fails. */
class Keeper {
  #isAble = true
  #release = () => {}
  #written = 0
  #under: Promise<void> = Promise.resolve()
  readonly #order: Order
  readonly #about: Pick<Report, 'format' | 'version' | 'runtime' | 'command'>

  constructor(order: Order, about: Pick<Report, 'format' | 'version' | 'runtime' | 'command'>) {
    this.#order = order
    this.#about = about
  }

  /** Only one page at a time stores a comparison, because others would overwrite it. */
  async begin(): Promise<boolean> {
    const { text } = this.#order.spec
    this.#isAble = await new Promise<boolean>((resolve) => {
      const options = { ifAvailable: true }
      const held = navigator.locks.request('downhill-compare', options, (lock) => {
        resolve(lock !== null)
        return lock && new Promise<void>((release) => (this.#release = release))
      })
      held.catch(() => resolve(true))
    })
    if (!this.#isAble) return false
    try {
      if ('data' in this.#order.source && text !== undefined) await store.keepTable(text)
      else await navigator.storage.getDirectory()
    } catch {
      this.#isAble = false
    }
    return this.#isAble
  }

  /** Writes new runs, one write after another. */
  keep(summary: Summary): Promise<void> {
    const { kept, problem, source, settings, replay } = this.#order
    this.#under = this.#under.then(async () => {
      if (!this.#isAble || replay || kept.size === this.#written) return
      this.#written = kept.size
      try {
        await store.keep({ unfinished: JSON.stringify(kept.unfinished(this.#about, problem, source, settings)), summary })
      } catch {
        this.#isAble = false
      }
    })
    return this.#under
  }

  /** Writes the remaining runs, or drops them. */
  async end(summary: Summary | undefined): Promise<void> {
    if (summary) await this.keep(summary)
    else await this.#under
    if (!summary && this.#isAble) await store.forget()
    this.#release()
  }
}

async function run(now: Order): Promise<void> {
  const { spec, source, problem, settings, command, kept, note } = now
  const about = { format: 1 as const, version: VERSION, runtime: runtimeName(navigator.userAgent), command }
  const live = new Live(problem, settings)
  const keeper = new Keeper(now, about)
  const isKept = await keeper.begin()
  const name = problem.facts.name
  const notes = [...problem.notes, ...(note ? [note] : [])]
  tell({ tell: 'plan', title: name, text: planSentence(protocolOf(problem, settings), threads), notes, isKept })
  const known = kept.size
  let state: Progress = { done: 0, total: 0 }
  let busy = 0
  let last = performance.now()
  const summary = () => ({ title: name, done: state.done, total: state.total })
  const mine = startThreads(spec, threads, (ports) => postMessage({ tell: 'threads', ports } satisfies Tell, { transfer: [...ports] }))
  running = mine
  const tellProgress = () => {
    const at = performance.now()
    if (!mine.pool.isPaused) busy += at - last
    last = at
    const fresh = kept.size - known
    const left = fresh >= threads ? (busy / 1000 / fresh) * (state.total - state.done) : undefined
    const leader = state.leader && `${state.leader.label}, ${shownMetric(problem.metric, state.leader.value)}`
    tell({ tell: 'progress', ...summary(), left, leader, lines: live.lines(), plot: live.plot() })
  }
  const telling = setInterval(tellProgress, TELL_EVERY)
  const keeping = setInterval(() => void keeper.keep(summary()), KEEP_EVERY)
  try {
    const execute = kept.around((task) => mine.pool.execute(task))
    const outcome = await compare(
      await arena,
      problem,
      settings,
      async (task) => {
        const done = await execute(task)
        live.add(task, done)
        return done
      },
      (progress) => (state = progress),
    )
    // Like a parsed receipt, which has no undefined options.
    report = JSON.parse(JSON.stringify({ ...about, ...outcome, problem: { ...problem.facts, source } })) as Report
    const { replay } = now
    tellProgress()
    clearInterval(keeping)
    // First, because a page that shows the result may be closed at once.
    await keeper.end(replay ? summary() : undefined)
    tell({
      tell: 'finished',
      ...finished(report),
      ...(replay && { replayed: { file: replay.file, difference: differenceOf(replay.report, report) } }),
    })
  } catch (error) {
    clearInterval(keeping)
    await keeper.end(summary())
    tell({ tell: 'stopped', ...summary(), done: kept.size })
    if (!(error instanceof Cancelled)) throw error
  } finally {
    clearInterval(telling)
    clearInterval(keeping)
    mine.stop(new Cancelled())
    running = undefined
  }
}

async function sendWeights(kind: 'safetensors' | 'pt'): Promise<void> {
  const { problem, settings } = order!
  // One run, which all processors can share.
  const arena = await Arena.create({ threads: 'auto' })
  try {
    const bytes = weights(arena, problem, report!, settings.epochs, kind)
    tell({ tell: 'weights', name: `${report!.recommendation!.optimizer}.${kind}`, bytes })
  } finally {
    arena.dispose()
  }
}

async function answer(message: Ask): Promise<void> {
  if (!isSecureContext) throw new Error('Checksums need https: or this machine (localhost); open the page there.')
  if (message.ask === 'read') return read(message.file)
  if (message.ask === 'weights') return sendWeights(message.kind)
  if (message.ask === 'cancel') return running?.stop(new Cancelled())
  if (message.ask === 'threadFailed') return running?.stop(new Error(message.message))
  if (message.ask === 'pause' || message.ask === 'resume') {
    if (running) running.pool.isPaused = message.ask === 'pause'
    return
  }
  waiting = undefined
  if (message.ask === 'start') return start(message.choice)
  if (message.ask === 'goOn') return goOn()
  if (message.ask === 'replay')
    return replay(parseReceipt(new TextDecoder().decode(await bytesOf(message.file)), message.file.name), message.file.name)
  order = undefined
  return store.forget()
}

addEventListener('message', ({ data }: MessageEvent<Ask>) => {
  answer(data).catch((error: unknown) => tell({ tell: 'failed', message: error instanceof Error ? error.message : String(error) }))
})
