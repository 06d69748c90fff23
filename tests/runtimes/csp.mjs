/** Training in a Web Worker under a strict Content-Security-Policy, and the error if the policy lacks 'wasm-unsafe-eval'. */
import assert from 'node:assert'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks } from '../checks.mjs'
import { inBrowser } from './drivers/puppeteer.mjs'
import { makeProject, root } from './project.mjs'
import { serve } from './serve.mjs'
import { browsers, installed } from './tools.mjs'

const policy = (scripts) => `default-src 'none'; connect-src 'self'; worker-src 'self'; script-src 'self' ${scripts}`

/** Returns the worker's answer in a browser, under a policy. */
async function answer(folder, browser, scripts) {
  const { address, close } = await serve(folder, { headers: { 'Content-Security-Policy': policy(scripts) } })
  try {
    return await inBrowser(browser, `${address}/csp/index.html`, async (page) => {
      const handle = await page.waitForFunction(() => globalThis.result, { timeout: 60_000, polling: 100 })
      return JSON.parse(await handle.jsonValue())
    })
  } finally {
    await close()
  }
}

const project = makeProject()
cpSync(join(root, 'tests/runtimes/csp'), join(project.folder, 'csp'), { recursive: true })
const checks = Object.entries({ Chromium: 'chromium', Firefox: 'firefox' }).flatMap(([title, browser]) => {
  const needs = { [title]: browsers[browser](), puppeteer: installed('node_modules/puppeteer-core') }
  return [
    {
      name: `${title}: a worker trains under script-src 'self' 'wasm-unsafe-eval'`,
      needs,
      async run() {
        const { accuracy, error } = await answer(project.folder, browser, "'wasm-unsafe-eval'")
        assert.equal(error, undefined)
        assert(accuracy > 0.85, `accuracy ${accuracy}`)
        return `accuracy ${accuracy.toFixed(3)}`
      },
    },
    {
      name: `${title}: without 'wasm-unsafe-eval' the error names it`,
      needs,
      async run() {
        const { error } = await answer(project.folder, browser, '')
        assert.equal(error?.code, 'runtime-unsupported')
        assert.match(error.message, /; allow script-src 'wasm-unsafe-eval' in the Content-Security-Policy$/)
        return error.message
      },
    },
  ]
})
await runChecks(checks)
