/** The threads of the page in a browser: with the headers of a host that isolates it, and without. */
import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { headers } from '../../web/build.mjs'
import { root } from '../runtimes/project.mjs'
import { serve } from '../runtimes/serve.mjs'
import { drop, keepSaved, press, savedBy, textOf } from './acts.mjs'
import { needsOf, visit } from './visit.mjs'

/** Columns of the table: enough that a layer's products are worth dividing. */
const COLUMNS = 200

/** Returns a table with numbers, the last of which depends on the first two. */
function wideTable() {
  const names = [...Array.from({ length: COLUMNS }, (_, column) => `c${column}`), 'y']
  const rows = Array.from({ length: 600 }, (_, row) => {
    const cells = Array.from({ length: COLUMNS }, (_, column) => (row * (column + 7) * 31) % 101)
    return [...cells, cells[0] - 2 * cells[1]].join()
  })
  return `${names.join()}\n${rows.join('\n')}\n`
}

/** Counts the jobs of a worker: publishing one stores its number in the first word. Answers on a channel. */
const counting = `
let jobs = 0
const { store } = Atomics
Atomics.store = (words, at, value) => {
  if (at === 0) jobs++
  return store(words, at, value)
}
const channel = new BroadcastChannel('jobs')
channel.onmessage = () => channel.postMessage(jobs)
`

const jobsOf = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const channel = new BroadcastChannel('jobs')
        channel.onmessage = ({ data }) => resolve(data)
        channel.postMessage(null)
      }),
  )

/** Trains in a page that is served with headers. Returns the line on threads, the jobs that they computed, the processors, and the checkpoint. */
async function trained(browser, sent) {
  const folder = join(root, 'build/web')
  const worker = counting + readFileSync(join(folder, 'predict-worker.js'), 'utf8')
  const { address, close } = await serve(folder, { headers: sent, generated: { '/predict-worker.js': worker } })
  try {
    return await visit(
      browser,
      `${address}/index.html#/predict`,
      async (page) => {
        await page.waitForSelector('#table')
        await drop(page, '.choices form', 'wide.csv', wideTable())
        await page.waitForSelector('#target', { visible: true })
        await page.select('#target', 'y')
        await press(page, 'Train')
        const running = await textOf(page, '.running .hint', /thread/)
        const after = await textOf(page, '.outcome .hint ~ .hint', /thread/)
        assert.equal(running, after)
        const processors = await page.evaluate(() => navigator.hardwareConcurrency)
        return { text: after, jobs: await jobsOf(page), processors, ...(await savedBy(page, 'Save model')) }
      },
      keepSaved,
    )
  } finally {
    await close()
  }
}

async function compared(browser) {
  const { 'Content-Security-Policy': policy } = headers
  const isolated = await trained(browser, headers)
  const alone = await trained(browser, { 'Content-Security-Policy': policy })
  assert(isolated.processors > 1, 'this check needs two processors')
  assert.equal(isolated.text, `${isolated.processors} threads`)
  assert(isolated.jobs > 0, 'no job was divided')
  assert.equal(
    alone.text,
    '1 thread: the page is not cross-origin isolated; serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
  )
  assert.equal(alone.jobs, 0)
  assert(Buffer.from(isolated.bytes).equals(Buffer.from(alone.bytes)), 'the checkpoints differ')
  return `${isolated.text}, ${isolated.jobs} jobs`
}

export const checks = (_address, browser) => [
  {
    name: `${browser}, threads: an isolated page divides its work, another says what is missing, and both train the same model`,
    needs: needsOf(browser),
    run: () => compared(browser),
  },
]
