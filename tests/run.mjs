/** `npm test`: builds, runs every suite, and prints the total as its last line. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { npm } from './npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (name) => join(root, 'node_modules/.bin', name)

/** Runs a command in the project's folder and shows its output. Returns its output and whether it succeeded. */
function run(command, args, { quiet = false, env = {} } = {}) {
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 2 ** 28 }
  const { status, stdout, stderr } = spawnSync(command, args, options)
  if (!quiet || status !== 0) process.stdout.write(stdout)
  process.stderr.write(stderr)
  return { ok: status === 0, stdout }
}

/** A stage that counts as one check. */
function single(command, args) {
  const { ok } = run(command, args)
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
}

function vitest() {
  const file = join(root, 'build/vitest.json')
  rmSync(file, { force: true })
  const { ok } = run(bin('vitest'), ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`])
  const { numPassedTests, numTotalTests } = JSON.parse(readFileSync(file, 'utf8'))
  const failed = numTotalTests - numPassedTests
  return { passed: numPassedTests, failed: ok ? failed : Math.max(failed, 1) }
}

function asPect() {
  // as-pect resolves the transform in its configuration like a Node module.
  const { ok, stdout } = run(bin('asp'), ['--verbose', '--no-logo'], { env: { NODE_PATH: root } })
  const [, passed, total] = stripVTControlCharacters(stdout).match(/\[Tests\]: (\d+) \/ (\d+)/) ?? [0, 0, 1]
  const failed = total - passed
  return { passed: Number(passed), failed: ok ? failed : Math.max(failed, 1) }
}

function conformance() {
  const { ok, stdout } = run(process.execPath, ['dist/cli.js', 'conformance', 'tests/conformance/cases', '--json'], { quiet: true })
  const { passed, failed } = JSON.parse(stdout)
  return { passed, failed: ok ? failed : Math.max(failed, 1) }
}

function examples() {
  const { ok, stdout } = run(process.execPath, ['tests/examples.mjs'])
  const [, passed, failed] = stdout.match(/(\d+) passed, (\d+) failed\s*$/) ?? [0, 0, 1]
  return { passed: Number(passed), failed: ok ? Number(failed) : Math.max(Number(failed), 1) }
}

/** Runs a file of checks that prints its own counts and what is missing. */
function checks(file) {
  const { ok, stdout } = run(process.execPath, [file])
  const [, passed, failed] = stdout.match(/(\d+) passed, (\d+) failed, \d+ missing\s*$/) ?? [0, 0, 1]
  const missing = stdout.match(/^NOT TESTED, missing: (.*)\. /m)?.[1].split(', ') ?? []
  return { passed: Number(passed), failed: ok ? Number(failed) : Math.max(Number(failed), 1), missing }
}

/** Checks the installed runtimes; with CI=true it installs all of them first. */
function runtimes() {
  const isReady = process.env.CI !== 'true' || run(join(root, 'tests/runtimes/install'), []).ok
  return isReady ? checks('tests/runtimes/run.mjs') : { passed: 0, failed: 1 }
}

const stages = {
  build: () => single(npm[0], [...npm.slice(1), 'run', 'build', '--silent']),
  lint: () => single(bin('biome'), ['check', '.']),
  types: () => single(bin('tsc'), ['-p', '.']),
  spelling: () => single(bin('cspell'), ['--no-progress', '--quiet']),
  'kernels (as-pect)': asPect,
  'host (vitest)': vitest,
  'golden cases': conformance,
  examples,
  runtimes,
  'strict policy': () => checks('tests/runtimes/csp.mjs'),
  report: () => checks('tests/report/run.mjs'),
  page: () => checks('tests/web/run.mjs'),
  'edge worker': () => checks('tests/runtimes/edge-worker.mjs'),
  'packed package': () => checks('tests/package/package.mjs'),
  bundlers: () => checks('tests/package/bundlers.mjs'),
}

const total = { passed: 0, failed: 0 }
const missing = []
const lines = []
for (const [name, stage] of Object.entries(stages)) {
  process.stdout.write(`\n── ${name}\n`)
  let counts
  try {
    counts = stage()
  } catch (error) {
    console.error(error)
    counts = { passed: 0, failed: 1 }
  }
  total.passed += counts.passed
  total.failed += counts.failed
  missing.push(...(counts.missing ?? []))
  lines.push(`${name.padEnd(20)} ${String(counts.passed).padStart(5)} passed, ${counts.failed} failed`)
}
console.log(`\n${lines.join('\n')}\n`)
if (missing.length) console.log(`NOT TESTED, missing: ${[...new Set(missing)].join(', ')}. tests/runtimes/install installs them.\n`)
console.log(`${total.passed} passed, ${total.failed} failed${missing.length ? `, ${new Set(missing).size} missing` : ''}`)
process.exitCode = total.failed ? 1 : 0
