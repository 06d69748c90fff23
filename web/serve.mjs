/** `npm run web`: builds the page and serves it on loopback, with the headers that a host should send. */

import { fileURLToPath } from 'node:url'
import { serve } from '../tests/runtimes/serve.mjs'
import { headers } from './build.mjs'

const port = Number(process.env.PORT ?? 8000)
const { address } = await serve(fileURLToPath(new URL('../build/web', import.meta.url)), {
  headers,
  port,
})
console.log(`Serving ${address}/index.html; press Ctrl-C to stop`)
