/**
 * Builds the page, as `node web/build.mjs DIR` does, and goes through the second view's checks in Chromium and Firefox:
 * `node tests/web/run-surface.mjs [DIR [PART OF A NAME]]`.
 */
import { policy } from '../../web/build.mjs'
import { runChecks } from '../checks.mjs'
import { serve } from '../runtimes/serve.mjs'
import { checks } from './surface.mjs'

const [folder = new URL('../../build/web', import.meta.url).pathname, only = ''] = process.argv.slice(2)
const { address, close } = await serve(folder, { headers: { 'Content-Security-Policy': policy } })
await runChecks(['chromium', 'firefox'].flatMap((browser) => checks(address, browser)).filter(({ name }) => name.includes(only)))
await close()
