/** Serves the built page with the headers that a host should send, and runs the checks of every file here in Chromium and Firefox. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { headers } from '../../web/build.mjs'
import { runChecks } from '../checks.mjs'
import { serve } from '../runtimes/serve.mjs'

const { address, close } = await serve(fileURLToPath(new URL('../../build/web', import.meta.url)), {
  headers,
})
const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.mjs') && name !== 'run.mjs')
const modules = await Promise.all(files.sort().map((name) => import(`./${name}`)))
await runChecks(modules.flatMap(({ checks }) => (checks ? ['chromium', 'firefox'].flatMap((browser) => checks(address, browser)) : [])))
await close()
