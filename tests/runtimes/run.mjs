/**
 * `npm run test:runtimes [-- --json FILE] [--only NAME,…] [--write]`: runs the conformance program and the golden cases in every installed
 * runtime, from the same packed package, and prints a table. All hashes must equal hashes.json; --write replaces them with those of the
 * current Node and writes the table into docs/runtimes.md. Missing runtimes are listed; with CI=true they fail.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import processes from './drivers/processes.mjs'
import puppeteer from './drivers/puppeteer.mjs'
import wasmtime from './drivers/wasmtime.mjs'
import webkitgtk from './drivers/webkitgtk.mjs'
import workerd from './drivers/workerd.mjs'
import { makeProject } from './project.mjs'
import { ISOLATED } from './serve.mjs'

const { values } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, write: { type: 'boolean', default: false } },
})
const drivers = [...processes, ...workerd, ...puppeteer, ...webkitgtk, ...wasmtime]
const unknown = values.only?.split(',').find((name) => !drivers.some((driver) => driver.name === name))
if (unknown !== undefined) {
  console.error(`--only must list runtimes of ${drivers.map(({ name }) => name).join(', ')}, got ${unknown}`)
  process.exit(2)
}
const chosen = drivers.filter(({ name }) => !values.only || values.only.split(',').includes(name))

const file = (path) => new URL(path, import.meta.url)
let committed = JSON.parse(readFileSync(file('hashes.json'), 'utf8'))
const text = readFileSync(file('printing.txt'), 'utf8')

/** Returns one short hash of all hashes, for the table. */
const short = (hashes) => createHash('sha256').update(JSON.stringify(hashes)).digest('hex').slice(0, 12)

/** What a page without the two headers is told. */
const NOT_ISOLATED = `the page is not cross-origin isolated; serve it with the headers ${Object.entries(ISOLATED)
  .map((header) => header.join(': '))
  .join(' and ')}`

/** Returns the failures of a result's threads. `threads` is the reason why a runtime has none. */
function threadComplaints({ threads, bare }, { threads: reason, isPage }) {
  const refused = (why) => JSON.stringify({ code: 'runtime-unsupported', message: `Arena.create: threads: ${why}`, auto: 1 })
  const pairs = [[threads, reason ? refused(reason) : '[2,3,4,7]'], ...(isPage ? [[bare, refused(NOT_ISOLATED)]] : [])]
  return pairs.flatMap(([got, expected]) => (JSON.stringify(got) === expected ? [] : [`threads: ${JSON.stringify(got)}, not ${expected}`]))
}

/** Returns the failures of a result, one sentence each. */
function complaints({ hashes, resumed, trained, predicted, printed = text, failures = [], error, ...found }, { rulesOnly, ...driver }) {
  if (error) return [error]
  const names = rulesOnly ? [] : [...new Set([...Object.keys(committed), ...Object.keys(hashes)])]
  const differing = names.filter((name) => hashes[name] !== committed[name])
  const reasons = differing.map((name) => `the hash of ${name} is ${hashes[name]}, hashes.json has ${committed[name]}`)
  if (!rulesOnly && resumed !== project.end) reasons.push(`resumed runs end in ${resumed}, uninterrupted ones in ${project.end}`)
  if (!rulesOnly && trained !== project.trained) reasons.push(`500 steps end in ${trained}, in Node in ${project.trained}`)
  if (!rulesOnly && predicted !== project.predicted) reasons.push(`predictions hash to ${predicted}, in Node to ${project.predicted}`)
  if (!rulesOnly) reasons.push(...threadComplaints(found, driver))
  if (printed !== text) reasons.push(`console.log prints\n${printed}\ninstead of printing.txt`)
  return [...reasons, ...failures]
}

const rows = []
const missing = []
const wrong = []
const project = makeProject()
for (const driver of chosen) {
  const { name } = driver
  if (!driver.find()) {
    missing.push(name)
    continue
  }
  const started = performance.now()
  const found = await driver.run(project).catch((error) => ({ error: error.stack }))
  const { version = '', engine = '', hashes = {}, resumed, relaxed = '', passed = 0, failed = found.error ? 1 : 0 } = found
  const seconds = Math.round((performance.now() - started) / 100) / 10
  if (values.write && rows.length === 0 && !found.error) committed = hashes
  const reasons = complaints({ ...found, hashes }, driver)
  const equal = Object.keys(hashes).filter((optimizer) => hashes[optimizer] === committed[optimizer]).length
  rows.push({ runtime: name, version, engine, hashes, resumed, relaxed, passed, failed, seconds })
  wrong.push(...reasons.map((reason) => `${name}: ${reason}`))
  const sum = `${equal} hashes equal, ${passed} cases passed, ${failed} failed, ${seconds} s`
  console.log(`${reasons.length || failed ? 'FAILED' : 'passed'}  ${name} ${version}: ${sum}`)
}

const table = [
  ['runtime', 'version', 'engine', 'hash', 'cases passed', 'relaxed', 'seconds'],
  ...rows.map(({ runtime, version, engine, hashes, relaxed, passed, seconds }) => [
    runtime,
    version,
    engine,
    Object.keys(hashes).length ? `\`${short(hashes)}\`` : 'rules alone',
    String(passed),
    relaxed,
    seconds.toFixed(1),
  ]),
]
const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
const lines = table.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`)
lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
console.log(`\n${lines.join('\n')}\n`)

if (values.json) writeFileSync(values.json, `${JSON.stringify({ runtimes: rows }, null, 2)}\n`)
if (values.write && !wrong.length) {
  writeFileSync(file('hashes.json'), `${JSON.stringify(committed, null, 2)}\n`)
  const page = file('../../docs/runtimes.md')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(/(<!-- table -->\n)[\s\S]*?(\n<!-- end -->)/, `$1\n${lines.join('\n')}\n$2`))
}

for (const reason of wrong) console.error(reason)
if (missing.length) {
  console.log(`NOT TESTED, missing: ${missing.join(', ')}. tests/runtimes/install installs them.`)
}
const equal = rows.reduce((sum, { hashes }) => sum + Object.keys(hashes).filter((name) => hashes[name] === committed[name]).length, 0)
const passed = equal + rows.reduce((sum, row) => sum + row.passed, 0)
const failedCases = rows.reduce((sum, row) => sum + row.failed, 0)
const failed = Math.max(failedCases, wrong.length) + (process.env.CI === 'true' ? missing.length : 0)
console.log(`${passed} passed, ${failed} failed, ${missing.length} missing`)
process.exitCode = failed ? 1 : 0
