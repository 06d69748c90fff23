/** workerd, the runtime of Cloudflare Workers, with the package's files as its modules. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished, start, within } from '../children.mjs'
import { entriesFor } from '../project.mjs'
import { installed } from '../tools.mjs'

export const workerdFile = () => installed('node_modules/.bin/workerd')

const kinds = { wasm: 'wasm', js: 'esModule', mjs: 'esModule', json: 'text', csv: 'text' }
export const embedded = (name) => `(name = "${name}", ${kinds[name.split('.').at(-1)]} = embed "${name}")`

const configuration = (modules) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules.join(',\n')}], compatibilityDate = "2025-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`

/** Returns the package's files as modules, and a one-line module for each entry of the exports map. */
function packageModules(folder) {
  const dist = 'node_modules/downhill/dist'
  const files = readdirSync(join(folder, dist), { recursive: true, encoding: 'utf8' })
  const modules = files.filter((name) => /\.(js|wasm)$/.test(name) && name !== 'cli.js').map((name) => embedded(`${dist}/${name}`))
  const entries = Object.entries(entriesFor(folder, 'workerd')).filter(([, file]) => file.endsWith('.js'))
  return [
    ...modules,
    ...entries.map(
      ([name, file]) => `(name = "${name}", esModule = "export * from './${'../'.repeat(name.split('/').length - 1)}${file}'")`,
    ),
  ]
}

/** Returns the port, which workerd writes to its control channel. */
function portOf({ child, output, exited }) {
  const told = new Promise((resolve) => {
    let text = ''
    child.stdio[3].setEncoding('utf8').on('data', (part) => {
      const line = (text += part).split('\n').find((entry) => entry.includes('"listen"'))
      if (line) resolve(JSON.parse(line).port)
    })
  })
  const ended = exited.then(() => Promise.reject(new Error(`workerd ended:\n${output.stderr}`)))
  return Promise.race([told, ended])
}

/** Starts workerd with a configuration. Returns its address once it listens, and its process. */
export async function serveWorker(folder, text) {
  writeFileSync(join(folder, 'config.capnp'), text)
  const server = start(workerdFile(), ['serve', '--control-fd=3', 'config.capnp'], { cwd: folder, stdio: ['pipe'] })
  try {
    return { address: `http://127.0.0.1:${await within(30_000, 'workerd', portOf(server))}`, ...server }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function answered(folder, text) {
  const { address, stop } = await serveWorker(folder, text)
  try {
    const response = await within(180_000, 'workerd', fetch(address))
    return await response.json()
  } finally {
    await stop()
  }
}

/** Returns a worker's answer to one request; the worker is the first of the files. */
export const answerOf = (folder, files) => answered(folder, configuration(files.map(embedded)))

export default [
  {
    name: 'workerd',
    threads: 'this runtime has no workers',
    find: workerdFile,
    async run({ folder }) {
      const own = [
        'worker.mjs',
        'program.mjs',
        'predictions.mjs',
        'resume.mjs',
        'threads.mjs',
        'entries.mjs',
        'given.json',
        'digits.csv',
      ].map(embedded)
      const found = await answered(folder, configuration([...own, ...packageModules(folder)]))
      const version = (await finished(workerdFile(), ['--version'])).trim().replace(/^workerd /, '')
      return { version, engine: 'V8', ...found }
    },
  },
]
