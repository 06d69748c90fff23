/** The edge worker example, bundled as wrangler does and run in workerd with storage on disk; tests send it requests. */
import assert from 'node:assert'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadTableModel } from 'downhill/tables'
import { build } from 'esbuild'
import { runChecks } from '../checks.mjs'
import { embedded, serveWorker, workerdFile } from './drivers/workerd.mjs'
import { csv, rows } from './predictions.mjs'
import { root, temporaryFolder, trainTable } from './project.mjs'

const folder = temporaryFolder('edge')
mkdirSync(join(folder, 'storage'))
await build({
  entryPoints: [join(root, 'examples/edge-worker/worker.js')],
  outdir: folder,
  bundle: true,
  format: 'esm',
  conditions: ['workerd'],
  external: ['cloudflare:*'],
  loader: { '.wasm': 'copy' },
  logLevel: 'error',
})
const modules = ['worker.js', ...readdirSync(folder).filter((name) => name.endsWith('.wasm'))]
const configuration = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .learner), (name = "disk", disk = (path = "storage", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const learner :Workerd.Worker = (
  modules = [${modules.map(embedded).join(', ')}],
  compatibilityDate = "2025-01-01",
  durableObjectNamespaces = [(className = "Learner", uniqueKey = "learner", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "LEARNER", durableObjectNamespace = "Learner")],
);
`

const lines = readFileSync(join(root, 'datasets/digits.csv'), 'utf8').trim().split('\n').slice(1)
const digits = lines.map((line) => line.split(',').map(Number)).map((row) => ({ pixels: row.slice(0, 64), label: row[64] }))
const [held, training] = [digits.filter((_, i) => i % 5 === 0), digits.filter((_, i) => i % 5 !== 0)]

let worker
async function ask(path, body) {
  const response = await fetch(worker.address + path, body ? { method: 'POST', body: JSON.stringify(body) } : {})
  return { status: response.status, ...(await response.json()) }
}

/** Returns the worker's status without its memory. */
async function learned() {
  const { bytes, ...status } = await ask('/')
  assert(bytes > 0)
  return status
}

async function accuracy() {
  const { labels } = await ask('/predict', { images: held.map(({ pixels }) => pixels) })
  return { labels, share: labels.filter((label, i) => label === held[i].label).length / held.length }
}

/** Returns the process's current and peak memory in MB. */
function memory() {
  const status = readFileSync(`/proc/${worker.child.pid}/status`, 'utf8')
  const [now, most] = ['VmRSS', 'VmHWM'].map((name) => Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) / 1024)
  return { now, most }
}

const restart = async () => {
  await worker?.stop()
  worker = await serveWorker(folder, configuration)
}

const needs = { workerd: workerdFile() }
const checks = [
  {
    name: 'an edge worker learns from posted examples: accuracy rises',
    needs,
    async run() {
      await restart()
      const shares = [(await accuracy()).share]
      for (let from = 0; from < training.length; from += 120) {
        const { trained, status } = await ask('/examples?ms=40', { examples: training.slice(from, from + 120) })
        assert.equal(status, 200)
        assert(trained.steps > 0)
        shares.push((await accuracy()).share)
      }
      // A busy machine takes fewer steps in the same time.
      while (shares.at(-1) < 0.95 && shares.length < 100) {
        await ask('/train?ms=40', {})
        shares.push((await accuracy()).share)
      }
      const [first, last] = [shares[0], shares.at(-1)]
      assert(first < 0.3 && last > 0.9, `accuracies ${shares}`)
      return `${(100 * first).toFixed(0)} % to ${(100 * last).toFixed(1)} % of held-out digits in ${shares.length - 1} requests of 40 ms`
    },
  },
  {
    name: 'training stops when its time is up, and the next request continues',
    needs,
    async run() {
      const before = await ask('/')
      const [short, long] = [await ask('/train?ms=5', {}), await ask('/train?ms=200', {})]
      assert(long.trained.steps > short.trained.steps, `${short.trained.steps} and ${long.trained.steps} steps`)
      assert(long.trained.milliseconds >= 200, `${long.trained.milliseconds} ms`)
      assert.equal(long.steps, before.steps + short.trained.steps + long.trained.steps)
      return `${short.trained.steps} steps in ${short.trained.milliseconds} ms, ${long.trained.steps} in ${long.trained.milliseconds} ms`
    },
  },
  {
    name: 'a restart loses nothing',
    needs,
    async run() {
      const [status, before] = [await learned(), await accuracy()]
      await restart()
      assert.deepEqual(await learned(), status)
      assert.deepEqual(await accuracy(), before)
      const { trained, steps } = await ask('/train?ms=20', {})
      assert.equal(steps, status.steps + trained.steps)
      return `${status.steps} steps and ${status.examples} examples restored`
    },
  },
  {
    name: 'a table model that Node trained predicts the same bits, also after a restart',
    needs,
    async run() {
      const bytes = trainTable(folder, join(root, 'dist/cli.js'), csv)
      const model = await loadTableModel(bytes)
      const put = await fetch(`${worker.address}/model`, { method: 'PUT', body: bytes })
      assert.deepEqual(await put.json(), { target: 'kind', columns: model.columns })
      const expected = {
        status: 200,
        target: 'kind',
        predictions: model.predict(rows),
        classes: model.classes,
        probabilities: model.probabilities(rows),
      }
      assert.deepEqual(await ask('/model/predict', { rows }), expected)
      await restart()
      assert.deepEqual(await ask('/model/predict', { rows }), expected)
      const damaged = await fetch(`${worker.address}/model`, { method: 'PUT', body: bytes.subarray(0, 1000) })
      assert.equal(damaged.status, 400)
      assert.match((await damaged.json()).error, /^this is not a safetensors file: /)
      assert.deepEqual(await ask('/model/predict', { rows }), expected)
      return `${rows.length} rows, ${bytes.length} bytes`
    },
  },
  {
    name: 'invalid requests fail with a clear error and change nothing',
    needs,
    async run() {
      const before = await ask('/')
      const wrong = [
        ['/examples', { examples: [{ pixels: [1, 2], label: 0 }] }, 'pixels must be 64 numbers in [0, 16]'],
        ['/examples', { examples: [{ ...training[0], label: 10 }] }, 'label must be an integer in [0, 9]'],
        ['/examples', {}, 'examples must be an array of 1 to 1000 examples'],
        ['/train?ms=-1', {}, 'ms must be a number in (0, 1000]'],
        ['/model/predict', { rows: [{}] }, 'the model needs the columns area, share, heating, garden, sold'],
        ['/nothing', {}, 'unknown route: POST /nothing'],
      ]
      for (const [path, body, error] of wrong) assert.deepEqual(await ask(path, body), { status: 400, error })
      assert.deepEqual(await ask('/'), before)
    },
  },
  {
    name: 'memory stays under 128 MB',
    needs,
    async run() {
      for (let i = 0; i < 20; i++) await ask('/train?ms=50', {})
      const { bytes } = await ask('/')
      const { now, most } = memory()
      assert(most < 128, `the process used ${most.toFixed(0)} MB`)
      return `process ${now.toFixed(0)} MB, peak ${most.toFixed(0)}; arena ${(bytes / 2 ** 20).toFixed(1)} MB`
    },
  },
]

try {
  await runChecks(checks)
} finally {
  await worker?.stop()
}
