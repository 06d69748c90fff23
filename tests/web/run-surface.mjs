/** The second view's checks in Chromium and Firefox, on the page as `node web/build.mjs DIR` builds it: `node tests/web/run-surface.mjs [DIR]`. */
import { policy } from '../../web/build.mjs'
import { runChecks } from '../checks.mjs'
import { serve } from '../runtimes/serve.mjs'
import { checks } from './surface.mjs'

const folder = process.argv[2] ?? new URL('../../build/web', import.meta.url).pathname
const { address, close } = await serve(folder, { headers: { 'Content-Security-Policy': policy } })
await runChecks(['chromium', 'firefox'].flatMap((browser) => checks(address, browser)))
await close()
