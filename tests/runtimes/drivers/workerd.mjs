/** workerd, the runtime of Cloudflare's workers, with the package's files as its modules. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished, start, within } from '../children.mjs'
import { entriesFor } from '../project.mjs'
import { installed } from '../tools.mjs'

const find = () => installed('node_modules/.bin/workerd')

function configuration(folder) {
  const dist = 'node_modules/downhill/dist'
  const files = readdirSync(join(folder, dist), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(js|wasm)$/.test(name) && name !== 'cli.js')
    .map((name) => `${dist}/${name}`)
  const kinds = { wasm: 'wasm', js: 'esModule', mjs: 'esModule', json: 'text', csv: 'text' }
  const module = (name) => `(name = "${name}", ${kinds[name.split('.').at(-1)]} = embed "${name}")`
  const modules = ['worker.mjs', 'programme.mjs', 'cases.json', 'digits.csv', ...files].map(module)
  // What the exports map says of the condition, as one-line modules.
  for (const [name, file] of Object.entries(entriesFor(folder, 'workerd'))) {
    if (file.endsWith('.js')) modules.push(`(name = "${name}", esModule = "export * from './${name.includes('/') ? '../' : ''}${file}'")`)
  }
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (modules = [${modules.join(',\n')}], compatibilityDate = "2025-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`
}

/** The port workerd tells on its control channel. */
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

export default [
  {
    name: 'workerd',
    find,
    async run({ folder }) {
      writeFileSync(join(folder, 'config.capnp'), configuration(folder))
      const server = start(find(), ['serve', '--control-fd=3', 'config.capnp'], { cwd: folder, stdio: ['pipe'] })
      try {
        const port = await within(30_000, 'workerd', portOf(server))
        const response = await within(180_000, 'workerd', fetch(`http://127.0.0.1:${port}/`))
        const version = (await finished(find(), ['--version'])).trim().replace(/^workerd /, '')
        return { version, engine: 'V8', ...(await response.json()) }
      } finally {
        await server.stop()
      }
    },
  },
]
