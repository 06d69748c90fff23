/** Serves a folder on loopback, with custom headers. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'

/** The headers that give a page shared memory, which threads need. */
export const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

const types = {
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.tsv': 'text/tab-separated-values',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** Headers that give a page shared memory. */
export const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

/** Serves a folder. Returns its address and a function that stops the server. `generated` maps paths without a file to their text. */
export async function serve(folder, { headers = {}, generated = {}, port = 0 } = {}) {
  const server = createServer((request, response) => {
    const asked = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname))
    const path = asked.endsWith('/') ? `${asked}index.html` : asked
    const type = types[extname(path)] ?? 'application/octet-stream'
    if (Object.hasOwn(generated, path)) {
      response.writeHead(200, { 'Content-Type': type, ...headers })
      return response.end(generated[path])
    }
    const file = join(folder, path)
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { 'Content-Type': 'text/plain' })
      return response.end('Not found')
    }
    response.writeHead(200, { 'Content-Type': type, ...headers })
    return createReadStream(file).pipe(response)
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { address: `http://127.0.0.1:${server.address().port}`, close }
}
