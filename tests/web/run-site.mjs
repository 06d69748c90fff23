/** The documentation alone: `node tests/web/run-site.mjs` builds the page and looks at what is in its folder docs. */
import { runChecks } from '../checks.mjs'
import { serve } from '../runtimes/serve.mjs'
import { checks } from './site.mjs'

const { policy } = await import('../../web/build.mjs')
const headers = { 'Content-Security-Policy': `${policy}; frame-ancestors 'none'` }
const { address, close } = await serve(new URL('../../build/web', import.meta.url).pathname, { headers })
await runChecks(['chromium', 'firefox'].flatMap((browser) => checks(address, browser)))
await close()
